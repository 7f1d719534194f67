#include "fake_memory.h"

#include <memory>
#include <vector>

#include "fake_backend.h"
#include "fake_objects.h"

struct tenon_device {
  tenon_backend* backend;
};
struct tenon_buffer {
  std::vector<std::byte> bytes;
};

namespace tenon::execution::testing {
namespace {

const tenon_memory_kind kKind = {sizeof(tenon_memory_kind),
                                 kFakeMemory,
                                 "handles",
                                 TENON_MEMORY_HOST_READ | TENON_MEMORY_HOST_WRITE,
                                 0,
                                 256,
                                 1,
                                 1 << 20,
                                 0};
const tenon_memory_kind* const kKinds[] = {&kKind};

tenon_status TENON_CALL Enumerate(tenon_backend*, const tenon_device_info* const** out,
                                  uint32_t* count) {
  static const tenon_device_info info = [] {
    tenon_device_info i{};
    i.struct_size = sizeof i;
    i.name = "fakeq0";
    i.fingerprint = "";
    i.kind = TENON_DEVICE_ACCELERATOR;
    i.memory_kind_count = 1;
    i.memory_kinds = kKinds;
    i.dl_device = {kDLExtDev, 0};
    return i;
  }();
  static const tenon_device_info* const infos[] = {&info};
  *out = infos;
  *count = 1;
  return {};
}

tenon_status TENON_CALL Open(tenon_backend* backend, uint32_t, tenon_device** out) {
  *out = new tenon_device{backend};
  return {};
}
void TENON_CALL Close(tenon_device* device) { delete device; }

tenon_status TENON_CALL Allocate(tenon_device*, uint32_t, uint64_t size, uint64_t, tenon_queue*,
                                 tenon_buffer** out, void** out_base) {
  ++knobs().live_buffers;
  *out = new tenon_buffer{std::vector<std::byte>(size)};
  *out_base = nullptr;
  return {};
}
void TENON_CALL Free(tenon_device*, tenon_buffer* buffer, const tenon_fence*, uint32_t) {
  --knobs().live_buffers;
  delete buffer;
}
tenon_status TENON_CALL Map(tenon_device*, tenon_buffer* buffer, uint64_t offset, uint64_t,
                            tenon_access, const tenon_fence*, uint32_t, uint64_t, void** out) {
  *out = buffer->bytes.data() + offset;
  return {};
}
tenon_status TENON_CALL Unmap(tenon_device*, tenon_buffer*, void*, tenon_fence*) { return {}; }

}  // namespace

const tenon_host* HostOf(tenon_device* device) { return FakeHost(device->backend); }
std::byte* BytesOf(tenon_buffer* buffer) { return buffer->bytes.data(); }

const tenon_device_interface* FakeDeviceInterface() {
  static const tenon_device_interface table = {
      sizeof(tenon_device_interface), 0, nullptr, Enumerate, Open, Close};
  return &table;
}
const tenon_memory_interface* FakeMemoryInterface() {
  static const tenon_memory_interface table = {sizeof(tenon_memory_interface),
                                               0,
                                               Allocate,
                                               Free,
                                               Map,
                                               Unmap,
                                               nullptr,
                                               nullptr,
                                               nullptr,
                                               nullptr};
  return &table;
}

}  // namespace tenon::execution::testing
