// Blocks of memory, on the host or on a device, and what is known about devices that were lost.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tenon/backend/backend.h"
#include "tenon/execution/budget.h"

namespace tenon::execution {

inline constexpr uint64_t kHostAlignment = 64;

// Where bytes are: plain host memory (device null), or one memory kind of a device.
struct MemorySpace {
  backend::Device* device = nullptr;
  uint32_t kind = TENON_MEMORY_HOST;
  bool host() const { return kind == TENON_MEMORY_HOST; }
  friend bool operator==(const MemorySpace&, const MemorySpace&) = default;
};
MemorySpace DefaultSpace(backend::Device* device);  // where a device's tensors live
std::string SpaceName(const MemorySpace& space);    // "host", "simulator"

// A range of memory as kernels and copies name it.
struct Location {
  MemorySpace space;
  tenon_buffer* buffer = nullptr;
  std::byte* data = nullptr;  // where the kind is addressable, else null
  uint64_t offset = 0;        // of the range in the buffer
};

// Owns one allocation. Immutable, so any thread may read it; the bytes belong to whoever the run
// says. Its owner keeps the device's backend alive.
class Block {
 public:
  // `what` is for messages. The charge is made before the allocation.
  static Result<std::shared_ptr<Block>> Allocate(const MemorySpace& space, uint64_t bytes,
                                                 uint64_t alignment,
                                                 const std::shared_ptr<ByteBudget>& budget,
                                                 std::string_view what);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  const MemorySpace& space() const { return space_; }
  uint64_t bytes() const { return bytes_; }
  tenon_buffer* buffer() const { return buffer_; }
  std::byte* base() const { return base_; }
  Location At(uint64_t offset) const {
    return {space_, buffer_, base_ ? base_ + offset : nullptr, offset};
  }

 private:
  Block() = default;
  MemorySpace space_;
  uint64_t bytes_ = 0;
  tenon_buffer* buffer_ = nullptr;
  std::byte* base_ = nullptr;
  Charge charge_;
};

// A queue for copies one after the other, made with the first; made anew for another device. One
// thread at a time; ends before its device.
class CopyQueue {
 public:
  CopyQueue() = default;
  ~CopyQueue();
  CopyQueue(const CopyQueue&) = delete;
  CopyQueue& operator=(CopyQueue&& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(queue_, other.queue_);
    std::swap(timeline_, other.timeline_);
    std::swap(copies_, other.copies_);
    return *this;
  }
  // Returns when the copy is done; after an error the object is only good to be destroyed.
  Status Copy(backend::Device& device, const Location& from, const Location& to, uint64_t bytes,
              uint64_t timeout_ns);

 private:
  backend::Device* device_ = nullptr;
  tenon_queue* queue_ = nullptr;
  tenon_timeline* timeline_ = nullptr;
  uint64_t copies_ = 0;
};

// Copies between any two locations and returns when it is done. A device without queue is mapped;
// one with a queue takes `queue`, or a queue of its own. `timeout_ns` limits each wait. For loading
// and for the edges of a run, not for steps.
Status CopyNow(const Location& from, const Location& to, uint64_t bytes, uint64_t timeout_ns,
               CopyQueue* queue = nullptr);

// Devices that do not come back, and what their queues may still touch. One per runtime;
// thread-safe. Device objects are ended before their backend, host memory after it: the runtime
// calls Release in between.
class Quarantine {
 public:
  ~Quarantine() { Release(); }
  void MarkLost(const backend::Device* device, std::string why);
  // kDeviceLost with the reason, or OK. Takes no lock while no device is lost.
  Status CheckAlive(const backend::Device* device) const;
  bool lost(const backend::Device* device) const { return !CheckAlive(device).ok(); }
  // Keeps `host` until the end, and calls `end_device_objects` before the backends go.
  void Keep(std::function<void()> end_device_objects, std::shared_ptr<void> host);
  void EndDeviceObjects();
  void Release();

 private:
  mutable std::mutex mutex_;
  std::atomic<bool> any_{false};
  std::unordered_map<const backend::Device*, std::string> lost_;
  std::vector<std::function<void()>> ends_;
  std::vector<std::shared_ptr<void>> host_;
};

}  // namespace tenon::execution
