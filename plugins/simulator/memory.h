// The memory of a device: allocations in three kinds, mappings, frees that wait for their fences, a
// pool for reuse. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "options.h"
#include "storage.h"
#include "timeline.h"

namespace tenon::simulator {

// What tenon_buffer points to.
struct Buffer {
  struct Mapping {
    void* pointer;
    uint64_t offset, size;
    tenon_access access;
  };
  explicit Buffer(std::shared_ptr<Storage> its_storage) : storage(std::move(its_storage)) {}

  const std::shared_ptr<Storage> storage;  // work on a queue keeps it, too
  std::mutex mutex;
  std::vector<Mapping> mappings;
};

class Memory {
 public:
  Memory(sdk::Host host, const Options& options) : host_(host), options_(options) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory();

  // Facts of the three kinds, the one of the option `memory` first.
  static std::vector<sdk::MemoryRow> Kinds(const Options& options);

  Buffer* Allocate(uint32_t kind, uint64_t size, uint64_t alignment);
  Buffer* Import(uint32_t kind, const tenon_external_memory& external);
  // Ends the buffer; its memory goes once the fences are reached.
  void Free(Buffer* buffer, std::vector<Fence> fences);
  void* Map(Buffer& buffer, uint64_t offset, uint64_t size, tenon_access access);
  void Unmap(Buffer& buffer, void* pointer);
  void Stats(uint32_t kind, tenon_memory_stats& out) const;
  void Trim();
  // Lets go what was freed and whose fences are reached.
  void Reclaim();

  uint64_t live_buffers() const;

 private:
  struct Pending {
    std::shared_ptr<Storage> storage;
    std::vector<Fence> fences;
  };
  struct Usage {
    uint64_t in_use = 0, pooled = 0, peak = 0, count = 0, live = 0;
  };
  Usage& usage(uint32_t kind) { return usage_[kind]; }
  std::shared_ptr<Storage> Make(uint32_t kind, uint64_t size, uint64_t alignment) const;
  // With the lock held:
  std::shared_ptr<Storage> TakePooled(uint32_t kind, uint64_t size, uint64_t alignment);
  void Release(std::shared_ptr<Storage> storage);
  void ReclaimLocked();

  const sdk::Host host_;
  const Options& options_;
  mutable std::mutex mutex_;
  std::array<Usage, 4> usage_{};
  std::vector<Pending> pending_;
  std::vector<std::shared_ptr<Storage>> pool_;
};

}  // namespace tenon::simulator
