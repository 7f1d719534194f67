// What the command line of read_text asks for.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace read_text {

struct Options {
  std::string models;    // folder
  std::string backends;  // "a,b+c"; "": the runtime's default
  uint32_t threads = 0;  // 0: one for each core
  bool boxes = false;
  bool help = false;
  std::vector<std::string> pictures;
};

// A command line that makes no sense.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

extern const char* const kHelp;

// Throws UsageError.
Options ParseOptions(const std::vector<std::string>& arguments);
// Where ./setup puts models: ${TENON_CACHE:-${XDG_CACHE_HOME:-~/.cache}/tenon}/models.
std::string DefaultModels();

}  // namespace read_text
