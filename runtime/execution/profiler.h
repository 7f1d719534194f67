// Times and work of steps, added up over runs. Thread-safe; used only while profiling is on.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "tenon/execution/executable.h"

namespace tenon::execution {

// What a program and its subprograms did, moment by moment, up to a bound.
class EventLog {
 public:
  void Add(ProfileEvent event) {
    std::lock_guard lock(mutex_);
    if (events_.size() == kMaxEvents) {
      ++left_out_;
      return;
    }
    const auto self = std::this_thread::get_id();
    const auto known = std::ranges::find(threads_, self);
    event.thread = static_cast<uint32_t>(known - threads_.begin());
    if (known == threads_.end()) threads_.push_back(self);
    events_.push_back(event);
  }
  void Get(Profile* out) const {
    std::lock_guard lock(mutex_);
    out->events = events_;
    out->events_left_out = left_out_;
  }
  uint64_t NextId() { return next_id_.fetch_add(1, std::memory_order_relaxed); }

 private:
  static constexpr size_t kMaxEvents = 100'000;
  mutable std::mutex mutex_;
  std::vector<ProfileEvent> events_;
  std::vector<std::thread::id> threads_;  // by their number in events
  uint64_t left_out_ = 0;
  std::atomic<uint64_t> next_id_{1};
};

// What a call of a step works on, and how much that is.
struct StepWork {
  bool known = false;
  double flops = 0, bytes = 0;
  std::vector<Shape> inputs, outputs;  // of the step's arguments
};

class Profiler {
 public:
  explicit Profiler(uint32_t step_count) : step_count_(step_count) {
    Begin(std::make_shared<EventLog>(), 0);
  }
  // Forgets what was before. `program` numbers this one among those that share the log.
  void Begin(std::shared_ptr<EventLog> log, uint32_t program) {
    std::lock_guard lock(mutex_);
    profile_ = {};
    profile_.program = program;
    profile_.steps.resize(step_count_);
    for (uint32_t s = 0; s < step_count_; ++s) profile_.steps[s].step = s;
    log_ = std::move(log);
  }
  // The run's number, from 1 on.
  uint64_t BeginRun() {
    std::lock_guard lock(mutex_);
    return ++profile_.runs;
  }
  uint64_t NextId() { return Log()->NextId(); }
  void Add(ProfileEvent event, const StepWork& work) {
    {
      std::lock_guard lock(mutex_);
      StepProfile& row = profile_.steps[event.step];
      const uint64_t ns = event.end_ns - event.begin_ns;
      ++row.calls;
      row.total_ns += ns;
      row.min_ns = std::min(row.min_ns, ns);
      row.total_flops += work.flops;
      row.total_bytes += work.bytes;
      row.flops = work.flops;
      row.bytes = work.bytes;
      row.inputs = work.inputs;
      row.outputs = work.outputs;
    }
    AddSpan(event);
  }
  void AddSpan(ProfileEvent event) {
    std::shared_ptr<EventLog> log;
    {
      std::lock_guard lock(mutex_);
      event.program = profile_.program;
      log = log_;
    }
    log->Add(event);
  }
  Profile Get() const {
    std::unique_lock lock(mutex_);
    Profile out = profile_;
    const std::shared_ptr<EventLog> log = log_;
    lock.unlock();
    log->Get(&out);
    return out;
  }

 private:
  std::shared_ptr<EventLog> Log() const {
    std::lock_guard lock(mutex_);
    return log_;
  }
  const uint32_t step_count_;
  mutable std::mutex mutex_;
  Profile profile_;
  std::shared_ptr<EventLog> log_;
};

}  // namespace tenon::execution
