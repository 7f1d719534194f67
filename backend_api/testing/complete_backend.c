/* Negotiation, the object, devices and memory. */
#include <stdlib.h>
#include <string.h>

#include "complete.h"

tenon_status complete_ok(void) {
  const tenon_status ok = {TENON_OK, 0, NULL};
  return ok;
}
tenon_status complete_fail(const tenon_host* host, tenon_code code, const char* message) {
  return host->error(host, code, message);
}
const tenon_host* complete_host(tenon_backend* backend) {
  return ((complete_object*)(void*)backend)->host;
}

/* ------------------------------------------------------------------------------------- The object
 */
static const void* get_interface(tenon_backend* backend, const char* name, uint32_t version) {
  (void)backend;
  if (version != 1) return NULL;
  if (strcmp(name, "device") == 0) return &complete_device_interface;
  if (strcmp(name, "memory") == 0) return &complete_memory_interface;
  if (strcmp(name, "queue") == 0) return &complete_queue_interface;
  if (strcmp(name, "kernel") == 0) return &complete_kernel_interface;
  if (strcmp(name, "compile") == 0) return &complete_compile_interface;
  if (strcmp(name, "operators") == 0) return &complete_operators_interface;
  if (strcmp(name, "profile") == 0) return &complete_profile_interface;
  return NULL;
}
static tenon_status quiesce(tenon_backend* backend, uint64_t timeout_ns) {
  (void)backend, (void)timeout_ns;
  return complete_ok();
}
static void destroy(tenon_backend* backend) { free(backend); }

static tenon_status create(const tenon_host* host, tenon_backend** out_backend) {
  complete_object* object = calloc(1, sizeof *object);
  if (!object) return complete_fail(host, TENON_OUT_OF_MEMORY, "no memory for the backend");
  object->object.struct_size = sizeof object->object;
  object->object.interface = get_interface;
  object->object.quiesce = quiesce;
  object->object.destroy = destroy;
  object->host = host;
  *out_backend = &object->object;
  return complete_ok();
}

int32_t complete_negotiate(const tenon_offer* offer, tenon_answer* answer) {
  if (offer->abi_major != TENON_ABI_MAJOR || offer->abi_minor_max < TENON_ABI_MINOR_LEAST) return 1;
  answer->abi_minor =
      offer->abi_minor_max < TENON_ABI_MINOR ? offer->abi_minor_max : TENON_ABI_MINOR;
  answer->create = create;
  answer->name = "complete";
  answer->version = "1";
  answer->vendor = "Tenon";
  return 0;
}

/* ----------------------------------------------------------------------------------------- Devices
 */
static void options(tenon_backend* backend, const tenon_option* const** out_options,
                    uint32_t* out_count) {
  static const tenon_option greeting = {.struct_size = sizeof(tenon_option),
                                        .kind = TENON_OPTION_STRING,
                                        .name = "greeting",
                                        .default_value = "hello",
                                        .description = "What it says"};
  static const char* const speeds[] = {"slow", "fast"};
  static const tenon_option speed = {.struct_size = sizeof(tenon_option),
                                     .kind = TENON_OPTION_CHOICE,
                                     .name = "speed",
                                     .default_value = "fast",
                                     .description = "How it goes",
                                     .choices = speeds,
                                     .choice_count = 2};
  static const tenon_option* const list[] = {&greeting, &speed};
  (void)backend;
  *out_options = list;
  *out_count = 2;
}
static tenon_status enumerate(tenon_backend* backend, const tenon_device_info* const** out_devices,
                              uint32_t* out_count) {
  static const tenon_memory_kind pointers = {
      .struct_size = sizeof(tenon_memory_kind),
      .id = COMPLETE_POINTERS,
      .name = "pointers",
      .flags = TENON_MEMORY_HOST_READ | TENON_MEMORY_HOST_WRITE | TENON_MEMORY_ADDRESSABLE,
      .alignment = 64,
      .ownership_granule = 64,
      .largest_allocation = 1 << 20};
  static const tenon_memory_kind handles = {
      .struct_size = sizeof(tenon_memory_kind),
      .id = COMPLETE_HANDLES,
      .name = "handles",
      .flags = TENON_MEMORY_HOST_READ | TENON_MEMORY_HOST_WRITE,
      .alignment = 16,
      .ownership_granule = 1,
      .largest_allocation = 1 << 20};
  static const tenon_memory_kind* const kinds[] = {&pointers, &handles};
  static const tenon_device_info info = {.struct_size = sizeof(tenon_device_info),
                                         .name = "complete",
                                         .fingerprint = "complete-1",
                                         .kind = TENON_DEVICE_ACCELERATOR,
                                         .memory_kind_count = 2,
                                         .memory_kinds = kinds,
                                         .dl_device = {kDLExtDev, 0}};
  static const tenon_device_info* const list[] = {&info};
  (void)backend;
  *out_devices = list;
  *out_count = 1;
  return complete_ok();
}
static tenon_status open_device(tenon_backend* backend, uint32_t id, tenon_device** out_device) {
  const tenon_host* host = complete_host(backend);
  if (id != 0) return complete_fail(host, TENON_NOT_FOUND, "there is one device, 0");
  tenon_device* device = calloc(1, sizeof *device);
  if (!device) return complete_fail(host, TENON_OUT_OF_MEMORY, "no memory for the device");
  device->backend = (complete_object*)(void*)backend;
  *out_device = device;
  return complete_ok();
}
static void close_device(tenon_device* device) { free(device); }

