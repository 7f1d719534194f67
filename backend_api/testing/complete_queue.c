/* Queues and timelines. */
#include <stdlib.h>
#include <string.h>

#include "complete.h"

/* ------------------------------------------------------------------------------------------ Work
 */
static void set_timeline(tenon_timeline* timeline, uint64_t value, tenon_code failure) {
  if (failure == TENON_OK) {
    atomic_store(&timeline->value, value);
  } else {
    atomic_store(&timeline->failure, failure);
  }
  uint32_t kept = 0;
  for (uint32_t i = 0; i < timeline->waiter_count; ++i) {
    if (failure == TENON_OK && timeline->waiters[i].value > value) {
      timeline->waiters[kept++] = timeline->waiters[i];
    } else {
      timeline->waiters[i].reached(timeline->waiters[i].context, failure);
    }
  }
  timeline->waiter_count = kept;
}

static void tell_profile(tenon_device* device, const complete_command* command) {
  const tenon_host* host = device->backend->host;
  const uint64_t now = host->clock_ns(host);
  const tenon_profile_event event = {.struct_size = sizeof event,
                                     .correlation_id = command->correlation_id,
                                     .begin_ns = now,
                                     .end_ns = now,
                                     .name = "command"};
  host->profile_event(host, &event);
}

tenon_code complete_do(tenon_device* device, const complete_command* command) {
  const tenon_host* host = device->backend->host;
  const float* a = command->a;
  const float* b = command->b;
  float* out = command->out;
  if (atomic_load(&device->profiling)) tell_profile(device, command);
  switch (command->kind) {
    case COMPLETE_NEG:
      for (uint64_t i = 0; i < command->count; ++i) out[i] = -a[i];
      break;
    case COMPLETE_ADD:
      for (uint64_t i = 0; i < command->count; ++i) out[i] = a[i] + b[i];
      break;
    case COMPLETE_COPY:
      memcpy(command->out, command->a, command->count);
      break;
    case COMPLETE_FILL:
      for (uint64_t i = 0; i < command->count; ++i)
        ((unsigned char*)command->out)[i] = command->pattern[i % 8];
      break;
    case COMPLETE_WAIT: {
      const tenon_fence* fence = &command->fence;
      const tenon_status status =
          fence->origin == TENON_ORIGIN_HOST
              ? host->timeline_wait(host, fence->timeline, fence->value, UINT64_MAX)
              : complete_queue_interface.timeline_wait(device, fence->timeline, fence->value, 0);
      if (status.detail) host->error_release(host, status.detail);
      return status.code;
    }
    case COMPLETE_SIGNAL:
      break;
  }
  return TENON_OK;
}

tenon_status complete_enqueue(tenon_device* device, tenon_queue* queue,
                              const complete_command* command) {
  if (!queue) {
    const tenon_status status = {complete_do(device, command), 0, NULL};
    return status;
  }
  const int fence = command->kind == COMPLETE_WAIT || command->kind == COMPLETE_SIGNAL;
  if (queue->recording && fence) {
    return complete_fail(device->backend->host, TENON_FAILED_PRECONDITION, "the queue records");
  }
  struct tenon_recording* list = queue->recording ? &queue->recorded : &queue->pending;
  if (list->count == COMPLETE_MOST)
    return complete_fail(device->backend->host, TENON_UNAVAILABLE, "the queue is full");
  list->commands[list->count++] = *command;
  return complete_ok();
}

/* ----------------------------------------------------------------------------------------- Queues
 */
