// The timelines of the interface "queue", and fences on them.
#include "layers/validate_backend.h"

namespace tenon::backend::validate {
namespace {

const tenon_queue_interface& Inner(const Device& device) { return device.backend.theirs.queue; }

std::string Name(const tenon_timeline* timeline) { return "timeline " + Address(timeline); }

tenon_status TENON_CALL TimelineCreate(tenon_device* handle, tenon_timeline** out_timeline) {
  constexpr const char* kSlot = "queue.timeline_create";
  Device* device = Of(handle, kSlot);
  if (!device || !CheckOut(device->state, kSlot, "out_timeline", out_timeline)) return Unusable();
  State& state = device->state;
  tenon_timeline* timeline = nullptr;
  const tenon_status status = state.CallOn(
      device, kSlot, [&] { return Inner(*device).timeline_create(device->inner, &timeline); });
  if (status.code != TENON_OK) {
    if (timeline) state.Complain("R2", kSlot, "failed, but out_timeline is set");
    return status;
  }
  if (!timeline) state.Complain("R3", kSlot, "gives no timeline");
  if (timeline && !state.fences.AddTimeline(timeline, device)) {
    state.Complain("R4", kSlot, "gives " + Name(timeline) + ", which is live already");
  }
  *out_timeline = timeline;
  return status;
}

bool CheckTimeline(Device& device, const char* slot, tenon_timeline* timeline) {
  if (device.state.fences.Knows(timeline, &device)) return true;
  device.state.Complain(
      "R4", slot, Name(timeline) + " is no live timeline of the device (never was, or is ended)");
  return false;
}
// Values that the backend says are reached: only what was to be signalled.
void CheckReached(State& state, const char* slot, tenon_timeline* timeline, uint64_t value) {
  if (state.fences.MayReach(timeline, value)) return;
  state.Complain("R12", slot,
                 Name(timeline) + " has reached " + std::to_string(value) +
                     ", a value that nothing was to signal");
}

void TENON_CALL TimelineDestroy(tenon_device* handle, tenon_timeline* timeline) {
  constexpr const char* kSlot = "queue.timeline_destroy";
  Device* device = Of(handle, kSlot);
  if (!device) return;
  if (timeline) {
    if (!CheckTimeline(*device, kSlot, timeline)) return;
    const int64_t pending = device->state.fences.RemoveTimeline(timeline);
    std::unique_lock lock(device->state.mutex);
    const bool waited = device->state.waited_for.contains(timeline);
    lock.unlock();
    if (waited) device->state.Complain("R12", kSlot, Name(timeline) + ": somebody waits on it");
    if (pending > 0 && !device->silent()) {
      device->state.Complain("R12", kSlot,
                             Name(timeline) + ": " + std::to_string(pending) +
                                 " signals are pending as far as the host knows");
    }
  }
  device->state.CallVoid(kSlot, [&] { Inner(*device).timeline_destroy(device->inner, timeline); });
}

tenon_status TENON_CALL TimelineQuery(tenon_device* handle, tenon_timeline* timeline,
                                      uint64_t* out_value) {
  constexpr const char* kSlot = "queue.timeline_query";
  Device* device = Of(handle, kSlot);
  if (!device || !CheckOut(device->state, kSlot, "out_value", out_value) ||
      !CheckTimeline(*device, kSlot, timeline))
    return Unusable();
  State& state = device->state;
  const tenon_status status = state.Call(
      kSlot, [&] { return Inner(*device).timeline_query(device->inner, timeline, out_value); });
  if (status.code == TENON_DEVICE_LOST) device->lost = true;
  if (status.code == TENON_OK) {
    CheckReached(state, kSlot, timeline, *out_value);
    if (!state.fences.Queried(timeline, *out_value))
      state.Complain("R12", kSlot, Name(timeline) + " went back to " + std::to_string(*out_value));
  }
  state.fences.Reached(timeline, status.code == TENON_OK ? *out_value : UINT64_MAX);
  return status;
}

// Somebody waits on a timeline, which therefore may not be ended.
void BeginWait(State& state, tenon_timeline* timeline) {
  std::lock_guard lock(state.mutex);
  state.waited_for.insert(timeline);
}
void EndWait(State& state, tenon_timeline* timeline) {
  std::lock_guard lock(state.mutex);
  if (const auto found = state.waited_for.find(timeline); found != state.waited_for.end())
    state.waited_for.erase(found);
}
struct Waiting {
  Waiting(State& of, tenon_timeline* on) : state(of), timeline(on) { BeginWait(state, timeline); }
  ~Waiting() { EndWait(state, timeline); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  State& state;
  tenon_timeline* timeline;
};

tenon_status TENON_CALL TimelineWait(tenon_device* handle, tenon_timeline* timeline, uint64_t value,
                                     uint64_t timeout_ns) {
  constexpr const char* kSlot = "queue.timeline_wait";
  constexpr uint64_t kLong = 1'000'000'000;
  Device* device = Of(handle, kSlot);
  if (!device || !CheckTimeline(*device, kSlot, timeline)) return Unusable();
  State& state = device->state;
  const Waiting waiting(state, timeline);
  const tenon_status status = state.Call(kSlot, [&] {
    return Inner(*device).timeline_wait(device->inner, timeline, value, timeout_ns);
  });
  if (status.code == TENON_DEVICE_LOST) device->lost = true;
  if (status.code == TENON_DEADLINE_EXCEEDED) {
    if (timeout_ns == UINT64_MAX) state.Complain("R13", kSlot, "gave up a wait without a limit");
    if (timeout_ns >= kLong) device->hung = true;
    return status;
  }
  if (status.code == TENON_OK) CheckReached(state, kSlot, timeline, value);
  state.fences.Reached(timeline, status.code == TENON_OK ? value : UINT64_MAX);
  return status;
}

// `reached` on its way to the host.
struct Notice {
  Notice(State& of, tenon_timeline* on, uint64_t at, void(TENON_CALL* call)(void*, tenon_code),
         void* with)
      : state(of), timeline(on), value(at), reached(call), context(with) {}
  State& state;
  tenon_timeline* timeline;
  uint64_t value;
  void(TENON_CALL* reached)(void*, tenon_code);
  void* context;
  std::atomic<int> calls{0};
};

void TENON_CALL Reached(void* context, tenon_code code) {
  auto* notice = static_cast<Notice*>(context);
  if (notice->calls.fetch_add(1) > 0) {
    return notice->state.Complain("R5", "queue.timeline_notify",
                                  "reached was called more than once");
  }
  State& state = notice->state;
  --state.callbacks;
  EndWait(state, notice->timeline);
  if (code < 0 || code > TENON_UNAVAILABLE)
    state.Complain("R2", "queue.timeline_notify",
                   "reached is called with the unknown code " + std::to_string(code));
  if (code == TENON_OK)
    CheckReached(state, "queue.timeline_notify", notice->timeline, notice->value);
  state.fences.Reached(notice->timeline, code == TENON_OK ? notice->value : UINT64_MAX);
  notice->reached(notice->context, code);
}

tenon_status TENON_CALL TimelineNotify(tenon_device* handle, tenon_timeline* timeline,
                                       uint64_t value, void(TENON_CALL* reached)(void*, tenon_code),
                                       void* context) {
  constexpr const char* kSlot = "queue.timeline_notify";
  Device* device = Of(handle, kSlot);
  if (!device || !CheckTimeline(*device, kSlot, timeline)) return Unusable();
  State& state = device->state;
  if (!reached) return state.Refuse("R9", kSlot, "reached is NULL");
  Notice* notice = state.Keep(std::make_shared<Notice>(state, timeline, value, reached, context));
  ++state.callbacks;
  BeginWait(state, timeline);
  const tenon_status status = state.Call(kSlot, [&] {
    return Inner(*device).timeline_notify(device->inner, timeline, value, Reached, notice);
  });
  if (status.code != TENON_OK) {
    if (notice->calls.exchange(1) > 0) {
      state.Complain("R2", kSlot, "failed, but called reached");
    } else {
      --state.callbacks;
      EndWait(state, timeline);
    }
  }
  return status;
}
}  // namespace

bool CheckFences(State& state, const char* slot, const tenon_fence* fences, uint32_t count,
                 bool to_signal) {
  if (!CheckList(state, slot, "fences", fences, count)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    const tenon_fence& fence = fences[i];
    if (fence.reserved != 0) state.Complain("R1", slot, "a fence's reserved field is not 0");
    if (fence.origin == TENON_ORIGIN_HOST && fence.timeline && !to_signal) continue;
    if (fence.origin == TENON_ORIGIN_BACKEND && state.fences.Knows(fence.timeline)) continue;
    state.Complain("R12", slot,
                   Name(fence.timeline) +
                       (fence.origin != TENON_ORIGIN_HOST ? " is no live timeline of this backend"
                        : fence.timeline ? " of the host is to be signalled by a queue"
                                         : " of the host is NULL"));
    return false;
  }
  return true;
}
void FillTimelines(const tenon_queue_interface& theirs, tenon_queue_interface* ours) {
  if (theirs.timeline_create) ours->timeline_create = TimelineCreate;
  if (theirs.timeline_destroy) ours->timeline_destroy = TimelineDestroy;
  if (theirs.timeline_query) ours->timeline_query = TimelineQuery;
  if (theirs.timeline_wait) ours->timeline_wait = TimelineWait;
  if (theirs.timeline_notify) ours->timeline_notify = TimelineNotify;
}

}  // namespace tenon::backend::validate
