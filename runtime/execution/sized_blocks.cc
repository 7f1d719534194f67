#include "sized_blocks.h"

#include <algorithm>

namespace tenon::execution {

void SizedBlocks::BeginRun() {
  std::ranges::fill(free_from_, 0);
  retired_.clear();
}

int SizedBlocks::FindFree(const MemorySpace& space, uint64_t bytes, uint32_t now) const {
  int best = -1;
  for (int b = 0; b < static_cast<int>(blocks_.size()); ++b) {
    const Block& block = *blocks_[static_cast<size_t>(b)];
    if (!(block.space() == space) || free_from_[static_cast<size_t>(b)] > now) continue;
    if (best < 0) {
      best = b;
      continue;
    }
    const uint64_t have = blocks_[static_cast<size_t>(best)]->bytes(), other = block.bytes();
    const bool better = have < bytes ? other > have : other >= bytes && other < have;
    if (better) best = b;
  }
  return best;
}

Result<Location> SizedBlocks::Take(const MemorySpace& space, uint64_t bytes, uint64_t alignment,
                                   uint32_t now, uint32_t last,
                                   const std::shared_ptr<ByteBudget>& budget) {
  if (bytes == 0) return Location{space, nullptr, nullptr, 0};
  const int found = FindFree(space, bytes, now);
  const auto index = found < 0 ? blocks_.size() : static_cast<size_t>(found);
  if (found < 0 || blocks_[index]->bytes() < bytes) {
    // A size that grew is expected to grow on.
    const uint64_t more = found < 0 ? bytes : bytes + bytes / 4;
    if (found >= 0) {
      retired_.push_back(std::move(blocks_[index]));
      blocks_.erase(blocks_.begin() + found);
      free_from_.erase(free_from_.begin() + found);
    }
    auto made =
        Block::Allocate(space, more, alignment, budget, "a value whose size depends on data");
    if (!made.ok() && more > bytes)
      made = Block::Allocate(space, bytes, alignment, budget, "a value whose size depends on data");
    TENON_ASSIGN(auto block, std::move(made));
    blocks_.push_back(std::move(block));
    free_from_.push_back(last + 1);
    return blocks_.back()->At(0);
  }
  free_from_[index] = last + 1;
  return blocks_[index]->At(0);
}

}  // namespace tenon::execution
