// The interface "queue" from members of a backend's Device class D. It is there when D has classes
// Queue and Timeline:
//   Queue: Queue(D&), Host host(), and, none of which waits (see tenon_queue_interface),
//     void Wait(Fences);    void Signal(Fences);    void Submit();
//     void Copy(const tenon_location& source, const tenon_location& destination, uint64_t size);
//     void Fill(const tenon_location& destination, uint64_t size, const void* pattern,
//               uint32_t pattern_size);
//     and optionally a class Queue::Recording with
//     void RecordBegin();              Recording* RecordEnd();
//     void Replay(Recording&);         void Destroy(Recording*);
//     The destructor does not wait: what work under way needs must outlive the Queue object.
//   Timeline: Timeline(D&), and
//     tenon_status Query(uint64_t& out_value);
//     tenon_status Wait(uint64_t value, uint64_t timeout_ns);
//     and optionally
//     void Notify(uint64_t value, void (*reached)(void*, tenon_code), void* context);
// Members may give a tenon_status instead of nothing, or throw. A kernel finds its queue with
// Run::queue<Queue>().
#pragma once

#include <cstdint>
#include <span>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/memory.h"
#include "tenon/backend_api/sdk/status.h"

namespace tenon::sdk {
inline namespace v0_1 {

template <typename D>
concept HasQueue = requires {
  typename D::Queue;
  typename D::Timeline;
};

namespace detail {

template <typename D>
struct RecordSlots {
  using Queue = typename D::Queue;
  static Queue& Self(tenon_queue* queue) { return *reinterpret_cast<Queue*>(queue); }

  static tenon_status TENON_CALL Begin(tenon_queue* queue) {
    return Guard(Self(queue).host().table(), [&] { return Self(queue).RecordBegin(); });
  }
  static tenon_status TENON_CALL End(tenon_queue* queue, tenon_recording** out_recording) {
    return Guard(Self(queue).host().table(), [&] {
      *out_recording = reinterpret_cast<tenon_recording*>(Self(queue).RecordEnd());
    });
  }
  static tenon_status TENON_CALL Replay(tenon_queue* queue, tenon_recording* recording) {
    return Guard(Self(queue).host().table(), [&] {
      return Self(queue).Replay(*reinterpret_cast<typename Queue::Recording*>(recording));
    });
  }
  static void TENON_CALL Destroy(tenon_queue* queue, tenon_recording* recording) {
    GuardEnd(Self(queue).host().table(), [&] {
      if (recording) Self(queue).Destroy(reinterpret_cast<typename Queue::Recording*>(recording));
    });
  }
};

template <typename D>
struct QueueSlots {
  using Queue = typename D::Queue;
  using Timeline = typename D::Timeline;
  static D& Device(tenon_device* device) { return *reinterpret_cast<D*>(device); }
  static Queue& Self(tenon_queue* queue) { return *reinterpret_cast<Queue*>(queue); }
  static Timeline& Of(tenon_timeline* timeline) { return *reinterpret_cast<Timeline*>(timeline); }
  template <typename F>
  static tenon_status Guarded(tenon_queue* queue, F&& f) {
    return Guard(Self(queue).host().table(), f);
  }
  template <typename F>
  static tenon_status Guarded(tenon_device* device, F&& f) {
    return Guard(Device(device).host().table(), f);
  }

  static tenon_status TENON_CALL Create(tenon_device* device, tenon_queue** out_queue) {
    return Guarded(device,
                   [&] { *out_queue = reinterpret_cast<tenon_queue*>(new Queue(Device(device))); });
  }
  static void TENON_CALL Destroy(tenon_queue* queue) {
    if (!queue) return;
    GuardEnd(Self(queue).host().table(), [&] { delete &Self(queue); });
  }
  static tenon_status TENON_CALL Wait(tenon_queue* queue, const tenon_fence* fences,
                                      uint32_t count) {
    return Guarded(queue, [&] { return Self(queue).Wait(Fences(fences, count)); });
  }
  static tenon_status TENON_CALL Signal(tenon_queue* queue, const tenon_fence* fences,
                                        uint32_t count) {
    return Guarded(queue, [&] { return Self(queue).Signal(Fences(fences, count)); });
  }
  static tenon_status TENON_CALL Submit(tenon_queue* queue) {
    return Guarded(queue, [&] { return Self(queue).Submit(); });
  }
  static tenon_status TENON_CALL Copy(tenon_queue* queue, const tenon_location* source,
                                      const tenon_location* destination, uint64_t size) {
    return Guarded(queue, [&] { return Self(queue).Copy(*source, *destination, size); });
  }
  static tenon_status TENON_CALL Fill(tenon_queue* queue, const tenon_location* destination,
                                      uint64_t size, const void* pattern, uint32_t pattern_size) {
    return Guarded(queue,
                   [&] { return Self(queue).Fill(*destination, size, pattern, pattern_size); });
  }

  static tenon_status TENON_CALL TimelineCreate(tenon_device* device,
                                                tenon_timeline** out_timeline) {
    return Guarded(device, [&] {
      *out_timeline = reinterpret_cast<tenon_timeline*>(new Timeline(Device(device)));
    });
  }
  static void TENON_CALL TimelineDestroy(tenon_device* device, tenon_timeline* timeline) {
    if (!timeline) return;
    GuardEnd(Device(device).host().table(), [&] { delete &Of(timeline); });
  }
  static tenon_status TENON_CALL TimelineQuery(tenon_device* device, tenon_timeline* timeline,
                                               uint64_t* out_value) {
    return Guarded(device, [&] { return Of(timeline).Query(*out_value); });
  }
  static tenon_status TENON_CALL TimelineWait(tenon_device* device, tenon_timeline* timeline,
                                              uint64_t value, uint64_t timeout_ns) {
    return Guarded(device, [&] { return Of(timeline).Wait(value, timeout_ns); });
  }
  static tenon_status TENON_CALL TimelineNotify(tenon_device* device, tenon_timeline* timeline,
                                                uint64_t value,
                                                void(TENON_CALL* reached)(void*, tenon_code),
                                                void* context) {
    return Guarded(device, [&] { return Of(timeline).Notify(value, reached, context); });
  }

  static constexpr tenon_queue_interface Make() {
    tenon_queue_interface table{};
    table.struct_size = TENON_SIZE_TO(tenon_queue_interface, timeline_notify);
    table.create = &Create;
    table.destroy = &Destroy;
    table.wait = &Wait;
    table.signal = &Signal;
    table.submit = &Submit;
    table.copy = &Copy;
    table.fill = &Fill;
    if constexpr (requires { typename Queue::Recording; }) {
      table.record_begin = &RecordSlots<D>::Begin;
      table.record_end = &RecordSlots<D>::End;
      table.replay = &RecordSlots<D>::Replay;
      table.recording_destroy = &RecordSlots<D>::Destroy;
    }
    table.timeline_create = &TimelineCreate;
    table.timeline_destroy = &TimelineDestroy;
    table.timeline_query = &TimelineQuery;
    table.timeline_wait = &TimelineWait;
    if constexpr (requires(Timeline & t, void (*f)(void*, tenon_code), void* c) {
                    t.Notify(uint64_t{}, f, c);
                  }) {
      table.timeline_notify = &TimelineNotify;
    }
    return table;
  }
  static constexpr tenon_queue_interface kTable = Make();
};

}  // namespace detail
}  // namespace v0_1
}  // namespace tenon::sdk
