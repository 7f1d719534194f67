/* A simulated device, to be replaced by calls of your driver. Each stream works on a thread of its own and comes a little
 * late, so that what forgets a fence reads what is not there yet. For tests of failures, the environment variable
 * DRIVER_SIM_FAULT=N makes the N-th launch fail. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "driver.h"

typedef struct command {
  struct command* next;
  enum { COPY, FILL, LAUNCH, CALL } kind;
  void* to;
  const void* from;
  uint64_t size;
  unsigned char pattern[8];
  uint32_t pattern_size;
  driver_function function;
  void* buffers[DRIVER_MOST_BUFFERS];
  unsigned char parameters[DRIVER_MOST_PARAMETERS];
  int (*callback)(void* context, int failure);
  void* context;
} command;

struct driver_device {
  pthread_mutex_t mutex;
  pthread_cond_t ended;
  int threads; /* of streams */
  atomic_int launches;
  int faulty_launch; /* counted from 1; 0: none */
};

struct driver_stream {
  driver_device* device;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  command *first, *last;
  int destroyed;
};

/* Device addresses are pointers moved to where the host has no memory: the host crashes when it follows one. */
static const uint64_t kDeviceSpace = UINT64_C(1) << 63;
static void* pointer_to(driver_address address) {
  return (void*)(uintptr_t)(address - kDeviceSpace);
}

const char* driver_text(int failure) {
  switch (failure) {
    case DRIVER_OUT_OF_MEMORY:
      return "out of memory";
    case DRIVER_BAD_LAUNCH:
      return "more buffers or bytes of parameters than DRIVER_MOST_BUFFERS, DRIVER_MOST_PARAMETERS";
    case DRIVER_FAULT:
      return "the device stopped in a launch";
    default:
      return "unknown";
  }
}

int driver_open(driver_device** out_device) {
  driver_device* device = calloc(1, sizeof *device);
  if (!device) return DRIVER_OUT_OF_MEMORY;
  const char* fault = getenv("DRIVER_SIM_FAULT");
  pthread_mutex_init(&device->mutex, NULL);
  pthread_cond_init(&device->ended, NULL);
  device->faulty_launch = fault ? atoi(fault) : 0;
  *out_device = device;
  return 0;
}

void driver_close(driver_device* device) {
  pthread_mutex_lock(&device->mutex);
  while (device->threads > 0) pthread_cond_wait(&device->ended, &device->mutex);
  pthread_mutex_unlock(&device->mutex);
  pthread_cond_destroy(&device->ended);
  pthread_mutex_destroy(&device->mutex);
  free(device);
}

int driver_allocate(driver_device* device, uint64_t size, driver_address* out_address) {
  (void)device;
  if (size > SIZE_MAX - DRIVER_ALIGNMENT) return DRIVER_OUT_OF_MEMORY;
  const size_t rounded = ((size_t)size + DRIVER_ALIGNMENT - 1) / DRIVER_ALIGNMENT;
  void* memory = aligned_alloc(DRIVER_ALIGNMENT, rounded * DRIVER_ALIGNMENT);
  if (!memory) return DRIVER_OUT_OF_MEMORY;
  *out_address = (uint64_t)(uintptr_t)memory + kDeviceSpace;
  return 0;
}

void driver_free(driver_device* device, driver_address address) {
  (void)device;
  free(pointer_to(address));
}

int driver_write(driver_device* device, driver_address to, const void* from, uint64_t size) {
  (void)device;
  memcpy(pointer_to(to), from, size);
  return 0;
}

/* ------------------------------------------------------------------------------------------------- Streams */
static int execute(driver_device* device, const command* c, int failure) {
  if (c->kind == CALL) return c->callback(c->context, failure);
  if (failure) return failure;
  nanosleep(&(struct timespec){.tv_nsec = rand() % 20000}, NULL);
  switch (c->kind) {
    case COPY:
      memcpy(c->to, c->from, c->size);
      break;
    case FILL:
      for (uint64_t i = 0; i < c->size; ++i)
        ((unsigned char*)c->to)[i] = c->pattern[i % c->pattern_size];
      break;
    default:
      if (atomic_fetch_add(&device->launches, 1) + 1 == device->faulty_launch) return DRIVER_FAULT;
      c->function(c->buffers, c->parameters);
  }
  return 0;
}