const tenon_device_interface complete_device_interface = {
    .struct_size = sizeof(tenon_device_interface),
    .options = options,
    .enumerate = enumerate,
    .open = open_device,
    .close = close_device};

/* ------------------------------------------------------------------------------------------ Memory
 */
static tenon_status make_buffer(tenon_device* device, uint32_t kind, uint64_t size, void* imported,
                                tenon_buffer** out_buffer, void** out_base) {
  tenon_buffer* buffer = calloc(1, sizeof *buffer);
  if (!buffer) return complete_fail(device->backend->host, TENON_OUT_OF_MEMORY, "no memory");
  buffer->bytes = imported ? imported : aligned_alloc(64, (size + 63) / 64 * 64);
  buffer->size = size;
  buffer->kind = kind;
  buffer->imported = imported != NULL;
  *out_buffer = buffer;
  *out_base = kind == COMPLETE_POINTERS ? buffer->bytes : NULL;
  return complete_ok();
}
static tenon_status allocate(tenon_device* device, uint32_t memory_kind, uint64_t size,
                             uint64_t alignment, tenon_queue* queue, tenon_buffer** out_buffer,
                             void** out_base) {
  (void)queue;
  if (alignment > 64 || size > 1 << 20) {
    return complete_fail(device->backend->host, TENON_OUT_OF_MEMORY,
                         "larger than 1 MB, or aligned to more than 64");
  }
  return make_buffer(device, memory_kind, size, NULL, out_buffer, out_base);
}
static void free_buffer(tenon_device* device, tenon_buffer* buffer, const tenon_fence* fences,
                        uint32_t fence_count) {
  (void)device, (void)fences, (void)fence_count;
  if (!buffer) return;
  if (!buffer->imported) free(buffer->bytes);
  free(buffer);
}
static tenon_status map(tenon_device* device, tenon_buffer* buffer, uint64_t offset, uint64_t size,
                        tenon_access access, const tenon_fence* fences, uint32_t fence_count,
                        uint64_t timeout_ns, void** out_pointer) {
  (void)access;
  for (uint32_t i = 0; i < fence_count; ++i) {
    const tenon_status status = complete_queue_interface.timeline_wait(device, fences[i].timeline,
                                                                       fences[i].value, timeout_ns);
    if (status.code != TENON_OK) return status;
  }
  if (offset > buffer->size || size > buffer->size - offset) {
    return complete_fail(device->backend->host, TENON_INVALID_ARGUMENT,
                         "map: outside of the buffer");
  }
  *out_pointer = buffer->bytes + offset;
  return complete_ok();
}
static tenon_status unmap(tenon_device* device, tenon_buffer* buffer, void* pointer,
                          tenon_fence* out_fence) {
  (void)device, (void)buffer, (void)pointer;
  if (out_fence) memset(out_fence, 0, sizeof *out_fence);
  return complete_ok();
}
static tenon_status stats(tenon_device* device, uint32_t memory_kind,
                          tenon_memory_stats* out_stats) {
  (void)device, (void)memory_kind;
  out_stats->bytes_in_use = out_stats->bytes_reserved = out_stats->peak_bytes_in_use = 0;
  out_stats->allocation_count = 0;
  return complete_ok();
}
static tenon_status trim(tenon_device* device) {
  (void)device;
  return complete_ok();
}
static tenon_status import_memory(tenon_device* device, uint32_t memory_kind,
                                  const tenon_external_memory* external, tenon_buffer** out_buffer,
                                  void** out_base) {
  if (external->kind != TENON_EXTERNAL_HOST_POINTER) {
    return complete_fail(device->backend->host, TENON_UNSUPPORTED, "only host pointers");
  }
  return make_buffer(device, memory_kind, external->size,
                     (unsigned char*)external->pointer + external->offset, out_buffer, out_base);
}
static tenon_status export_memory(tenon_device* device, tenon_buffer* buffer,
                                  uint32_t external_kind, tenon_external_memory* out_external) {
  if (external_kind != TENON_EXTERNAL_HOST_POINTER) {
    return complete_fail(device->backend->host, TENON_UNSUPPORTED, "only host pointers");
  }
  out_external->kind = external_kind;
  out_external->pointer = buffer->bytes;
  out_external->size = buffer->size;
  return complete_ok();
}

const tenon_memory_interface complete_memory_interface = {
    .struct_size = sizeof(tenon_memory_interface),
    .allocate = allocate,
    .free = free_buffer,
    .map = map,
    .unmap = unmap,
    .stats = stats,
    .trim = trim,
    .import_memory = import_memory,
    .export_memory = export_memory};
