/* What the files of the backend share. The ABI, <tenon/backend_api/backend.h>, is the specification of all slots. */
#ifndef BACKEND_H_
#define BACKEND_H_

#include <stdatomic.h>
#include <tenon/backend_api/backend.h>

#include "driver.h"

/* The backend object: what the host sees, then our own. The host may make several, so nothing is static. */
typedef struct Backend {
  tenon_backend base; /* first: a tenon_backend* of ours is a Backend* */
  const tenon_host* host;
} Backend;

struct tenon_device {
  const tenon_host* host;
  driver_device* driver;
};
struct tenon_buffer {
  driver_address address;
  driver_device* driver;
  atomic_uint waiting; /* while it is freed: fences that are not reached yet */
};
struct tenon_queue {
  tenon_device* device;
  driver_stream* stream;
};

enum { kDeviceMemory = 1 }; /* id of the memory kind */
#define DEVICE_NAME "my_npu:0"
#define DEVICE_FINGERPRINT \
  "my_npu-1" /* changes when artifacts made before can't be loaded any more */

extern const tenon_device_interface kDevice; /* device.c */
extern const tenon_memory_interface kMemory;
extern const tenon_queue_interface kQueue; /* queue.c */
/* What the device does: the table of that name ("kernel" or "compile"), or NULL. */
const void* work_interface(const char* name);

static inline tenon_status ok(void) { return (tenon_status){.code = TENON_OK}; }
/* The status of what the driver says. */
tenon_status driver_status(const tenon_host* host, int failure, const char* call);
/* Calls `reached` once, when the fence is reached or has failed: of our timelines, or of the host's. */
tenon_status notify(const tenon_host* host, const tenon_fence* fence,
                    void(TENON_CALL* reached)(void* context, tenon_code code), void* context);
/* Where an argument's data is on the device. */
static inline driver_address address_of(const tenon_argument* argument) {
  return argument->buffer->address + argument->offset;
}

#endif /* BACKEND_H_ */
