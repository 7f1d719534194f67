// The device of the example: memory of its own, in which the host lays out the tensors. Freed
// blocks are kept and given again to allocations of the same size. The backend has no queue, so a
// block is free as soon as the host says so.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include "tenon/backend_api/sdk/sdk.h"

namespace example {

namespace sdk = tenon::sdk;

inline constexpr uint32_t kPool = 1;  // id of the memory kind

template <typename Backend>
class Device : public sdk::Device<Backend> {
 public:
  using sdk::Device<Backend>::Device;
  ~Device() {
    this->host().Log(TENON_LOG_DEBUG, "pool: " + std::to_string(allocations_) + " allocations, " +
                                          std::to_string(peak_) + " bytes at most, " +
                                          std::to_string(in_use_) + " bytes in use");
    Trim();
  }

  struct Buffer {
    void* base;
    uint64_t size;
  };

  Buffer* Allocate(uint32_t, uint64_t size, uint64_t alignment, tenon_queue*) {
    if (alignment > kAlignment)
      throw sdk::Failure(TENON_UNSUPPORTED, "the pool aligns to 64 bytes at most");
    const std::lock_guard lock(mutex_);
    Buffer* buffer = Reuse(size);
    if (!buffer) {
      buffer = new Buffer{::operator new(size, std::align_val_t(kAlignment)), size};
      reserved_ += size;
    }
    in_use_ += size;
    peak_ = std::max(peak_, in_use_);
    ++allocations_;
    return buffer;
  }
  void* Base(Buffer& buffer) const { return buffer.base; }
  void Free(Buffer* buffer, sdk::Fences) {
    const std::lock_guard lock(mutex_);
    in_use_ -= buffer->size;
    free_[buffer->size].push_back(buffer);
  }
  void Trim() {
    const std::lock_guard lock(mutex_);
    for (const auto& [size, buffers] : free_) {
      for (Buffer* buffer : buffers) {
        ::operator delete(buffer->base, std::align_val_t(kAlignment));
        delete buffer;
        reserved_ -= size;
      }
    }
    free_.clear();
  }
  void Stats(uint32_t, tenon_memory_stats& stats) {
    const std::lock_guard lock(mutex_);
    stats.bytes_in_use = in_use_;
    stats.bytes_reserved = reserved_;
    stats.peak_bytes_in_use = peak_;
    stats.allocation_count = allocations_;
  }

  static constexpr uint64_t kAlignment = 64;

 private:
  Buffer* Reuse(uint64_t size) {
    const auto kept = free_.find(size);
    if (kept == free_.end() || kept->second.empty()) return nullptr;
    Buffer* buffer = kept->second.back();
    kept->second.pop_back();
    return buffer;
  }

  std::mutex mutex_;
  std::map<uint64_t, std::vector<Buffer*>> free_;  // by size
  uint64_t in_use_ = 0, reserved_ = 0, peak_ = 0, allocations_ = 0;
};

}  // namespace example
