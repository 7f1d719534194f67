// Small fixed pieces of work that tell how fast the host is at the moment: a saved result carries their times, so that
// a slower machine is not taken for a slower model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace tenon::tools {

// Changes with the work of any kernel: times of other versions can't be compared.
inline constexpr int kCalibrationVersion = 1;

// Holds 36 MB. One thread at a time.
class Calibration {
 public:
  Calibration();
  // About 0.1 ms of a matrix product within the first cache: what compute costs.
  void Compute();
  // Reads one after another beyond the second cache, and reads of which each needs the one before: about 0.2 ms each.
  void Stream();
  void Chase();
  // Depends on all that was computed.
  uint64_t result() const { return result_; }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  template <typename T>
  using Memory = std::unique_ptr<
      T[], Free>;  // begins with a page: the same addresses in each process, but for its number
  template <typename T>
  static Memory<T> Allocate(size_t count);

  Memory<float> product_;
  Memory<uint32_t> memory_, ring_;
  size_t stream_at_ = 0;
  uint32_t chase_at_ = 0;
  uint64_t result_ = 0;
};

}  // namespace tenon::tools