static tenon_status create(tenon_device* device, tenon_queue** out_queue) {
  tenon_queue* queue = calloc(1, sizeof *queue);
  if (!queue)
    return complete_fail(device->backend->host, TENON_OUT_OF_MEMORY, "no memory for the queue");
  queue->device = device;
  *out_queue = queue;
  return complete_ok();
}
static tenon_status submit(tenon_queue* queue) {
  if (queue->recording)
    return complete_fail(queue->device->backend->host, TENON_FAILED_PRECONDITION, "it records");
  for (uint32_t i = 0; i < queue->pending.count; ++i) {
    const complete_command* command = &queue->pending.commands[i];
    if (command->kind == COMPLETE_SIGNAL) {
      set_timeline(command->fence.timeline, command->fence.value, queue->failure);
      queue->failure = TENON_OK;
    } else if (queue->failure == TENON_OK) {
      queue->failure = complete_do(queue->device, command);
    }
  }
  queue->pending.count = 0;
  return complete_ok();
}
static void destroy(tenon_queue* queue) {
  if (!queue) return;
  queue->recording = 0;
  (void)submit(queue);
  free(queue);
}
static tenon_status enqueue_fences(tenon_queue* queue, int signal, const tenon_fence* fences,
                                   uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const complete_command command = {.kind = signal ? COMPLETE_SIGNAL : COMPLETE_WAIT,
                                      .fence = fences[i]};
    const tenon_status status = complete_enqueue(queue->device, queue, &command);
    if (status.code != TENON_OK) return status;
  }
  return complete_ok();
}
static tenon_status wait_fences(tenon_queue* queue, const tenon_fence* fences, uint32_t count) {
  return enqueue_fences(queue, 0, fences, count);
}
static tenon_status signal_fences(tenon_queue* queue, const tenon_fence* fences, uint32_t count) {
  return enqueue_fences(queue, 1, fences, count);
}
static unsigned char* at(const tenon_location* location) {
  unsigned char* base = location->buffer ? location->buffer->bytes : location->host;
  return base + location->offset;
}
static tenon_status copy(tenon_queue* queue, const tenon_location* source,
                         const tenon_location* destination, uint64_t size) {
  const complete_command command = {
      .kind = COMPLETE_COPY, .out = at(destination), .a = at(source), .count = size};
  return complete_enqueue(queue->device, queue, &command);
}
static tenon_status fill(tenon_queue* queue, const tenon_location* destination, uint64_t size,
                         const void* pattern, uint32_t pattern_size) {
  complete_command command = {.kind = COMPLETE_FILL, .out = at(destination), .count = size};
  for (uint32_t i = 0; i < 8; ++i)
    command.pattern[i] = ((const unsigned char*)pattern)[i % pattern_size];
  return complete_enqueue(queue->device, queue, &command);
}
static tenon_status record_begin(tenon_queue* queue) {
  queue->recording = 1;
  queue->recorded.count = 0;
  return complete_ok();
}
static tenon_status record_end(tenon_queue* queue, tenon_recording** out_recording) {
  const tenon_host* host = queue->device->backend->host;
  if (!queue->recording)
    return complete_fail(host, TENON_FAILED_PRECONDITION, "record_end without record_begin");
  tenon_recording* recording = malloc(sizeof *recording);
  if (!recording) return complete_fail(host, TENON_OUT_OF_MEMORY, "no memory for the recording");
  *recording = queue->recorded;
  queue->recording = 0;
  *out_recording = recording;
  return complete_ok();
}
static tenon_status replay(tenon_queue* queue, tenon_recording* recording) {
  for (uint32_t i = 0; i < recording->count; ++i) {
    const tenon_status status = complete_enqueue(queue->device, queue, &recording->commands[i]);
    if (status.code != TENON_OK) return status;
  }
  return complete_ok();
}
static void recording_destroy(tenon_queue* queue, tenon_recording* recording) {
  (void)queue;
  free(recording);
}

/* -------------------------------------------------------------------------------------- Timelines
 */
static tenon_status timeline_create(tenon_device* device, tenon_timeline** out_timeline) {
  tenon_timeline* timeline = calloc(1, sizeof *timeline);
  if (!timeline)
    return complete_fail(device->backend->host, TENON_OUT_OF_MEMORY, "no memory for the timeline");
  *out_timeline = timeline;
  return complete_ok();
}
static void timeline_destroy(tenon_device* device, tenon_timeline* timeline) {
  (void)device;
  free(timeline);
}
static tenon_status timeline_query(tenon_device* device, tenon_timeline* timeline,
                                   uint64_t* out_value) {
  const tenon_code failure = atomic_load(&timeline->failure);
  if (failure != TENON_OK)
    return complete_fail(device->backend->host, failure, "work on the timeline failed");
  *out_value = atomic_load(&timeline->value);
  return complete_ok();
}
static tenon_status timeline_wait(tenon_device* device, tenon_timeline* timeline, uint64_t value,
                                  uint64_t timeout_ns) {
  const tenon_code failure = atomic_load(&timeline->failure);
  (void)timeout_ns; /* everything submitted is done: what is not reached will not be */
  if (failure != TENON_OK)
    return complete_fail(device->backend->host, failure, "work on the timeline failed");
  if (atomic_load(&timeline->value) >= value) return complete_ok();
  return complete_fail(device->backend->host, TENON_DEADLINE_EXCEEDED, "not reached");
}
static tenon_status timeline_notify(tenon_device* device, tenon_timeline* timeline, uint64_t value,
                                    void (*reached)(void* context, tenon_code code),
                                    void* context) {
  const tenon_code failure = atomic_load(&timeline->failure);
  if (failure != TENON_OK || atomic_load(&timeline->value) >= value) {
    reached(context, failure);
    return complete_ok();
  }
  if (timeline->waiter_count == COMPLETE_MOST) {
    return complete_fail(device->backend->host, TENON_UNAVAILABLE, "too many wait");
  }
  timeline->waiters[timeline->waiter_count].value = value;
  timeline->waiters[timeline->waiter_count].reached = reached;
  timeline->waiters[timeline->waiter_count++].context = context;
  return complete_ok();
}

const tenon_queue_interface complete_queue_interface = {
    .struct_size = sizeof(tenon_queue_interface),
    .create = create,
    .destroy = destroy,
    .wait = wait_fences,
    .signal = signal_fences,
    .submit = submit,
    .copy = copy,
    .fill = fill,
    .record_begin = record_begin,
    .record_end = record_end,
    .replay = replay,
    .recording_destroy = recording_destroy,
    .timeline_create = timeline_create,
    .timeline_destroy = timeline_destroy,
    .timeline_query = timeline_query,
    .timeline_wait = timeline_wait,
    .timeline_notify = timeline_notify};
