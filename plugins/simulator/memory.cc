#include "memory.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "tenon/backend_api/sdk/status.h"

namespace tenon::simulator {
namespace {

constexpr const char* kNames[] = {"", "locked", "handle", "unified"};

[[noreturn]] void Fail(tenon_code code, const std::string& message) {
  throw sdk::Failure(code, message);
}

void CheckKind(uint32_t kind) {
  if (kind < kLocked || kind > kUnified) {
    Fail(TENON_INVALID_ARGUMENT,
         "there is no memory kind " + std::to_string(kind) + ": the device has 1 to 3");
  }
}

}  // namespace

tenon_memory_flags FlagsOf(uint32_t kind) {
  constexpr tenon_memory_flags kHost = TENON_MEMORY_HOST_READ | TENON_MEMORY_HOST_WRITE;
  switch (kind) {
    case kLocked:
      return kHost | TENON_MEMORY_ADDRESSABLE;
    case kUnified:
      return kHost | TENON_MEMORY_ADDRESSABLE | TENON_MEMORY_COHERENT | TENON_MEMORY_HOST_ADDRESS;
    default:
      return kHost;
  }
}

std::vector<sdk::MemoryRow> Memory::Kinds(const Options& options) {
  std::vector<sdk::MemoryRow> kinds;
  for (const uint32_t kind : {uint32_t{kLocked}, uint32_t{kHandle}, uint32_t{kUnified}}) {
    const sdk::MemoryRow row{.id = kind,
                             .name = kNames[kind],
                             .flags = FlagsOf(kind),
                             .alignment = kMemoryAlignment,
                             .ownership_granule = GranuleOf(kind),
                             .largest_allocation = options.largest_allocation,
                             .capacity = options.capacity};
    kinds.insert(options.memory == row.name ? kinds.begin() : kinds.end(), row);
  }
  return kinds;
}

Memory::~Memory() {
  const uint64_t live = live_buffers();
  if (live > 0)
    host_.Log(TENON_LOG_WARNING,
              "R4: the device is closed while " + std::to_string(live) + " buffers live");
}

std::shared_ptr<Storage> Memory::Make(uint32_t kind, uint64_t size, uint64_t alignment) const {
  alignment = std::max(alignment, kMemoryAlignment);
  switch (kind) {
    case kLocked:
      return MakeLocked(size, alignment);
    case kHandle:
      return MakeHandle(host_, size, alignment);
    default:
      return MakeUnified(size, alignment);
  }
}

Buffer* Memory::Allocate(uint32_t kind, uint64_t size, uint64_t alignment) {
  CheckKind(kind);
  if (size == 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) {
    Fail(TENON_INVALID_ARGUMENT, "allocate of " + std::to_string(size) + " bytes aligned to " +
                                     std::to_string(alignment) +
                                     ": expected a size above 0 and a power of two");
  }
  if (size > options_.largest_allocation) {
    Fail(TENON_OUT_OF_MEMORY, "allocate of " + std::to_string(size) +
                                  " bytes: the largest allocation has " +
                                  std::to_string(options_.largest_allocation));
  }
  std::shared_ptr<Storage> storage;
  {
    std::lock_guard lock(mutex_);
    ReclaimLocked();
    if (options_.capacity != 0 && usage(kind).in_use + size > options_.capacity) {
      Fail(TENON_OUT_OF_MEMORY, "allocate of " + std::to_string(size) +
                                    " bytes: " + std::to_string(usage(kind).in_use) + " of " +
                                    std::to_string(options_.capacity) +
                                    " are in use in memory kind " + kNames[kind]);
    }
    storage = TakePooled(kind, size, alignment);
  }
  if (!storage) storage = Make(kind, size, alignment);
  if (options_.poison) std::memset(storage->device(), 0xFF, size);
  auto buffer = std::make_unique<Buffer>(std::move(storage));
  std::lock_guard lock(mutex_);
  Usage& u = usage(kind);
  u.in_use += size;
  u.peak = std::max(u.peak, u.in_use);
  ++u.count;
  ++u.live;
  return buffer.release();
}

Buffer* Memory::Import(uint32_t kind, const tenon_external_memory& external) {
  CheckKind(kind);
  constexpr uintptr_t kLeastAlignment = 64;
  if (kind != kUnified || external.kind != TENON_EXTERNAL_HOST_POINTER) {
    Fail(TENON_UNSUPPORTED, std::string("import into memory kind ") + kNames[kind] +
                                ": only host pointers into unified memory");
  }
  auto* pointer = static_cast<std::byte*>(external.pointer) + external.offset;
  if (reinterpret_cast<uintptr_t>(pointer) % kLeastAlignment != 0) {
    Fail(TENON_UNSUPPORTED, "import of a pointer that is not aligned to 64 bytes");
  }
  auto buffer = std::make_unique<Buffer>(BorrowUnified(pointer, external.size));
  std::lock_guard lock(mutex_);
  ++usage(kind).live;
  usage(kind).in_use += external.size;
  return buffer.release();
}

void Memory::Free(Buffer* buffer, std::vector<Fence> fences) {
  std::unique_ptr<Buffer> owned(buffer);
  for (const Buffer::Mapping& m : owned->mappings) {
    owned->storage->Unmap(m.pointer, m.offset, m.size, m.access);
    host_.Log(TENON_LOG_WARNING, "R4: a buffer is freed while a range of it is mapped");
  }
  Pending pending{owned->storage, std::move(fences)};
  owned.reset();
  std::lock_guard lock(mutex_);
  --usage(pending.storage->kind()).live;
  pending_.push_back(std::move(pending));
  ReclaimLocked();
}

void Memory::Reclaim() {
  std::lock_guard lock(mutex_);
  ReclaimLocked();
}

void Memory::ReclaimLocked() {
  std::erase_if(pending_, [&](Pending& pending) {
    const bool reached = std::ranges::all_of(
        pending.fences, [](const Fence& fence) { return fence.timeline->Settled(fence.value); });
    if (reached) Release(std::move(pending.storage));
    return reached;
  });
}

void Memory::Release(std::shared_ptr<Storage> storage) {
  Usage& u = usage(storage->kind());
  u.in_use -= storage->size();
  storage->ownership().MarkFreed();
  // Work that still uses it keeps it alive, and fails when it comes to start.
  // What nobody uses is kept for reuse, but not more of it than one allocation may have.
  const bool unique = storage.use_count() == 1;
  if (!unique || u.pooled + storage->size() > options_.largest_allocation ||
      storage->kind() == kUnified)
    return;
  u.pooled += storage->size();
  pool_.push_back(std::move(storage));
}

std::shared_ptr<Storage> Memory::TakePooled(uint32_t kind, uint64_t size, uint64_t alignment) {
  if (alignment > kMemoryAlignment) return nullptr;
  const auto found = std::ranges::find_if(pool_, [&](const auto& storage) {
    return storage->kind() == kind && storage->size() == size;
  });
  if (found == pool_.end()) return nullptr;
  std::shared_ptr<Storage> storage = std::move(*found);
  pool_.erase(found);
  usage(kind).pooled -= size;
  storage->ownership().MarkAllocated();
  return storage;
}

void* Memory::Map(Buffer& buffer, uint64_t offset, uint64_t size, tenon_access access) {
  Storage& storage = *buffer.storage;
  if (offset > storage.size() || size > storage.size() - offset ||
      (access & ~uint32_t{TENON_ACCESS_READ_WRITE}) != 0 || access == 0) {
    Fail(TENON_INVALID_ARGUMENT, "map of " + std::to_string(size) + " bytes at " +
                                     std::to_string(offset) + " with access " +
                                     std::to_string(access) + ": the buffer has " +
                                     std::to_string(storage.size()) + " bytes");
  }
  if (const Status status = storage.ownership().Map(offset, size, access); !status.ok()) {
    Fail(static_cast<tenon_code>(status.code()), std::string(status.message()));
  }
  void* pointer = nullptr;
  try {
    pointer = storage.Map(offset, size, access);
  } catch (...) {
    storage.ownership().Unmap(offset, size, access);
    throw;
  }
  std::lock_guard lock(buffer.mutex);
  buffer.mappings.push_back({pointer, offset, size, access});
  return pointer;
}

void Memory::Unmap(Buffer& buffer, void* pointer) {
  Buffer::Mapping mapping{};
  {
    std::lock_guard lock(buffer.mutex);
    const auto found = std::find_if(buffer.mappings.rbegin(), buffer.mappings.rend(),
                                    [&](const Buffer::Mapping& m) { return m.pointer == pointer; });
    if (found == buffer.mappings.rend()) {
      Fail(TENON_INVALID_ARGUMENT, "unmap of a pointer that is no mapping of the buffer");
    }
    mapping = *found;
    buffer.mappings.erase(std::next(found).base());
  }
  buffer.storage->Unmap(mapping.pointer, mapping.offset, mapping.size, mapping.access);
  buffer.storage->ownership().Unmap(mapping.offset, mapping.size, mapping.access);
}

void Memory::Stats(uint32_t kind, tenon_memory_stats& out) const {
  CheckKind(kind);
  std::lock_guard lock(mutex_);
  const Usage& u = usage_[kind];
  out.bytes_in_use = u.in_use;
  out.bytes_reserved = u.in_use + u.pooled;
  out.peak_bytes_in_use = u.peak;
  out.allocation_count = u.count;
}

void Memory::Trim() {
  std::lock_guard lock(mutex_);
  ReclaimLocked();
  pool_.clear();
  for (Usage& u : usage_) u.pooled = 0;
}

uint64_t Memory::live_buffers() const {
  std::lock_guard lock(mutex_);
  uint64_t live = 0;
  for (const Usage& u : usage_) live += u.live;
  return live;
}

}  // namespace tenon::simulator
