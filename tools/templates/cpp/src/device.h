// The device as the ABI wants it, over driver.h: the interfaces "device", "memory" and "queue".
#pragma once

#include <condition_variable>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <vector>

#include "driver.h"
#include "tenon/backend_api/sdk/sdk.h"

namespace plugin {

namespace sdk = tenon::sdk;

class Backend;

inline constexpr uint32_t kDeviceMemory = 1;  // id of the memory kind
inline constexpr const char* kDeviceName = "my_npu:0";
// Changes when artifacts made before can't be loaded any more.
inline constexpr const char* kFingerprint = "my_npu-1";

// Throws where the driver failed.
void Check(int failure, const char* call);

class Device : public sdk::Device<Backend> {
 public:
  struct Buffer {
    driver_address address;
  };
  class Timeline;
  class Queue;

  Device(Backend& backend, uint32_t id);
  ~Device() { driver_close(driver_); }
  static Device& Of(tenon_device* device) { return *reinterpret_cast<Device*>(device); }
  sdk::Host host() const;
  driver_device* driver() const { return driver_; }

  Buffer* Allocate(uint32_t kind, uint64_t size, uint64_t alignment, tenon_queue*);
  void* Base(Buffer&) const { return nullptr; }  // the kind is not addressable
  void Free(Buffer* buffer, sdk::Fences fences);

 private:
  driver_device* driver_ = nullptr;
};

// A timeline lives on the host. Where your driver has semaphores that devices wait for by themselves, it becomes one.
class Device::Timeline {
 public:
  using Reached = void (*)(void* context, tenon_code code);
  explicit Timeline(Device& device) : host_(device.host()) {}
  static Timeline& Of(const tenon_fence& fence) {
    return *reinterpret_cast<Timeline*>(fence.timeline);
  }

  tenon_status Query(uint64_t& out_value);
  tenon_status Wait(uint64_t value, uint64_t timeout_ns);
  void Notify(uint64_t value, Reached reached, void* context);
  // Sets the value or, where the code is not OK, fails the timeline for ever; then calls who waited.
  void Advance(uint64_t value, tenon_code failure);

 private:
  struct Waiter {
    uint64_t value;
    Reached reached;
    void* context;
  };
  tenon_status Failed() const;
  const sdk::Host host_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t value_ = 0;
  tenon_code failure_ = TENON_OK;
  std::vector<Waiter> waiters_;
};

class Device::Queue {
 public:
  explicit Queue(Device& device);
  ~Queue() { driver_stream_destroy(stream_); }  // work under way goes on
  sdk::Host host() const { return device_.host(); }

  void Wait(sdk::Fences fences);
  void Signal(sdk::Fences fences);
  void Submit() {}  // streams begin by themselves
  void Copy(const tenon_location& source, const tenon_location& destination, uint64_t size);
  void Fill(const tenon_location& destination, uint64_t size, const void* pattern,
            uint32_t pattern_size);

  // What kernels call: puts device code on the stream.
  template <typename Parameters>
  void Launch(driver_function function, std::initializer_list<driver_address> buffers,
              const Parameters& parameters) {
    Check(driver_launch(stream_, function, buffers.begin(), static_cast<uint32_t>(buffers.size()),
                        &parameters, sizeof parameters),
          "launch");
  }

 private:
  Device& device_;
  driver_stream* stream_ = nullptr;
};

// Where an argument's data is on the device.
template <typename T>
driver_address AddressOf(const sdk::Tensor<T>& tensor) {
  return tensor.template buffer<Device::Buffer>()->address + tensor.offset();
}

}  // namespace plugin
