#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>

#include "tenon/backend/host_services.h"

namespace tenon::backend {

struct HostTimeline::State {
  struct Waiter {
    uint64_t value;
    void (*reached)(void*, tenon_code);
    void* context;
  };
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t value = 0;
  Status failure;
  std::list<Waiter> waiters;

  // Takes the waiters that are due, without memory. They are called without the lock, and may end the timeline.
  std::list<Waiter> TakeDue() {
    std::list<Waiter> due;
    for (auto at = waiters.begin(); at != waiters.end();) {
      const auto waiter = at++;
      if (!failure.ok() || waiter->value <= value) due.splice(due.end(), waiters, waiter);
    }
    return due;
  }
};

HostTimeline::HostTimeline() : state_(std::make_unique<State>()) {}
// Whoever was to be told is told: nothing will come any more.
HostTimeline::~HostTimeline() {
  for (const auto& waiter : state_->waiters) waiter.reached(waiter.context, TENON_CANCELLED);
}

void HostTimeline::Signal(uint64_t value) {
  std::list<State::Waiter> due;
  {
    std::lock_guard lock(state_->mutex);
    if (value > state_->value) state_->value = value;
    due = state_->TakeDue();
    state_->changed.notify_all();
  }
  for (const auto& waiter : due) waiter.reached(waiter.context, TENON_OK);
}

void HostTimeline::Fail(Status status) {
  std::list<State::Waiter> due;
  const auto code = static_cast<tenon_code>(status.code());
  {
    std::lock_guard lock(state_->mutex);
    if (state_->failure.ok()) state_->failure = std::move(status);
    due = state_->TakeDue();
    state_->changed.notify_all();
  }
  for (const auto& waiter : due) waiter.reached(waiter.context, code);
}

Status HostTimeline::Wait(uint64_t value, uint64_t timeout_ns) {
  std::unique_lock lock(state_->mutex);
  const auto done = [&] { return !state_->failure.ok() || state_->value >= value; };
  constexpr uint64_t kLongest = uint64_t{3600} * 24 * 365 * 1'000'000'000;
  if (timeout_ns > kLongest) {
    state_->changed.wait(lock, done);
  } else if (!state_->changed.wait_for(lock, std::chrono::nanoseconds(timeout_ns), done)) {
    return Status(Code::kDeadlineExceeded, "the host's timeline is at " +
                                               std::to_string(state_->value) + ", waited for " +
                                               std::to_string(value));
  }
  return state_->value >= value ? Status() : state_->failure.Clone();
}

Result<uint64_t> HostTimeline::Query() {
  std::lock_guard lock(state_->mutex);
  if (!state_->failure.ok()) return state_->failure.Clone();
  return state_->value;
}

void HostTimeline::Notify(uint64_t value, void (*reached)(void*, tenon_code), void* context) {
  tenon_code code = TENON_OK;
  {
    std::lock_guard lock(state_->mutex);
    if (state_->failure.ok() && state_->value < value) {
      state_->waiters.push_back({value, reached, context});
      return;
    }
    if (state_->value < value) code = static_cast<tenon_code>(state_->failure.code());
  }
  reached(context, code);
}

}  // namespace tenon::backend
