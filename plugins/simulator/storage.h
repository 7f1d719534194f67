// The bytes of one allocation, in one of the three memory kinds: memory_locked.cc,
// memory_handle.cc, memory_unified.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "ownership.h"
#include "tenon/backend_api/sdk/host.h"

namespace tenon::simulator {

// Ids of the memory kinds.
enum MemoryKind : uint32_t { kLocked = 1, kHandle = 2, kUnified = 3 };
inline constexpr uint64_t kMemoryAlignment = 256;
uint64_t GranuleOf(uint32_t kind);
tenon_memory_flags FlagsOf(uint32_t kind);

class Storage {
 public:
  Storage(uint32_t kind, uint64_t size)
      : kind_(kind),
        size_(size),
        ownership_(GranuleOf(kind), (FlagsOf(kind) & TENON_MEMORY_COHERENT) != 0) {}
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  virtual ~Storage() = default;

  uint32_t kind() const { return kind_; }
  uint64_t size() const { return size_; }
  Ownership& ownership() { return ownership_; }

  // What queues read and write.
  virtual std::byte* device() const = 0;
  // What the host gets to see of it; NULL where the kind is not addressable.
  virtual std::byte* base() const = 0;
  // Lets the host at a range, which it owns already. Throws.
  virtual void* Map(uint64_t offset, uint64_t size, tenon_access access) = 0;
  virtual void Unmap(void* pointer, uint64_t offset, uint64_t size, tenon_access access) = 0;

 private:
  const uint32_t kind_;
  const uint64_t size_;
  Ownership ownership_;
};

// Each throws std::bad_alloc or sdk::Failure. alignment is at least kMemoryAlignment.
std::shared_ptr<Storage> MakeLocked(uint64_t size, uint64_t alignment);
std::shared_ptr<Storage> MakeHandle(sdk::Host host, uint64_t size, uint64_t alignment);
std::shared_ptr<Storage> MakeUnified(uint64_t size, uint64_t alignment);
// Over the host's memory, which stays the host's.
std::shared_ptr<Storage> BorrowUnified(void* pointer, uint64_t size);

}  // namespace tenon::simulator
