// Timelines: counters that work waits for. The state is shared by the handle, the work that signals
// it and the work that waits, so that each may end first. Any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "tenon/backend_api/backend.h"
#include "tenon/operators/status.h"

namespace tenon::simulator {

class Device;

class TimelineState {
 public:
  using Reached = void(TENON_CALL*)(void* context, tenon_code code);

  TimelineState() = default;
  TimelineState(const TimelineState&) = delete;
  TimelineState& operator=(const TimelineState&) = delete;
  ~TimelineState();  // tells those who still wait that it was cancelled

  Result<uint64_t> Query() const;
  // OK once `value` is reached, also if the timeline failed later; else its failure, or
  // kDeadlineExceeded.
  Status Wait(uint64_t value, uint64_t timeout_ns) const;
  // Calls `reached` once, without a lock: on this thread, or on the one that signals.
  void Notify(uint64_t value, Reached reached, void* context);
  // Whether a fence at `value` is reached, by its value or by failure.
  bool Settled(uint64_t value) const;

  void Signal(uint64_t value);
  // A timeline fails for good; the first failure stays.
  void Fail(const Status& status);

 private:
  struct Waiter {
    uint64_t value;
    Reached reached;
    void* context;
  };
  std::vector<Waiter> TakeDue();  // with the lock held

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  uint64_t value_ = 0;
  Status failure_;
  std::vector<Waiter> waiters_;
};

// A point on a timeline of this backend; those of the host are bridged to one (Device::Resolve).
struct Fence {
  std::shared_ptr<TimelineState> timeline;
  uint64_t value;
};

// The handle, as the host has it.
class Timeline {
 public:
  explicit Timeline(Device& device);
  const std::shared_ptr<TimelineState>& state() const { return state_; }

  tenon_status Query(uint64_t& out_value) const;
  tenon_status Wait(uint64_t value, uint64_t timeout_ns) const;
  void Notify(uint64_t value, TimelineState::Reached reached, void* context) const;

 private:
  Device& device_;
  std::shared_ptr<TimelineState> state_;
};

}  // namespace tenon::simulator
