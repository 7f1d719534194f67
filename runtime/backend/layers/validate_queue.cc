// The interface "queue" without its timelines: one thread at a time, what is enqueued, recordings.
#include <algorithm>

#include "layers/validate_backend.h"

namespace tenon::backend::validate {
namespace {

const tenon_queue_interface& Inner(const Device& device) { return device.backend.theirs.queue; }
const tenon_queue_interface& Inner(const Queue& queue) { return Inner(queue.device); }

std::string Name(const tenon_timeline* timeline) { return "timeline " + Address(timeline); }
std::string Name(const tenon_recording* recording) { return "recording " + Address(recording); }

// A slot of a queue: finds the queue, holds it for one thread, calls.
template <typename F>
tenon_status OnQueue(tenon_queue* handle, const char* slot, F&& function) {
  Queue* queue = Of(handle, slot);
  if (!queue) return Unusable();
  const OneThread::Scope one(queue->state, queue->one, slot, "queue");
  return queue->state.CallOn(&queue->device, slot, [&] { return function(*queue); });
}

// What waits, signals and submits give: while the queue records they do not succeed.
tenon_status NotRecorded(const Queue& queue, const char* slot, tenon_status status) {
  if (queue.recording && status.code == TENON_OK)
    queue.state.Complain("R13", slot,
                         "succeeds while the queue records, expected TENON_FAILED_PRECONDITION");
  return status;
}

tenon_status TENON_CALL Create(tenon_device* handle, tenon_queue** out_queue) {
  constexpr const char* kSlot = "queue.create";
  Device* device = Of(handle, kSlot);
  if (!device || !CheckOut(device->state, kSlot, "out_queue", out_queue)) return Unusable();
  State& state = device->state;
  tenon_queue* queue = nullptr;
  const tenon_status status =
      state.CallOn(device, kSlot, [&] { return Inner(*device).create(device->inner, &queue); });
  if (status.code != TENON_OK) {
    if (queue) state.Complain("R2", kSlot, "failed, but out_queue is set");
    return status;
  }
  if (!queue) {
    state.Complain("R3", kSlot, "gives no queue");
    return status;
  }
  ++device->queues;
  *out_queue =
      reinterpret_cast<tenon_queue*>(state.Make<Queue>(*device, queue, state.fences.AddQueue()));
  return status;
}

void TENON_CALL Destroy(tenon_queue* handle) {
  constexpr const char* kSlot = "queue.destroy";
  if (!handle) return;
  Queue* queue = Of(handle, kSlot);
  if (!queue) return;
  const OneThread::Scope one(queue->state, queue->one, kSlot, "queue");
  queue->alive = false;
  --queue->device.queues;
  queue->state.CallVoid(kSlot, [&] { Inner(*queue).destroy(queue->inner); });
}

tenon_status TENON_CALL Wait(tenon_queue* handle, const tenon_fence* fences, uint32_t count) {
  constexpr const char* kSlot = "queue.wait";
  return OnQueue(handle, kSlot, [&](Queue& queue) {
    if (!CheckFences(queue.state, kSlot, fences, count, false)) return Unusable();
    const tenon_status status =
        NotRecorded(queue, kSlot, Inner(queue).wait(queue.inner, fences, count));
    for (uint32_t i = 0; status.code == TENON_OK && i < count; ++i)
      queue.state.fences.Wait(queue.id, fences[i]);
    return status;
  });
}

tenon_status TENON_CALL Signal(tenon_queue* handle, const tenon_fence* fences, uint32_t count) {
  constexpr const char* kSlot = "queue.signal";
  return OnQueue(handle, kSlot, [&](Queue& queue) {
    State& state = queue.state;
    if (!CheckFences(state, kSlot, fences, count, true)) return Unusable();
    // Noted before the call: a backend may be done with it when it returns.
    for (uint32_t i = 0; i < count; ++i) {
      if (state.fences.Signal(queue.id, fences[i])) continue;
      state.Complain("R12", kSlot,
                     Name(fences[i].timeline) + ": " + std::to_string(fences[i].value) +
                         " is not above the last value to be signalled");
    }
    const tenon_status status =
        NotRecorded(queue, kSlot, Inner(queue).signal(queue.inner, fences, count));
    for (uint32_t i = 0; status.code != TENON_OK && i < count; ++i)
      state.fences.Unsignal(queue.id, fences[i]);
    return status;
  });
}

tenon_status TENON_CALL Submit(tenon_queue* handle) {
  constexpr const char* kSlot = "queue.submit";
  return OnQueue(handle, kSlot, [&](Queue& queue) {
    return NotRecorded(queue, kSlot, Inner(queue).submit(queue.inner));
  });
}

// One end of a copy or fill lies within its buffer.
bool CheckLocation(Queue& queue, const char* slot, const char* what, const tenon_location* at,
                   uint64_t size) {
  State& state = queue.state;
  if (!CheckGiven(state, slot, what, at)) return false;
  if (!at->buffer) {
    if (!at->host && size > 0)
      state.Complain("R7", slot, std::string(what) + ": neither buffer nor host memory");
    return at->host || size == 0;
  }
  std::unique_lock lock(state.mutex);
  const auto found = state.buffers.find(at->buffer);
  const bool live = found != state.buffers.end();
  const bool elsewhere = live && found->second.device != &queue.device;
  const uint64_t bytes = live ? found->second.size : 0;
  lock.unlock();
  if (!live || elsewhere) {
    state.Complain("R4", slot,
                   std::string(what) + ": buffer " + Address(at->buffer) +
                       (live ? " belongs to another device" : " is no live buffer"));
    return false;
  }
  if (at->offset <= bytes && size <= bytes - at->offset) return true;
  state.Complain("R13", slot,
                 std::string(what) + ": " + std::to_string(size) + " bytes at " +
                     std::to_string(at->offset) + " do not fit into the buffer's " +
                     std::to_string(bytes));
  return false;
}

tenon_status TENON_CALL Copy(tenon_queue* handle, const tenon_location* source,
                             const tenon_location* destination, uint64_t size) {
  constexpr const char* kSlot = "queue.copy";
  return OnQueue(handle, kSlot, [&](Queue& queue) {
    if (!CheckLocation(queue, kSlot, "source", source, size) ||
        !CheckLocation(queue, kSlot, "destination", destination, size))
      return Unusable();
    const auto begin = [](const tenon_location* at) {
      return reinterpret_cast<uintptr_t>(at->buffer ? nullptr : at->host) + at->offset;
    };
    if (source->buffer == destination->buffer && begin(source) < begin(destination) + size &&
        begin(destination) < begin(source) + size) {
      queue.state.Complain("R13", kSlot, "source and destination overlap");
    }
    const uint64_t point = queue.state.fences.Enqueue(queue.id);
    UseBuffer(queue, kSlot, source->buffer, source->offset, size, point);
    UseBuffer(queue, kSlot, destination->buffer, destination->offset, size, point);
    return Inner(queue).copy(queue.inner, source, destination, size);
  });
}

tenon_status TENON_CALL Fill(tenon_queue* handle, const tenon_location* destination, uint64_t size,
                             const void* pattern, uint32_t pattern_size) {
  constexpr const char* kSlot = "queue.fill";
  return OnQueue(handle, kSlot, [&](Queue& queue) {
    if (!CheckLocation(queue, kSlot, "destination", destination, size)) return Unusable();
    if (!pattern || !IsPowerOfTwo(pattern_size) || pattern_size > 8 || size % pattern_size != 0 ||
        destination->offset % pattern_size != 0) {
      queue.state.Complain("R13", kSlot,
                           "a pattern of " + std::to_string(pattern_size) + " bytes at offset " +
                               std::to_string(destination->offset) + " over " +
                               std::to_string(size) +
                               " bytes: expected 1, 2, 4 or 8, and multiples of it");
      return Unusable();
    }
    UseBuffer(queue, kSlot, destination->buffer, destination->offset, size,
              queue.state.fences.Enqueue(queue.id));
    return Inner(queue).fill(queue.inner, destination, size, pattern, pattern_size);
  });
}

tenon_status TENON_CALL RecordBegin(tenon_queue* handle) {
  constexpr const char* kSlot = "queue.record_begin";
  return OnQueue(handle, kSlot, [&](Queue& queue) {
    if (queue.recording) queue.state.Complain("R13", kSlot, "the queue records already");
    const tenon_status status = Inner(queue).record_begin(queue.inner);
    if (status.code == TENON_OK) queue.recording = true;
    queue.recorded.clear();
    return status;
  });
}

tenon_status TENON_CALL RecordEnd(tenon_queue* handle, tenon_recording** out_recording) {
  constexpr const char* kSlot = "queue.record_end";
  return OnQueue(handle, kSlot, [&](Queue& queue) {
    State& state = queue.state;
    if (!CheckOut(state, kSlot, "out_recording", out_recording)) return Unusable();
    tenon_recording* recording = nullptr;
    if (!queue.recording) state.Complain("R13", kSlot, "the queue does not record");
    const tenon_status status = Inner(queue).record_end(queue.inner, &recording);
    queue.recording = false;
    if (status.code != TENON_OK) {
      if (recording) state.Complain("R2", kSlot, "failed, but out_recording is set");
      return status;
    }
    if (!recording) {
      state.Complain("R3", kSlot, "gives no recording");
      return status;
    }
    *out_recording = recording;
    std::unique_lock lock(state.mutex);
    const bool fresh =
        state.recordings.insert_or_assign(recording, Recording(&queue.device, queue.recorded))
            .second;
    lock.unlock();
    if (!fresh) state.Complain("R4", kSlot, Name(recording) + ", which it gives, is live already");
    return status;
  });
}

tenon_status TENON_CALL Replay(tenon_queue* handle, tenon_recording* recording) {
  constexpr const char* kSlot = "queue.replay";
  return OnQueue(handle, kSlot, [&](Queue& queue) {
    State& state = queue.state;
    std::unique_lock lock(state.mutex);
    const auto found = state.recordings.find(recording);
    if (found == state.recordings.end() || found->second.device != &queue.device) {
      lock.unlock();
      state.Complain("R4", kSlot, Name(recording) + " is no live recording of the device");
      return Unusable();
    }
    const Recording known = found->second;
    const bool gone = std::ranges::any_of(
        known.uses, [&](const BufferUse& use) { return !state.buffers.contains(use.buffer); });
    lock.unlock();
    if (gone) {
      state.Complain("R4", kSlot, Name(recording) + " uses a buffer that is freed");
      return Unusable();
    }
    if (!state.fences.Before(known.queue, known.point, queue.id))
      state.Complain("R12", kSlot,
                     Name(recording) +
                         " may still be replayed on another queue: no fence orders "
                         "the two replays");
    const uint64_t point = state.fences.Enqueue(queue.id);
    lock.lock();
    if (const auto again = state.recordings.find(recording); again != state.recordings.end())
      again->second.queue = queue.id, again->second.point = point;
    lock.unlock();
    for (const BufferUse& use : known.uses)
      UseBuffer(queue, kSlot, use.buffer, use.offset, use.bytes, point);
    return Inner(queue).replay(queue.inner, recording);
  });
}

void TENON_CALL RecordingDestroy(tenon_queue* handle, tenon_recording* recording) {
  constexpr const char* kSlot = "queue.recording_destroy";
  Queue* queue = Of(handle, kSlot);
  if (!queue) return;
  const OneThread::Scope one(queue->state, queue->one, kSlot, "queue");
  if (recording) {
    std::unique_lock lock(queue->state.mutex);
    const bool live = queue->state.recordings.erase(recording) > 0;
    lock.unlock();
    if (!live) return queue->state.Complain("R4", kSlot, Name(recording) + " is no live recording");
  }
  queue->state.CallVoid(kSlot, [&] { Inner(*queue).recording_destroy(queue->inner, recording); });
}

}  // namespace

Queue* Of(tenon_queue* queue, const char* slot) {
  return queue ? Of(reinterpret_cast<Queue*>(queue)->state, queue, slot) : nullptr;
}
Queue* Of(State& state, tenon_queue* queue, const char* slot) {
  return static_cast<Queue*>(state.Find(queue, "queue", slot));
}

void FillQueue(const tenon_queue_interface& theirs, tenon_queue_interface* ours) {
  *ours = theirs;
  if (theirs.create) ours->create = Create;
  if (theirs.destroy) ours->destroy = Destroy;
  if (theirs.wait) ours->wait = Wait;
  if (theirs.signal) ours->signal = Signal;
  if (theirs.submit) ours->submit = Submit;
  if (theirs.copy) ours->copy = Copy;
  if (theirs.fill) ours->fill = Fill;
  if (theirs.record_begin) ours->record_begin = RecordBegin;
  if (theirs.record_end) ours->record_end = RecordEnd;
  if (theirs.replay) ours->replay = Replay;
  if (theirs.recording_destroy) ours->recording_destroy = RecordingDestroy;
  FillTimelines(theirs, ours);
}

}  // namespace tenon::backend::validate
