// Times of steps, added up over runs. Thread-safe; used only while profiling is on.
#pragma once

#include <mutex>

#include "tenon/execution/executable.h"

namespace tenon::execution {

class Profiler {
 public:
  explicit Profiler(uint32_t step_count) : step_count_(step_count) { Clear(); }
  void Clear() {
    std::lock_guard lock(mutex_);
    profile_ = {};
    profile_.steps.resize(step_count_);
    for (uint32_t s = 0; s < step_count_; ++s) profile_.steps[s].step = s;
  }
  void BeginRun() {
    std::lock_guard lock(mutex_);
    ++profile_.runs;
  }
  void Add(uint32_t step, uint64_t begin_ns, uint64_t end_ns) {
    std::lock_guard lock(mutex_);
    StepProfile& row = profile_.steps[step];
    ++row.calls;
    row.total_ns += end_ns - begin_ns;
    row.min_ns = std::min(row.min_ns, end_ns - begin_ns);
    if (profile_.events.size() < kMaxEvents)
      profile_.events.push_back({profile_.runs, step, begin_ns, end_ns});
  }
  Profile Get() const {
    std::lock_guard lock(mutex_);
    return profile_;
  }

 private:
  static constexpr size_t kMaxEvents = 100'000;
  const uint32_t step_count_;
  mutable std::mutex mutex_;
  Profile profile_;
};

}  // namespace tenon::execution
