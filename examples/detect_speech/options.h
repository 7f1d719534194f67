// What the command line of detect_speech asks for.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "spans.h"

namespace detect_speech {

struct Options {
  std::string model;     // file
  std::string backends;  // "a,b+c"; "": the runtime's default
  SpanOptions spans;
  int digits = 1;  // of seconds, after the point
  bool help = false;
  std::vector<std::string> sounds;
};

// A command line that makes no sense.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

extern const char* const kHelp;

// Throws UsageError.
Options ParseOptions(const std::vector<std::string>& arguments);

}  // namespace detect_speech
