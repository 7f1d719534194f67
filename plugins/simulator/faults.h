// Faults that the option `fault` asks for: "alloc:2,hang:7" fails the second allocation and lets
// the seventh piece of work hang. Occurrences are counted per backend object, over all devices and
// threads; each planned fault happens once. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/operators/status.h"

namespace tenon::simulator {

// What can be made to fail; kFaultNames in faults.cc has the words for the option.
enum class FaultKind : uint8_t {
  kAllocate,
  kMap,
  kQueue,
  kTimeline,
  kCreate,
  kPrepare,
  kCompile,
  kLoad,     // calls
  kEnqueue,  // a copy, fill, run or replay is not taken
  kCopy,
  kKernel,  // work that fails on its queue
  kHang,
  kLost,  // what else may become of a piece of work
  kCount
};

class Faults {
 public:
  // Throws sdk::Failure (TENON_INVALID_ARGUMENT) where the text is not a list of kind:number.
  explicit Faults(std::string_view text);

  // Counts one occurrence; the failure where it is a planned one. `what` is for the message.
  Status Count(FaultKind kind, std::string_view what);
  // The same, thrown as sdk::Failure.
  void Check(FaultKind kind, std::string_view what);

  static std::string Words();  // "alloc, map, ..."

 private:
  static constexpr size_t kKinds = static_cast<size_t>(FaultKind::kCount);
  std::array<std::vector<uint64_t>, kKinds> planned_;
  std::array<std::atomic<uint64_t>, kKinds> counted_{};
};

}  // namespace tenon::simulator
