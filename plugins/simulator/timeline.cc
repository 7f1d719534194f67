#include "timeline.h"

#include <chrono>

#include "device.h"

namespace tenon::simulator {

TimelineState::~TimelineState() {
  for (const Waiter& waiter : waiters_) waiter.reached(waiter.context, TENON_CANCELLED);
}

Result<uint64_t> TimelineState::Query() const {
  std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_.Clone();
  return value_;
}

Status TimelineState::Wait(uint64_t value, uint64_t timeout_ns) const {
  constexpr uint64_t kForEver = uint64_t{3600} * 24 * 365 * 1'000'000'000;
  std::unique_lock lock(mutex_);
  const auto settled = [&] { return value_ >= value || !failure_.ok(); };
  if (timeout_ns > kForEver) {
    changed_.wait(lock, settled);
  } else if (!changed_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), settled)) {
    return Status(Code::kDeadlineExceeded, "the timeline is at " + std::to_string(value_) +
                                               " after " + std::to_string(timeout_ns / 1000) +
                                               " us, waited for " + std::to_string(value));
  }
  return value_ >= value ? Status() : failure_.Clone();
}

void TimelineState::Notify(uint64_t value, Reached reached, void* context) {
  auto code = static_cast<tenon_code>(TENON_OK);
  {
    std::lock_guard lock(mutex_);
    if (value_ < value && failure_.ok()) {
      waiters_.push_back({value, reached, context});
      return;
    }
    if (value_ < value) code = static_cast<tenon_code>(failure_.code());
  }
  reached(context, code);
}

bool TimelineState::Settled(uint64_t value) const {
  std::lock_guard lock(mutex_);
  return value_ >= value || !failure_.ok();
}

void TimelineState::Signal(uint64_t value) {
  std::vector<Waiter> due;
  {
    std::lock_guard lock(mutex_);
    if (!failure_.ok() || value <= value_) return;
    value_ = value;
    due = TakeDue();
    changed_.notify_all();
  }
  for (const Waiter& waiter : due) waiter.reached(waiter.context, TENON_OK);
}

void TimelineState::Fail(const Status& status) {
  std::vector<Waiter> due;
  {
    std::lock_guard lock(mutex_);
    if (!failure_.ok()) return;
    failure_ = status.Clone();
    due = TakeDue();
    changed_.notify_all();
  }
  for (const Waiter& waiter : due)
    waiter.reached(waiter.context, static_cast<tenon_code>(status.code()));
}

std::vector<TimelineState::Waiter> TimelineState::TakeDue() {
  std::vector<Waiter> due;
  std::erase_if(waiters_, [&](const Waiter& waiter) {
    const bool is_due = value_ >= waiter.value || !failure_.ok();
    if (is_due) due.push_back(waiter);
    return is_due;
  });
  return due;
}

Timeline::Timeline(Device& device) : device_(device) {
  device.CheckAlive();
  device.faults().Check(FaultKind::kTimeline, "timeline_create");
  state_ = device.NewTimeline();
}

tenon_status Timeline::Query(uint64_t& out_value) const {
  device_.CheckAlive();
  const Result<uint64_t> value = state_->Query();
  if (!value.ok()) return device_.ToAbi(value.status());
  out_value = *value;
  return sdk::kOk;
}

tenon_status Timeline::Wait(uint64_t value, uint64_t timeout_ns) const {
  device_.CheckAlive();
  return device_.ToAbi(state_->Wait(value, timeout_ns));
}

void Timeline::Notify(uint64_t value, TimelineState::Reached reached, void* context) const {
  device_.CheckAlive();
  state_->Notify(value, reached, context);
}

}  // namespace tenon::simulator
