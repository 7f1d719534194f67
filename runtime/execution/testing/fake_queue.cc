#include "fake_queue.h"

#include <chrono>
#include <cstring>

#include "fake_backend.h"
#include "fake_memory.h"

using tenon::execution::testing::knobs;

// The queue's state lives on until its thread has done everything.
struct tenon_queue {
  struct State {
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::function<void(State&)>> work;
    tenon_code failure = TENON_OK;  // of work since the last signal; only the thread uses it
    bool ended = false;
    void Loop() {
      std::unique_lock lock(mutex);
      for (;;) {
        wake.wait(lock, [&] { return ended || !work.empty(); });
        if (work.empty()) return;
        auto next = std::move(work.front());
        work.pop_front();
        lock.unlock();
        while (knobs().hang.load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        next(*this);
        next = nullptr;
        --knobs().unfinished;
        lock.lock();
      }
    }
  };
  std::shared_ptr<State> state = std::make_shared<State>();
  const tenon_host* host = nullptr;
};

namespace tenon::execution::testing {
namespace {

tenon_status Ok() { return {}; }

void Push(tenon_queue* queue, std::function<void(tenon_queue::State&)> work) {
  ++knobs().unfinished;
  std::lock_guard lock(queue->state->mutex);
  queue->state->work.push_back(std::move(work));
  queue->state->wake.notify_one();
}

void SetTimeline(tenon_timeline_state& t, uint64_t value, tenon_code failure) {
  std::vector<tenon_timeline_state::Notify> due;
  {
    std::lock_guard lock(t.mutex);
    if (failure != TENON_OK)
      t.failure = failure;
    else
      t.value = value;
    std::erase_if(t.notifies, [&](const auto& n) {
      const bool reached = t.failure != TENON_OK || n.value <= t.value;
      if (reached) due.push_back(n);
      return reached;
    });
    t.changed.notify_all();
  }
  for (const auto& n : due) n.reached(n.context, failure);
}

tenon_status TENON_CALL Create(tenon_device* device, tenon_queue** out) {
  auto* queue = new tenon_queue;
  queue->host = HostOf(device);
  std::thread([state = queue->state] { state->Loop(); }).detach();
  *out = queue;
  return Ok();
}

void TENON_CALL Destroy(tenon_queue* queue) {
  if (queue == nullptr) return;
  {
    std::lock_guard lock(queue->state->mutex);
    queue->state->ended = true;
    queue->state->wake.notify_one();
  }
  delete queue;
}

tenon_status TENON_CALL Wait(tenon_queue* queue, const tenon_fence* fences, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const tenon_fence fence = fences[i];
    if (fence.origin == TENON_ORIGIN_HOST) {
      Push(queue, [fence, host = queue->host](tenon_queue::State& s) {
        const tenon_status status =
            host->timeline_wait(host, fence.timeline, fence.value, UINT64_MAX);
        host->error_release(host, status.detail);
        if (status.code != TENON_OK && s.failure == TENON_OK) s.failure = status.code;
      });
    } else {
      Push(queue, [t = fence.timeline->state, value = fence.value](tenon_queue::State& s) {
        std::unique_lock lock(t->mutex);
        t->changed.wait(lock, [&] { return t->failure != TENON_OK || t->value >= value; });
        if (t->failure != TENON_OK && s.failure == TENON_OK) s.failure = t->failure;
      });
    }
  }
  return Ok();
}

tenon_status TENON_CALL Signal(tenon_queue* queue, const tenon_fence* fences, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    Push(queue, [t = fences[i].timeline->state, value = fences[i].value,
                 last = i + 1 == count](tenon_queue::State& s) {
      SetTimeline(*t, value, s.failure);
      if (last) s.failure = TENON_OK;
    });
  }
  return Ok();
}

tenon_status TENON_CALL Submit(tenon_queue*) { return Ok(); }

tenon_status TENON_CALL Copy(tenon_queue* queue, const tenon_location* from,
                             const tenon_location* to, uint64_t size) {
  std::byte* source =
      from->buffer ? BytesOf(from->buffer) + from->offset : static_cast<std::byte*>(from->host);
  std::byte* target =
      to->buffer ? BytesOf(to->buffer) + to->offset : static_cast<std::byte*>(to->host);
  Enqueue(queue, [=] {
    if (knobs().fail_copy > 0 && --knobs().fail_copy == 0) return tenon_code{TENON_INTERNAL};
    std::memcpy(target, source, size);
    return tenon_code{TENON_OK};
  });
  return Ok();
}

tenon_status TENON_CALL Fill(tenon_queue*, const tenon_location*, uint64_t, const void*, uint32_t) {
  return {TENON_UNSUPPORTED, 0, nullptr};
}

tenon_status TENON_CALL TimelineCreate(tenon_device*, tenon_timeline** out) {
  *out = new tenon_timeline;
  return Ok();
}
void TENON_CALL TimelineDestroy(tenon_device*, tenon_timeline* timeline) { delete timeline; }
tenon_status TENON_CALL TimelineQuery(tenon_device*, tenon_timeline* timeline, uint64_t* out) {
  std::lock_guard lock(timeline->state->mutex);
  *out = timeline->state->value;
  return {timeline->state->failure, 0, nullptr};
}
tenon_status TENON_CALL TimelineWait(tenon_device*, tenon_timeline* timeline, uint64_t value,
                                     uint64_t timeout_ns) {
  tenon_timeline_state& t = *timeline->state;
  std::unique_lock lock(t.mutex);
  auto reached = [&] { return t.failure != TENON_OK || t.value >= value; };
  if (timeout_ns == UINT64_MAX) {
    t.changed.wait(lock, reached);
  } else if (!t.changed.wait_for(lock, std::chrono::nanoseconds(timeout_ns), reached)) {
    return {TENON_DEADLINE_EXCEEDED, 0, nullptr};
  }
  return {t.failure, 0, nullptr};
}
tenon_status TENON_CALL TimelineNotify(tenon_device*, tenon_timeline* timeline, uint64_t value,
                                       void(TENON_CALL* reached)(void*, tenon_code),
                                       void* context) {
  {
    std::lock_guard lock(timeline->state->mutex);
    if (timeline->state->failure == TENON_OK && timeline->state->value < value) {
      timeline->state->notifies.push_back({value, reached, context});
      return Ok();
    }
  }
  reached(context, timeline->state->failure);
  return Ok();
}

}  // namespace

void Enqueue(tenon_queue* queue, std::function<tenon_code()> work) {
  Push(queue, [work = std::move(work)](tenon_queue::State& s) {
    if (s.failure == TENON_OK) s.failure = work();
  });
}

const tenon_queue_interface* FakeQueueInterface() {
  static const tenon_queue_interface table = [] {
    tenon_queue_interface t{};
    t.struct_size = sizeof t;
    t.create = Create;
    t.destroy = Destroy;
    t.wait = Wait;
    t.signal = Signal;
    t.submit = Submit;
    t.copy = Copy;
    t.fill = Fill;
    t.timeline_create = TimelineCreate;
    t.timeline_destroy = TimelineDestroy;
    t.timeline_query = TimelineQuery;
    t.timeline_wait = TimelineWait;
    t.timeline_notify = TimelineNotify;
    return t;
  }();
  return &table;
}

}  // namespace tenon::execution::testing
