/* The backend object, and the one exported function that makes it. */
#include "backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "0.1.0"
#define VENDOR "My Company"

/* Who we are, readable without loading the library. */
TENON_BACKEND_NOTE("my_npu", VERSION, VENDOR);

static const void* interface(tenon_backend* backend, const char* name, uint32_t version) {
  (void)backend;
  if (version != 1) return NULL;
  if (strcmp(name, "device") == 0) return &kDevice;
  if (strcmp(name, "memory") == 0) return &kMemory;
  if (strcmp(name, "queue") == 0) return &kQueue;
  return work_interface(name);
}

static void destroy(tenon_backend* backend) { free(backend); }

static tenon_status create(const tenon_host* host, tenon_backend** out_backend) {
  Backend* backend = calloc(1, sizeof *backend);
  if (!backend) return (tenon_status){.code = TENON_OUT_OF_MEMORY};
  backend->base.struct_size = TENON_SIZE_TO(tenon_backend, destroy);
  backend->base.interface = interface;
  backend->base.destroy = destroy;
  backend->host = host;
  *out_backend = &backend->base;
  return ok();
}

TENON_EXPORT int32_t TENON_CALL tenon_negotiate(const tenon_offer* offer, tenon_answer* answer);
int32_t TENON_CALL tenon_negotiate(const tenon_offer* offer, tenon_answer* answer) {
  if (offer->abi_major != TENON_ABI_MAJOR || offer->abi_minor_max < TENON_ABI_MINOR_LEAST ||
      offer->abi_minor_min > TENON_ABI_MINOR) {
    snprintf(answer->reason, answer->reason_size, "my_npu is made for Tenon's ABI %u.%u to %u.%u",
             TENON_ABI_MAJOR, TENON_ABI_MINOR_LEAST, TENON_ABI_MAJOR, TENON_ABI_MINOR);
    return 1;
  }
  answer->abi_minor =
      offer->abi_minor_max < TENON_ABI_MINOR ? offer->abi_minor_max : TENON_ABI_MINOR;
  answer->create = create;
  answer->name = "my_npu";
  answer->version = VERSION;
  answer->vendor = VENDOR;
  return 0;
}
