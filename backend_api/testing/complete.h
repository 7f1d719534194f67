/* A little backend in C with every interface: the body of the ABI's tests. One device, two memory
 * kinds (1 with pointers, 2 handles only), queues that work when they are submitted to. Its objects
 * may be used from any thread, a queue by one at a time. */
#ifndef TENON_BACKEND_API_TESTING_COMPLETE_H_
#define TENON_BACKEND_API_TESTING_COMPLETE_H_

#include <stdatomic.h>
#include <tenon/backend_api/backend.h>

#include "complete_tables.h"

enum { COMPLETE_MOST = 64 };

typedef struct complete_object {
  tenon_backend object; /* first: the handle */
  const tenon_host* host;
} complete_object;

struct tenon_device {
  complete_object* backend;
  atomic_int profiling;
};

struct tenon_buffer {
  unsigned char* bytes;
  uint64_t size;
  uint32_t kind;
  uint32_t imported;
};

typedef void (*complete_reached)(void* context, tenon_code code);
struct tenon_timeline {
  _Atomic uint64_t value;
  atomic_int failure; /* a tenon_code */
  uint32_t waiter_count;
  struct {
    uint64_t value;
    complete_reached reached;
    void* context;
  } waiters[COMPLETE_MOST];
};

/* What a queue does: out[i] = a[i] op b[i] over floats, or bytes moved, or fences. */
typedef struct complete_command {
  enum {
    COMPLETE_NEG,
    COMPLETE_ADD,
    COMPLETE_COPY,
    COMPLETE_FILL,
    COMPLETE_WAIT,
    COMPLETE_SIGNAL
  } kind;
  void* out;
  const void* a;
  const void* b;
  uint64_t count;
  unsigned char pattern[8];
  tenon_fence fence;
  uint64_t correlation_id;
} complete_command;

struct tenon_recording {
  uint32_t count;
  complete_command commands[COMPLETE_MOST];
};
struct tenon_queue {
  tenon_device* device;
  tenon_code failure; /* of work, until it is signalled */
  int recording;
  struct tenon_recording pending, recorded;
};

tenon_status complete_ok(void);
tenon_status complete_fail(const tenon_host* host, tenon_code code, const char* message);
/* Does the command now. */
tenon_code complete_do(tenon_device* device, const complete_command* command);
/* Enqueues the command, records it, or does it where queue is NULL. */
tenon_status complete_enqueue(tenon_device* device, tenon_queue* queue,
                              const complete_command* command);

#endif /* TENON_BACKEND_API_TESTING_COMPLETE_H_ */
