// Runs of one session by one or more callers, and how long each took.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "host_tensor.h"

namespace tenon::tools {

struct RunSample {
  double total_ms = 0;  // where runs arrive: from the moment at which it should have begun
  double wait_ms = 0;   // of it, before it began
  double copy_in_ms = 0, compute_ms = 0, copy_out_ms = 0;
  bool late = false;  // every caller was busy at the moment at which it should have begun
};

struct LoadResult {
  std::vector<RunSample> runs;
  double elapsed_ms = 0;
  double busy_ms = 0;                     // of all callers together, from begin to end
  double core_wait_ms = 0;                // of it: ready to run, while other programs had the core
  uint64_t copies = 0, copied_bytes = 0;  // between memories, of the last run
  uint64_t unserved = 0;  // of the runs: never begun; total_ms and wait_ms are at least so much
};

// Moments in milliseconds, below `seconds`, at `rate` a second: at equal distances, or as a Poisson process, whose
// moments are the same for the same arguments.
std::vector<double> Arrivals(double rate, double seconds, bool poisson);

// `count` callers of one session, each with a binding of its own; all read the same inputs, which must outlive it.
class Streams {
 public:
  Streams(const Session& session, std::vector<HostTensor>& inputs, uint32_t count);
  // One run of the first caller.
  void First() { bindings_[0]->Run(); }
  // Each caller begins a run when its last has ended, until `seconds` are over and all together did `least`.
  LoadResult Closed(double seconds, size_t least);
  // A run for each moment, by whichever caller is free. What has not begun when `patience` seconds are over never does.
  LoadResult Open(std::span<const double> arrivals_ms, double patience);
  // With the outputs of the run that ended last.
  Binding& last() { return *bindings_[last_]; }

 private:
  struct Caller;
  LoadResult InParallel(const std::function<void(Caller&)>& work);

  std::vector<std::unique_ptr<Binding>> bindings_;
  uint32_t last_ = 0;
};

}  // namespace tenon::tools
