#include "device.h"

#include <memory>
#include <string>

#include "backend.h"

namespace plugin {

void Check(int failure, const char* call) {
  if (failure == DRIVER_OUT_OF_MEMORY) throw std::bad_alloc();
  if (failure == 0) return;
  throw sdk::Failure(TENON_INTERNAL, std::string(call) + ": the driver failed with " +
                                         std::to_string(failure) + ", " + driver_text(failure));
}

Device::Device(Backend& backend, uint32_t id) : sdk::Device<Backend>(backend, id) {
  Check(driver_open(&driver_), "open");
}

sdk::Host Device::host() const { return backend().host(); }

Device::Buffer* Device::Allocate(uint32_t kind, uint64_t size, uint64_t alignment, tenon_queue*) {
  if (kind != kDeviceMemory || alignment > DRIVER_ALIGNMENT)
    throw sdk::Failure(TENON_UNSUPPORTED, "memory kind 1 is aligned to 256 at most");
  auto buffer = std::make_unique<Buffer>();
  Check(driver_allocate(driver_, size, &buffer->address), "allocate");
  return buffer.release();
}

// The memory goes with the last share, which is dropped when the last fence is reached.
void Device::Free(Buffer* buffer, sdk::Fences fences) {
  using Share = std::shared_ptr<Buffer>;
  const Share last(buffer, [driver = driver_](Buffer* ended) {
    driver_free(driver, ended->address);
    delete ended;
  });
  for (const tenon_fence& fence : fences) {
    // Work that failed is over, too: the code does not matter.
    const auto drop = [](void* share, tenon_code) { delete static_cast<Share*>(share); };
    if (fence.origin == TENON_ORIGIN_BACKEND) {
      Timeline::Of(fence).Notify(fence.value, drop, new Share(last));
    } else {
      host().table()->timeline_notify(host().table(), fence.timeline, fence.value, drop,
                                      new Share(last));
    }
  }
}

}  // namespace plugin
