// Placing buffers in the arena of one memory. A buffer has a size and an interval of steps; two
// whose intervals overlap must not share bytes. An arena is a list of blocks, none larger than the
// memory allows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tenon/program/plan.h"

namespace tenon::program {

inline uint64_t AlignUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

struct Buffer {
  uint64_t bytes = 0;      // aligned, not 0
  uint64_t alignment = 1;  // a power of two
  uint32_t first = 0, last = 0;
  Placement place;  // out
};

// Best fit in the order of time: free ranges of each block, by offset. One pass, nearly linear.
class FreeRanges {
 public:
  explicit FreeRanges(uint64_t largest_block) : largest_(largest_block) {}
  // Adds a block that is there already, free, and stays as it is.
  void AddFixed(uint64_t bytes, uint64_t alignment);
  // Takes a range of a fixed block that is free.
  void Occupy(const Placement& place);
  // bytes is at most the largest block.
  void Take(uint64_t bytes, uint64_t alignment, Placement* out_place);
  void Give(const Placement& place);
  std::vector<uint64_t> block_bytes() const;

 private:
  struct Range {
    uint64_t begin, end;
  };
  struct Block {
    std::vector<Range> free;       // by offset, never touching
    uint64_t end = 0;              // bytes used so far
    uint64_t fixed_alignment = 0;  // of a fixed block, else 0
  };
  bool TakeFree(uint64_t bytes, uint64_t alignment, Placement* out_place);
  static void Cut(std::vector<Range>* free, size_t range, uint64_t begin, uint64_t end);
  bool Extend(Block* block, uint64_t bytes, uint64_t alignment, uint64_t* out_offset);
  uint64_t largest_;
  std::vector<Block> blocks_;
};

// Offsets for `buffers` in the order `order` (indices), each into the gap chosen by `best_fit` (the
// smallest that holds it) or else the lowest, among the buffers whose time overlaps. Quadratic.
// (Pisarchyk and Lee, arXiv 2001.03288: greedy by size is this with the order of sizes.) Gives the
// sizes of the blocks.
std::vector<uint64_t> PlaceInOrder(std::span<Buffer> buffers, std::span<const uint32_t> order,
                                   uint64_t largest_block, bool best_fit);

// Tries several orders and keeps what needs the least memory; stops early at `lower_bound`.
// `current`, with the places that the buffers have, is kept where nothing is smaller.
std::vector<uint64_t> PlaceThoroughly(std::span<Buffer> buffers, uint64_t largest_block,
                                      uint64_t lower_bound, std::vector<uint64_t> current);

}  // namespace tenon::program
