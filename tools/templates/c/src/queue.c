/* The interface "queue" over the driver's streams. Fences are points on timelines, which live on the host: a function of
 * the host's on the stream waits for them and sets them. Where your driver has semaphores that devices wait for by
 * themselves, a timeline of yours becomes one, and only timelines of the host need such a function. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "backend.h"

typedef struct Waiter {
  struct Waiter* next;
  uint64_t value;
  void(TENON_CALL* reached)(void* context, tenon_code code);
  void* context;
} Waiter;

struct tenon_timeline {
  const tenon_host* host;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  uint64_t value;
  tenon_code failure; /* not OK: the timeline has failed, for ever */
  Waiter* waiters;
};

/* ---------------------------------------------------------------------------------------------- Timelines */
static tenon_status timeline_create(tenon_device* device, tenon_timeline** out_timeline) {
  tenon_timeline* timeline = calloc(1, sizeof *timeline);
  pthread_condattr_t monotonic;
  if (!timeline) return (tenon_status){.code = TENON_OUT_OF_MEMORY};
  timeline->host = device->host;
  pthread_mutex_init(&timeline->mutex, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&timeline->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  *out_timeline = timeline;
  return ok();
}

static void timeline_destroy(tenon_device* device, tenon_timeline* timeline) {
  (void)device;
  if (!timeline) return;
  pthread_cond_destroy(&timeline->changed);
  pthread_mutex_destroy(&timeline->mutex);
  free(timeline);
}

/* Sets the value, or fails the timeline; then calls who waited. */
static void advance(tenon_timeline* timeline, uint64_t value, tenon_code failure) {
  Waiter *reached = NULL, **link = &timeline->waiters;
  pthread_mutex_lock(&timeline->mutex);
  if (failure == TENON_OK) {
    timeline->value = value;
  } else {
    timeline->failure = failure;
  }
  while (*link) {
    Waiter* waiter = *link;
    if (failure == TENON_OK && waiter->value > value) {
      link = &waiter->next;
      continue;
    }
    *link = waiter->next;
    waiter->next = reached;
    reached = waiter;
  }
  pthread_cond_broadcast(&timeline->changed);
  pthread_mutex_unlock(&timeline->mutex); /* from here on the host may destroy it */
  while (reached) {
    Waiter* waiter = reached;
    reached = waiter->next;
    waiter->reached(waiter->context, failure);
    free(waiter);
  }
}

static tenon_status failed(const tenon_timeline* timeline) {
  return timeline->host->error(timeline->host, timeline->failure,
                               "work before the fence has failed");
}

static tenon_status timeline_query(tenon_device* device, tenon_timeline* timeline,
                                   uint64_t* out_value) {
  (void)device;
  pthread_mutex_lock(&timeline->mutex);
  const tenon_status status = timeline->failure ? failed(timeline) : ok();
  if (!timeline->failure) *out_value = timeline->value;
  pthread_mutex_unlock(&timeline->mutex);
  return status;
}

static tenon_status timeline_wait(tenon_device* device, tenon_timeline* timeline, uint64_t value,
                                  uint64_t timeout_ns) {
  const uint64_t second = 1000000000, longest = UINT64_C(1) << 62;
  struct timespec until;
  tenon_status status = ok();
  (void)device;
  if (timeout_ns > longest) timeout_ns = longest;
  clock_gettime(CLOCK_MONOTONIC, &until);
  timeout_ns += (uint64_t)until.tv_nsec;
  until.tv_sec += (time_t)(timeout_ns / second);
  until.tv_nsec = (long)(timeout_ns % second);
  pthread_mutex_lock(&timeline->mutex);
  int late = 0;
  while (!timeline->failure && timeline->value < value && !late)
    late = pthread_cond_timedwait(&timeline->changed, &timeline->mutex, &until);
  if (timeline->failure) {
    status = failed(timeline);
  } else if (timeline->value < value) {
    status.code = TENON_DEADLINE_EXCEEDED;
  }
  pthread_mutex_unlock(&timeline->mutex);
  return status;
}

static tenon_status timeline_notify(tenon_device* device, tenon_timeline* timeline, uint64_t value,
                                    void(TENON_CALL* reached)(void* context, tenon_code code),
                                    void* context) {
  Waiter* waiter = malloc(sizeof *waiter);
  (void)device;
  if (!waiter) return (tenon_status){.code = TENON_OUT_OF_MEMORY};
  pthread_mutex_lock(&timeline->mutex);
  const tenon_code failure = timeline->failure;
  const int now = failure != TENON_OK || timeline->value >= value;
  if (!now) {
    *waiter = (Waiter){timeline->waiters, value, reached, context};
    timeline->waiters = waiter;
  }
  pthread_mutex_unlock(&timeline->mutex);
  if (!now) return ok();
  free(waiter);
  reached(context, failure);
  return ok();
}

tenon_status notify(const tenon_host* host, const tenon_fence* fence,
                    void(TENON_CALL* reached)(void* context, tenon_code code), void* context) {
  if (fence->origin == TENON_ORIGIN_BACKEND)
    return timeline_notify(NULL, fence->timeline, fence->value, reached, context);
  host->timeline_notify(host, fence->timeline, fence->value, reached, context);
  return ok();
}

/* ------------------------------------------------------------------------------------------------- Queues */
static tenon_status create(tenon_device* device, tenon_queue** out_queue) {
  tenon_queue* queue = calloc(1, sizeof *queue);
  if (!queue) return (tenon_status){.code = TENON_OUT_OF_MEMORY};
  queue->device = device;
  const int failure = driver_stream_create(device->driver, &queue->stream);
  if (failure) {
    free(queue);
    return driver_status(device->host, failure, "queue.create");
  }
  *out_queue = queue;
  return ok();
}

static void destroy(tenon_queue* queue) {
  if (!queue) return;
  driver_stream_destroy(queue->stream);
  free(queue);
}

/* A fence on a stream. Failures of the driver are positive; the code of a fence that failed is made negative. */
typedef struct Point {
  const tenon_host* host;
  tenon_fence fence;
} Point;

static int wait_for(void* context, int failure) {
  Point* point = context;
  const tenon_host* host = point->host;
  const tenon_fence* fence = &point->fence;
  const tenon_status status =
      fence->origin == TENON_ORIGIN_BACKEND
          ? timeline_wait(NULL, fence->timeline, fence->value, UINT64_MAX)
          : host->timeline_wait(host, fence->timeline, fence->value, UINT64_MAX);
  host->error_release(host, status.detail);
  free(point);
  return failure ? failure : -status.code;
}

static int signal_to(void* context, int failure) {
  Point* point = context;
  advance(point->fence.timeline, point->fence.value, failure > 0 ? TENON_INTERNAL : -failure);
  free(point);
  return 0; /* who waits for the timeline knows; the stream begins anew */
}

static tenon_status put_points(tenon_queue* queue, int (*function)(void*, int),
                               const tenon_fence* fences, uint32_t count) {
  const tenon_host* host = queue->device->host;
  for (uint32_t i = 0; i < count; ++i) {
    Point* point = malloc(sizeof *point);
    if (!point) return (tenon_status){.code = TENON_OUT_OF_MEMORY};
    *point = (Point){host, fences[i]};
    const int failure = driver_call(queue->stream, function, point);
    if (failure) {
      free(point);
      return driver_status(host, failure, "fence");
    }
  }
  return ok();
}
static tenon_status wait_fences(tenon_queue* queue, const tenon_fence* fences, uint32_t count) {
  return put_points(queue, wait_for, fences, count);
}
static tenon_status signal_fences(tenon_queue* queue, const tenon_fence* fences, uint32_t count) {
  return put_points(queue, signal_to, fences, count);
}
static tenon_status submit(tenon_queue* queue) {
  (void)queue; /* streams begin by themselves */
  return ok();
}

static tenon_status copy(tenon_queue* queue, const tenon_location* source,
                         const tenon_location* destination, uint64_t size) {
  driver_stream* stream = queue->stream;
  const driver_address from = source->buffer ? source->buffer->address + source->offset : 0;
  const driver_address to =
      destination->buffer ? destination->buffer->address + destination->offset : 0;
  int failure;
  if (!source->buffer) {
    failure = driver_copy_in(stream, to, (const char*)source->host + source->offset, size);
  } else if (!destination->buffer) {
    failure = driver_copy_out(stream, (char*)destination->host + destination->offset, from, size);
  } else {
    failure = driver_copy(stream, to, from, size);
  }
  return driver_status(queue->device->host, failure, "copy");
}

static tenon_status fill(tenon_queue* queue, const tenon_location* destination, uint64_t size,
                         const void* pattern, uint32_t pattern_size) {
  const driver_address to = destination->buffer->address + destination->offset;
  return driver_status(queue->device->host,
                       driver_fill(queue->stream, to, size, pattern, pattern_size), "fill");
}

const tenon_queue_interface kQueue = {
    .struct_size = TENON_SIZE_TO(tenon_queue_interface, timeline_notify),
    .create = create,
    .destroy = destroy,
    .wait = wait_fences,
    .signal = signal_fences,
    .submit = submit,
    .copy = copy,
    .fill = fill,
    .timeline_create = timeline_create,
    .timeline_destroy = timeline_destroy,
    .timeline_query = timeline_query,
    .timeline_wait = timeline_wait,
    .timeline_notify = timeline_notify};