static void* work(void* argument) {
  driver_stream* stream = argument;
  driver_device* device = stream->device;
  int failure = 0;
  pthread_mutex_lock(&stream->mutex);
  while (stream->first || !stream->destroyed) {
    command* c = stream->first;
    if (!c) {
      pthread_cond_wait(&stream->changed, &stream->mutex);
      continue;
    }
    stream->first = c->next;
    pthread_mutex_unlock(&stream->mutex);
    failure = execute(device, c, failure);
    free(c);
    pthread_mutex_lock(&stream->mutex);
  }
  pthread_mutex_unlock(&stream->mutex);
  pthread_cond_destroy(&stream->changed);
  pthread_mutex_destroy(&stream->mutex);
  free(stream);
  pthread_mutex_lock(&device->mutex);
  --device->threads;
  pthread_cond_signal(&device->ended);
  pthread_mutex_unlock(&device->mutex);
  return NULL;
}

int driver_stream_create(driver_device* device, driver_stream** out_stream) {
  driver_stream* stream = calloc(1, sizeof *stream);
  pthread_t thread;
  if (!stream) return DRIVER_OUT_OF_MEMORY;
  stream->device = device;
  pthread_mutex_init(&stream->mutex, NULL);
  pthread_cond_init(&stream->changed, NULL);
  pthread_mutex_lock(&device->mutex);
  const int failed = pthread_create(&thread, NULL, work, stream);
  if (!failed) ++device->threads;
  pthread_mutex_unlock(&device->mutex);
  if (failed) {
    free(stream);
    return DRIVER_OUT_OF_MEMORY;
  }
  pthread_detach(thread);
  *out_stream = stream;
  return 0;
}

void driver_stream_destroy(driver_stream* stream) {
  pthread_mutex_lock(&stream->mutex);
  stream->destroyed = 1;
  pthread_cond_signal(&stream->changed);
  pthread_mutex_unlock(&stream->mutex);
}

static int enqueue(driver_stream* stream, const command* given) {
  command* c = malloc(sizeof *c);
  if (!c) return DRIVER_OUT_OF_MEMORY;
  *c = *given;
  pthread_mutex_lock(&stream->mutex);
  if (stream->first) {
    stream->last->next = c;
  } else {
    stream->first = c;
  }
  stream->last = c;
  pthread_cond_signal(&stream->changed);
  pthread_mutex_unlock(&stream->mutex);
  return 0;
}

int driver_copy_in(driver_stream* stream, driver_address to, const void* from, uint64_t size) {
  return enqueue(stream,
                 &(command){.kind = COPY, .to = pointer_to(to), .from = from, .size = size});
}
int driver_copy_out(driver_stream* stream, void* to, driver_address from, uint64_t size) {
  return enqueue(stream,
                 &(command){.kind = COPY, .to = to, .from = pointer_to(from), .size = size});
}
int driver_copy(driver_stream* stream, driver_address to, driver_address from, uint64_t size) {
  return enqueue(
      stream,
      &(command){.kind = COPY, .to = pointer_to(to), .from = pointer_to(from), .size = size});
}

int driver_fill(driver_stream* stream, driver_address to, uint64_t size, const void* pattern,
                uint32_t pattern_size) {
  command c = {.kind = FILL, .to = pointer_to(to), .size = size, .pattern_size = pattern_size};
  memcpy(c.pattern, pattern, pattern_size);
  return enqueue(stream, &c);
}

int driver_launch(driver_stream* stream, driver_function function, const driver_address* buffers,
                  uint32_t buffer_count, const void* parameters, uint32_t parameter_bytes) {
  command c = {.kind = LAUNCH, .function = function};
  if (buffer_count > DRIVER_MOST_BUFFERS || parameter_bytes > DRIVER_MOST_PARAMETERS)
    return DRIVER_BAD_LAUNCH;
  for (uint32_t i = 0; i < buffer_count; ++i) c.buffers[i] = pointer_to(buffers[i]);
  memcpy(c.parameters, parameters, parameter_bytes);
  return enqueue(stream, &c);
}

int driver_call(driver_stream* stream, int (*function)(void* context, int failure), void* context) {
  return enqueue(stream, &(command){.kind = CALL, .callback = function, .context = context});
}
