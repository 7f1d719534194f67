// Queues over the driver's streams. A function of the host's on the stream waits for fences and sets timelines.
#include <chrono>
#include <memory>
#include <utility>

#include "backend.h"
#include "device.h"

namespace plugin {

// -------------------------------------------------------------------------------------- Timelines
tenon_status Device::Timeline::Failed() const {
  return host_.Error(failure_, "work before the fence has failed");
}

tenon_status Device::Timeline::Query(uint64_t& out_value) {
  const std::lock_guard lock(mutex_);
  if (failure_ != TENON_OK) return Failed();
  out_value = value_;
  return sdk::kOk;
}

tenon_status Device::Timeline::Wait(uint64_t value, uint64_t timeout_ns) {
  std::unique_lock lock(mutex_);
  const auto settled = [&] { return failure_ != TENON_OK || value_ >= value; };
  // What the clock can't count to is for ever.
  constexpr uint64_t kForEver = uint64_t{1} << 62;
  const auto time = std::chrono::nanoseconds(std::min(timeout_ns, kForEver));
  if (!changed_.wait_for(lock, time, settled)) return {TENON_DEADLINE_EXCEEDED, 0, nullptr};
  return failure_ == TENON_OK ? sdk::kOk : Failed();
}

void Device::Timeline::Notify(uint64_t value, Reached reached, void* context) {
  std::unique_lock lock(mutex_);
  if (failure_ == TENON_OK && value_ < value) {
    waiters_.push_back({value, reached, context});
    return;
  }
  const tenon_code failure = failure_;
  lock.unlock();
  reached(context, failure);
}

void Device::Timeline::Advance(uint64_t value, tenon_code failure) {
  std::vector<Waiter> reached, waiting;
  {
    const std::lock_guard lock(mutex_);
    if (failure == TENON_OK) {
      value_ = value;
    } else {
      failure_ = failure;
    }
    for (const Waiter& waiter : waiters_) {
      const bool waits = failure == TENON_OK && waiter.value > value;
      (waits ? waiting : reached).push_back(waiter);
    }
    waiters_ = std::move(waiting);
    changed_.notify_all();
  }
  // From here on the host may destroy the timeline.
  for (const Waiter& waiter : reached) waiter.reached(waiter.context, failure);
}

// ----------------------------------------------------------------------------------------- Queues
namespace {

// A fence on a stream. Failures of the driver are positive; the code of a fence that failed is made negative.
struct Point {
  sdk::Host host;
  tenon_fence fence;
};

int WaitFor(void* context, int failure) {
  const std::unique_ptr<Point> point(static_cast<Point*>(context));
  const tenon_host* host = point->host.table();
  const tenon_fence& fence = point->fence;
  const tenon_status status =
      fence.origin == TENON_ORIGIN_BACKEND
          ? Device::Timeline::Of(fence).Wait(fence.value, UINT64_MAX)
          : host->timeline_wait(host, fence.timeline, fence.value, UINT64_MAX);
  point->host.Drop(status);
  return failure ? failure : -status.code;
}

int SignalTo(void* context, int failure) {
  const std::unique_ptr<Point> point(static_cast<Point*>(context));
  const tenon_code code = failure > 0 ? TENON_INTERNAL : -failure;
  Device::Timeline::Of(point->fence).Advance(point->fence.value, code);
  return 0;  // who waits for the timeline knows; the stream begins anew
}

void PutPoint(driver_stream* stream, int (*function)(void*, int), sdk::Host host,
              const tenon_fence& fence) {
  auto point = std::make_unique<Point>(Point{host, fence});
  Check(driver_call(stream, function, point.get()), "fence");
  point.release();
}

}  // namespace

Device::Queue::Queue(Device& device) : device_(device) {
  Check(driver_stream_create(device.driver(), &stream_), "queue.create");
}

void Device::Queue::Wait(sdk::Fences fences) {
  for (const tenon_fence& fence : fences) PutPoint(stream_, WaitFor, host(), fence);
}

void Device::Queue::Signal(sdk::Fences fences) {
  for (const tenon_fence& fence : fences) PutPoint(stream_, SignalTo, host(), fence);
}

namespace {

driver_address AddressOf(const tenon_location& location) {
  return reinterpret_cast<Device::Buffer*>(location.buffer)->address + location.offset;
}
char* PointerTo(const tenon_location& location) {
  return static_cast<char*>(location.host) + location.offset;
}

}  // namespace

void Device::Queue::Copy(const tenon_location& source, const tenon_location& destination,
                         uint64_t size) {
  if (!source.buffer) {
    Check(driver_copy_in(stream_, AddressOf(destination), PointerTo(source), size), "copy");
  } else if (!destination.buffer) {
    Check(driver_copy_out(stream_, PointerTo(destination), AddressOf(source), size), "copy");
  } else {
    Check(driver_copy(stream_, AddressOf(destination), AddressOf(source), size), "copy");
  }
}

void Device::Queue::Fill(const tenon_location& destination, uint64_t size, const void* pattern,
                         uint32_t pattern_size) {
  Check(driver_fill(stream_, AddressOf(destination), size, pattern, pattern_size), "fill");
}

}  // namespace plugin
