// Memory of values whose sizes are data, in one run context. Blocks are kept from run to run, and one
// serves again, also within a run, when the value that it held has no use any more: what is held is
// about what the largest run needed at once. One run at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tenon/execution/memory.h"

namespace tenon::execution {

class SizedBlocks {
 public:
  // All queues are done with what the run before used.
  void BeginRun();
  // A place in `space` that is taken from step `now` to step `last`. No bytes: nowhere.
  Result<Location> Take(const MemorySpace& space, uint64_t bytes, uint64_t alignment, uint32_t now,
                        uint32_t last, const std::shared_ptr<ByteBudget>& budget);
  const std::vector<std::shared_ptr<Block>>& blocks() const { return blocks_; }
  const std::vector<std::shared_ptr<Block>>& retired() const { return retired_; }

 private:
  // The free block that serves best: the smallest that is large enough, else the largest. -1: none.
  int FindFree(const MemorySpace& space, uint64_t bytes, uint32_t now) const;

  std::vector<std::shared_ptr<Block>> blocks_;
  std::vector<uint32_t> free_from_;              // by block: the first step that may take it
  std::vector<std::shared_ptr<Block>> retired_;  // replaced in this run: queues may still use them
};

}  // namespace tenon::execution
