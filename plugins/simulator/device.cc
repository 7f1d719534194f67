#include "device.h"

#include <algorithm>

#include "backend.h"
#include "queue.h"

namespace tenon::simulator {

Device::Device(Backend& backend, uint32_t id)
    : sdk::Device<Backend>(backend, id),
      options_(backend.simulator_options()),
      faults_(backend.faults()),
      profile_(backend.host(), id),
      memory_(backend.host(), options_) {
  backend.Opened(this);
}

Device::~Device() {
  backend().Closed(this);
  Lose("it is being closed");
  for (const auto& core : Cores()) core->Close();
  for (const auto& core : Cores()) core->Join();
  profile_.Flush();
}

tenon_status Device::ToAbi(const Status& status) const {
  if (status.ok()) return sdk::kOk;
  return host().Error(static_cast<tenon_code>(status.code()), std::string(status.message()));
}

void Device::Throw(const Status& status) {
  throw sdk::Failure(static_cast<tenon_code>(status.code()), std::string(status.message()));
}

void Device::CheckAlive() const {
  if (lost()) Throw(LostStatus());
}

void Device::CheckStarts() const {
  CheckAlive();
  if (quiesced_.load(std::memory_order_acquire)) {
    Throw(Status(Code::kFailedPrecondition,
                 "the backend was told to quiesce: it starts nothing more"));
  }
}

Status Device::LostStatus() const {
  std::lock_guard lock(mutex_);
  return Status(Code::kDeviceLost,
                "simulator:0 is lost (" + why_lost_ + "): close the device and open it again");
}

void Device::Lose(std::string_view why) {
  std::vector<std::shared_ptr<TimelineState>> live;
  {
    std::unique_lock lock(mutex_);
    if (why_lost_.empty()) why_lost_ = why;
    awake_ = true;
    woken_.notify_all();
    woken_.wait(lock, [&] { return running_ == 0; });
    for (const auto& timeline : timelines_) {
      if (auto state = timeline.lock()) live.push_back(std::move(state));
    }
    lost_.store(true, std::memory_order_release);
  }
  woken_.notify_all();
  for (const auto& timeline : live) timeline->Fail(LostStatus());
}

bool Device::BeginWork() {
  std::unique_lock lock(mutex_);
  if (awake_) {
    woken_.wait(lock, [&] { return lost(); });  // nobody says so before it is true for all
    return false;
  }
  ++running_;
  return true;
}

void Device::EndWork() {
  {
    std::lock_guard lock(mutex_);
    --running_;
  }
  woken_.notify_all();
}

void Device::Pause(std::chrono::microseconds time) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, time, [&] { return awake_; });
}

Status Device::Hang() {
  {
    std::unique_lock lock(mutex_);
    woken_.wait(lock, [&] { return lost(); });
  }
  return LostStatus();
}

Status Device::Quiesce(std::chrono::steady_clock::time_point deadline) {
  quiesced_.store(true, std::memory_order_release);
  for (const auto& core : Cores()) {
    if (core->WaitIdle(deadline)) continue;
    return Status(Code::kDeadlineExceeded,
                  "simulator:0 has work under way after the time to quiesce");
  }
  return {};
}

std::shared_ptr<TimelineState> Device::NewTimeline() {
  auto state = std::make_shared<TimelineState>();
  bool dead = false;
  {
    std::lock_guard lock(mutex_);
    dead = lost();
    if (timelines_.size() == timelines_.capacity()) {
      std::erase_if(timelines_, [](const auto& timeline) { return timeline.expired(); });
    }
    timelines_.push_back(state);
  }
  if (dead) state->Fail(LostStatus());
  return state;
}

namespace {

// What a host's timeline calls when a fence of it is reached.
void TENON_CALL HostReached(void* context, tenon_code code) {
  const std::unique_ptr<std::shared_ptr<TimelineState>> bridge(
      static_cast<std::shared_ptr<TimelineState>*>(context));
  if (code == TENON_OK) {
    (*bridge)->Signal(1);
  } else {
    (*bridge)->Fail(Status(static_cast<Code>(code), "a timeline of the host failed"));
  }
}

}  // namespace

std::vector<Fence> Device::Resolve(std::span<const tenon_fence> fences) {
  std::vector<Fence> resolved;
  resolved.reserve(fences.size());
  for (const tenon_fence& fence : fences) {
    if (fence.origin == TENON_ORIGIN_BACKEND) {
      resolved.push_back({reinterpret_cast<const Timeline*>(fence.timeline)->state(), fence.value});
      continue;
    }
    if (fence.origin != TENON_ORIGIN_HOST) {
      Throw(Status(Code::kUnsupported, "fence of origin " + std::to_string(fence.origin)));
    }
    resolved.push_back({NewTimeline(), 1});
    auto context = std::make_unique<std::shared_ptr<TimelineState>>(resolved.back().timeline);
    host().table()->timeline_notify(host().table(), fence.timeline, fence.value, &HostReached,
                                    context.release());
  }
  return resolved;
}

void Device::Adopt(std::shared_ptr<QueueCore> core) {
  std::lock_guard lock(mutex_);
  std::erase_if(cores_, [](const auto& old) { return old->JoinIfFinished(); });
  cores_.push_back(std::move(core));
}

std::vector<std::shared_ptr<QueueCore>> Device::Cores() {
  std::lock_guard lock(mutex_);
  return cores_;
}

Buffer* Device::Allocate(uint32_t kind, uint64_t size, uint64_t alignment, tenon_queue*) {
  CheckStarts();
  faults_.Check(FaultKind::kAllocate, "allocate of " + std::to_string(size) + " bytes");
  return memory_.Allocate(kind, size, alignment);
}

Buffer* Device::Import(uint32_t kind, const tenon_external_memory& external) {
  CheckAlive();
  return memory_.Import(kind, external);
}

void* Device::Map(Buffer& buffer, uint64_t offset, uint64_t size, tenon_access access,
                  sdk::Fences fences, uint64_t timeout_ns) {
  CheckAlive();
  faults_.Check(FaultKind::kMap, "map of " + std::to_string(size) + " bytes");
  const auto start = std::chrono::steady_clock::now();
  for (const Fence& fence : Resolve(fences)) {
    const auto gone = static_cast<uint64_t>((std::chrono::steady_clock::now() - start) /
                                            std::chrono::nanoseconds(1));
    const uint64_t left = timeout_ns > gone ? timeout_ns - gone : 0;
    const Status status =
        fence.timeline->Wait(fence.value, timeout_ns == UINT64_MAX ? UINT64_MAX : left);
    if (!status.ok()) Throw(status);
  }
  return memory_.Map(buffer, offset, size, access);
}

tenon_fence Device::Unmap(Buffer& buffer, void* pointer) {
  memory_.Unmap(buffer, pointer);
  return {};
}

}  // namespace tenon::simulator
