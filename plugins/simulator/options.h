// The options of the backend: their schema, and their values once the application has set them.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "tenon/backend_api/sdk/device.h"
#include "tenon/backend_api/sdk/host.h"

namespace tenon::simulator {

inline constexpr sdk::OptionRow kOptionRows[] = {
    {"memory",
     TENON_OPTION_CHOICE,
     "locked",
     "memory kind where tensors live",
     {"locked", "handle", "unified"}},
    {"largest_allocation", TENON_OPTION_INT, "67108864", "bytes of the largest allocation"},
    {"capacity", TENON_OPTION_INT, "0", "bytes of each memory kind; 0: no limit"},
    {"poison", TENON_OPTION_BOOL, "on", "new memory is filled with 0xFF: NaN, -1"},
    {"seed", TENON_OPTION_INT, "0", "seed of the random delays"},
    {"delay_us", TENON_OPTION_INT, "50",
     "one piece of work in eight starts up to so many microseconds late"},
    {"layout",
     TENON_OPTION_CHOICE,
     "plain",
     "whether kernels on the blocked layout nChw4c come first",
     {"plain", "blocked"}},
    {"claim", TENON_OPTION_STRING, "all",
     "nodes taken: all, none, seed:N (about half of them), ops:Conv,Relu"},
    {"compile", TENON_OPTION_BOOL, "off", "whether segments are taken for compilation"},
    {"fault", TENON_OPTION_STRING, "",
     "KIND:N,... lets the N-th call or work of a kind fail: alloc, map, queue, timeline, create, "
     "prepare, compile, "
     "load, enqueue, copy, kernel; or the N-th piece of work hang, or the device be lost with it"},
};

// Which nodes the backend takes.
class Claim {
 public:
  Claim() = default;
  // Throws sdk::Failure where the text is none of the forms.
  explicit Claim(std::string_view text);
  // Depends on nothing but the two names and the option.
  bool Takes(std::string_view node, std::string_view op) const;
  const std::string& text() const { return text_; }

 private:
  enum class Kind { kAll, kNone, kSeed, kOperators } kind_ = Kind::kAll;
  uint64_t seed_ = 0;
  std::set<std::string, std::less<>> operators_;
  std::string text_ = "all";
};

struct Options {
  std::string memory;
  uint64_t largest_allocation = 0;
  uint64_t capacity = 0;
  uint64_t seed = 0;
  uint64_t delay_us = 0;
  bool poison = true;
  bool blocked = false;
  bool compile = false;
  Claim claim;
  std::string fault;
};

// Throws sdk::Failure (TENON_INVALID_ARGUMENT) naming the option. Not before options are set
// (tenon_host.option).
Options ReadOptions(sdk::Host host);

}  // namespace tenon::simulator
