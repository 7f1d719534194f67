/* The interfaces "device" and "memory" over the driver. */
#include <stdio.h>
#include <stdlib.h>

#include "backend.h"

tenon_status driver_status(const tenon_host* host, int failure, const char* call) {
  char message[200];
  if (failure == 0) return ok();
  snprintf(message, sizeof message, "%s: the driver failed with %d, %s", call, failure,
           driver_text(failure));
  return host->error(host, failure == DRIVER_OUT_OF_MEMORY ? TENON_OUT_OF_MEMORY : TENON_INTERNAL,
                     message);
}

/* ------------------------------------------------------------------------------------------------- Device */
/* Without flags the host neither maps the memory nor follows pointers into it: it copies by queue. */
static const tenon_memory_kind kKind = {.struct_size = TENON_SIZE_TO(tenon_memory_kind, capacity),
                                        .id = kDeviceMemory,
                                        .name = "device",
                                        .alignment = DRIVER_ALIGNMENT,
                                        .ownership_granule = 1,
                                        .largest_allocation = UINT64_MAX};
static const tenon_memory_kind* const kKinds[] = {&kKind};
static const tenon_device_info kInfo = {.struct_size = TENON_SIZE_TO(tenon_device_info, gbytes),
                                        .id = 0,
                                        .name = DEVICE_NAME,
                                        .fingerprint = DEVICE_FINGERPRINT,
                                        .kind = TENON_DEVICE_ACCELERATOR,
                                        .memory_kind_count = 1,
                                        .memory_kinds = kKinds,
                                        .dl_device = {kDLExtDev, 0}};
static const tenon_device_info* const kDevices[] = {&kInfo};

static tenon_status enumerate(tenon_backend* backend, const tenon_device_info* const** out_devices,
                              uint32_t* out_count) {
  (void)backend;
  *out_devices = kDevices;
  *out_count = 1;
  return ok();
}

static tenon_status open_device(tenon_backend* backend, uint32_t id, tenon_device** out_device) {
  const tenon_host* host = ((Backend*)backend)->host;
  if (id != kInfo.id) return host->error(host, TENON_NOT_FOUND, "there is device 0 alone");
  tenon_device* device = calloc(1, sizeof *device);
  if (!device) return (tenon_status){.code = TENON_OUT_OF_MEMORY};
  device->host = host;
  const int failure = driver_open(&device->driver);
  if (failure) {
    free(device);
    return driver_status(host, failure, "open");
  }
  *out_device = device;
  return ok();
}

static void close_device(tenon_device* device) {
  if (!device) return;
  driver_close(device->driver);
  free(device);
}

const tenon_device_interface kDevice = {.struct_size = TENON_SIZE_TO(tenon_device_interface, close),
                                        .enumerate = enumerate,
                                        .open = open_device,
                                        .close = close_device};

/* ------------------------------------------------------------------------------------------------- Memory */
static tenon_status allocate(tenon_device* device, uint32_t kind, uint64_t size, uint64_t alignment,
                             tenon_queue* queue, tenon_buffer** out_buffer, void** out_base) {
  const tenon_host* host = device->host;
  (void)queue;
  if (kind != kDeviceMemory || alignment > DRIVER_ALIGNMENT)
    return host->error(host, TENON_UNSUPPORTED, "memory kind 1 is aligned to 256 at most");
  tenon_buffer* buffer = calloc(1, sizeof *buffer);
  if (!buffer) return (tenon_status){.code = TENON_OUT_OF_MEMORY};
  buffer->driver = device->driver;
  const int failure = driver_allocate(device->driver, size, &buffer->address);
  if (failure) {
    free(buffer);
    return driver_status(host, failure, "allocate");
  }
  *out_buffer = buffer;
  *out_base = NULL; /* the kind is not addressable */
  return ok();
}

/* The memory goes when the last fence is reached. */
static void one_reached(void* context, tenon_code code) {
  tenon_buffer* buffer = context;
  (void)code; /* work that failed is over, too */
  if (atomic_fetch_sub(&buffer->waiting, 1) != 1) return;
  driver_free(buffer->driver, buffer->address);
  free(buffer);
}

static void free_buffer(tenon_device* device, tenon_buffer* buffer, const tenon_fence* fences,
                        uint32_t count) {
  if (!buffer) return;
  atomic_store(&buffer->waiting, count + 1);
  for (uint32_t i = 0; i < count; ++i)
    (void)notify(device->host, &fences[i], one_reached, buffer); /* fails: it is kept for ever */
  one_reached(buffer, TENON_OK);
}

const tenon_memory_interface kMemory = {.struct_size = TENON_SIZE_TO(tenon_memory_interface, free),
                                        .allocate = allocate,
                                        .free = free_buffer};
