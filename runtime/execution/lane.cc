#include "lane.h"

#include <algorithm>

namespace tenon::execution {

Status Patience::Check() const {
  if (cancel != nullptr && cancel->cancelled())
    return Status(Code::kCancelled, "the run was cancelled");
  if (deadline_ns != 0 && backend::ClockNs() >= deadline_ns) {
    return Status(Code::kDeadlineExceeded, "the run took longer than its timeout");
  }
  return Status();
}

Result<std::unique_ptr<Lane>> Lane::Create(backend::Device& device) {
  std::unique_ptr<Lane> lane(new Lane(device));
  const tenon_queue_interface& api = *device.queue();
  TENON_RETURN_IF_ERROR(lane->Take(api.create(device.handle(), &lane->queue_))
                            .WithContext("queue on " + device.backend().name()));
  TENON_RETURN_IF_ERROR(lane->Take(api.timeline_create(device.handle(), &lane->timeline_))
                            .WithContext("timeline on " + device.backend().name()));
  TENON_RETURN_IF_ERROR(lane->Take(api.timeline_create(device.handle(), &lane->drain_timeline_))
                            .WithContext("timeline on " + device.backend().name()));
  return lane;
}

Lane::~Lane() {
  const tenon_queue_interface& api = *device_->queue();
  if (queue_ != nullptr) api.destroy(queue_);
  if (timeline_ != nullptr) api.timeline_destroy(device_->handle(), timeline_);
  if (drain_timeline_ != nullptr) api.timeline_destroy(device_->handle(), drain_timeline_);
}

Status Lane::Signal(uint64_t ordinal) {
  next_ = std::max(next_, base_ + ordinal);
  return SignalOn(timeline_, base_ + ordinal);
}

Status Lane::SignalOn(tenon_timeline* timeline, uint64_t value) {
  const tenon_queue_interface& api = *device_->queue();
  const tenon_fence fence = {timeline, value, TENON_ORIGIN_BACKEND, 0};
  TENON_RETURN_IF_ERROR(Take(api.signal(queue_, &fence, 1)));
  return Take(api.submit(queue_));
}

Status Lane::WaitOnHost(uint64_t ordinal, const Patience& patience) {
  const tenon_queue_interface& api = *device_->queue();
  const uint64_t slice =
      patience.limited() ? 5'000'000 : UINT64_MAX;  // cancellation is seen within 5 ms
  for (;;) {
    uint64_t timeout = slice;
    if (patience.deadline_ns != 0) {
      const uint64_t now = backend::ClockNs();
      timeout = std::min(timeout, patience.deadline_ns > now ? patience.deadline_ns - now : 0);
    }
    Status status = Take(api.timeline_wait(device_->handle(), timeline_, base_ + ordinal, timeout));
    if (status.code() != Code::kDeadlineExceeded) return status;
    TENON_RETURN_IF_ERROR(patience.Check());
    if (slice == UINT64_MAX) return status;
  }
}

namespace {

void Reached(void* context, tenon_code code) {
  std::unique_ptr<std::shared_ptr<backend::HostTimeline>> bridge(
      static_cast<std::shared_ptr<backend::HostTimeline>*>(context));
  if (code == TENON_OK) {
    (*bridge)->Signal(1);
  } else {
    (*bridge)->Fail(Status(static_cast<Code>(code), "work on another device failed"));
  }
}

}  // namespace

Status Lane::WaitOnQueue(Lane& other, uint64_t ordinal,
                         std::vector<std::shared_ptr<backend::HostTimeline>>* bridges) {
  const tenon_queue_interface& api = *device_->queue();
  const uint64_t value = other.base_ + ordinal;
  busy_ = true;
  if (&other.device_->backend() == &device_->backend()) {
    const tenon_fence fence = {other.timeline_, value, TENON_ORIGIN_BACKEND, 0};
    return Take(api.wait(queue_, &fence, 1));
  }
  const tenon_queue_interface& other_api = *other.device_->queue();
  if (other_api.timeline_notify == nullptr) return other.WaitOnHost(ordinal, {});
  auto bridge = std::make_shared<backend::HostTimeline>();
  bridges->push_back(bridge);
  auto* held = new std::shared_ptr<backend::HostTimeline>(bridge);
  Status status = other.Take(
      other_api.timeline_notify(other.device_->handle(), other.timeline_, value, Reached, held));
  if (!status.ok()) {
    delete held;
    return status;
  }
  const tenon_fence fence = {bridge->handle(), 1, TENON_ORIGIN_HOST, 0};
  return Take(api.wait(queue_, &fence, 1));
}

namespace {

tenon_location AbiLocation(const Location& at) {
  if (at.space.host()) return {nullptr, at.data, 0};
  return {at.buffer, nullptr, at.offset};
}

}  // namespace

Status Lane::Copy(const Location& from, const Location& to, uint64_t bytes) {
  busy_ = true;
  const tenon_location source = AbiLocation(from), destination = AbiLocation(to);
  return Take(device_->queue()->copy(queue_, &source, &destination, bytes));
}

Status Lane::Drain(uint64_t timeout_ns, bool* timed_out) {
  *timed_out = true;
  const tenon_queue_interface& api = *device_->queue();
  TENON_RETURN_IF_ERROR(SignalOn(drain_timeline_, ++drained_));
  Status status = Take(api.timeline_wait(device_->handle(), drain_timeline_, drained_, timeout_ns));
  if (status.code() == Code::kDeadlineExceeded || status.code() == Code::kDeviceLost) return status;
  *timed_out = false;
  busy_ = false;
  return status;
}

}  // namespace tenon::execution
