#include "arena.h"

#include <algorithm>
#include <numeric>

namespace tenon::program {
namespace {

uint64_t Sum(const std::vector<uint64_t>& blocks) {
  return std::accumulate(blocks.begin(), blocks.end(), uint64_t{0});
}

}  // namespace

void FreeRanges::AddFixed(uint64_t bytes, uint64_t alignment) {
  Block& block = blocks_.emplace_back();
  block.end = bytes;
  block.fixed_alignment = alignment;
  if (bytes != 0) block.free = {{0, bytes}};
}

void FreeRanges::Occupy(const Placement& place) {
  std::vector<Range>& free = blocks_[place.block].free;
  size_t range = 0;
  while (free[range].end <= place.offset) ++range;
  Cut(&free, range, place.offset, place.offset + place.bytes);
}

// Takes [begin, end) out of a free range that holds it.
void FreeRanges::Cut(std::vector<Range>* free, size_t range, uint64_t begin, uint64_t end) {
  Range& from = (*free)[range];
  if (from.begin < begin && end < from.end) {
    const Range rest = {end, from.end};
    from.end = begin;
    free->insert(free->begin() + static_cast<ptrdiff_t>(range) + 1, rest);
  } else if (from.begin < begin) {
    from.end = begin;
  } else if (end < from.end) {
    from.begin = end;
  } else {
    free->erase(free->begin() + static_cast<ptrdiff_t>(range));
  }
}

void FreeRanges::Take(uint64_t bytes, uint64_t alignment, Placement* out_place) {
  if (TakeFree(bytes, alignment, out_place)) return;
  for (uint32_t b = 0; b < blocks_.size(); ++b) {
    if (!Extend(&blocks_[b], bytes, alignment, &out_place->offset)) continue;
    out_place->block = b;
    return;
  }
  blocks_.emplace_back().end = bytes;
  out_place->block = static_cast<uint32_t>(blocks_.size() - 1);
  out_place->offset = 0;
}

bool FreeRanges::TakeFree(uint64_t bytes, uint64_t alignment, Placement* out_place) {
  uint64_t best = UINT64_MAX;
  size_t best_range = 0;
  for (uint32_t b = 0; b < blocks_.size(); ++b) {
    const std::vector<Range>& free = blocks_[b].free;
    if (blocks_[b].fixed_alignment != 0 && blocks_[b].fixed_alignment < alignment) continue;
    for (size_t r = 0; r < free.size(); ++r) {
      const uint64_t size = free[r].end - free[r].begin;
      if (size < bytes || size >= best || AlignUp(free[r].begin, alignment) + bytes > free[r].end)
        continue;
      best = size;
      best_range = r;
      out_place->block = b;
    }
  }
  if (best == UINT64_MAX) return false;
  std::vector<Range>& free = blocks_[out_place->block].free;
  out_place->offset = AlignUp(free[best_range].begin, alignment);
  Cut(&free, best_range, out_place->offset, out_place->offset + bytes);
  return true;
}

bool FreeRanges::Extend(Block* block, uint64_t bytes, uint64_t alignment, uint64_t* out_offset) {
  if (block->fixed_alignment != 0) return false;
  const bool open = !block->free.empty() && block->free.back().end == block->end;
  const uint64_t from = open ? block->free.back().begin : block->end;
  const uint64_t begin = AlignUp(from, alignment);
  if (begin > largest_ || largest_ - begin < bytes) return false;
  if (open)
    block->free.back().end = begin;
  else if (begin > from)
    block->free.push_back({from, begin});
  if (open && block->free.back().begin == begin) block->free.pop_back();
  block->end = begin + bytes;
  *out_offset = begin;
  return true;
}

void FreeRanges::Give(const Placement& place) {
  std::vector<Range>& free = blocks_[place.block].free;
  const uint64_t begin = place.offset, end = begin + place.bytes;
  auto next = std::lower_bound(free.begin(), free.end(), begin,
                               [](const Range& r, uint64_t at) { return r.begin < at; });
  const bool joins_previous = next != free.begin() && std::prev(next)->end == begin;
  const bool joins_next = next != free.end() && next->begin == end;
  if (joins_previous && joins_next) {
    std::prev(next)->end = next->end;
    free.erase(next);
  } else if (joins_previous) {
    std::prev(next)->end = end;
  } else if (joins_next) {
    next->begin = begin;
  } else {
    free.insert(next, {begin, end});
  }
}

std::vector<uint64_t> FreeRanges::block_bytes() const {
  std::vector<uint64_t> bytes;
  for (const Block& block : blocks_) bytes.push_back(block.end);
  return bytes;
}

namespace {

// The offset for `buffer` in one block whose buffers `placed` (sorted by offset) may overlap it in
// time; UINT64_MAX where it does not fit. `out_waste`: what is left of the gap, 0 at the end of the
// block.
uint64_t FindGap(const Buffer& buffer, std::span<const Buffer> buffers,
                 std::span<const uint32_t> placed, uint64_t largest_block, bool best_fit,
                 uint64_t* out_waste) {
  uint64_t end = 0, best = UINT64_MAX;
  *out_waste = UINT64_MAX;
  for (uint32_t index : placed) {
    const Buffer& other = buffers[index];
    if (other.last < buffer.first || buffer.last < other.first) continue;
    const uint64_t begin = AlignUp(end, buffer.alignment);
    if (begin + buffer.bytes <= other.place.offset) {
      const uint64_t waste = other.place.offset - end - buffer.bytes;
      if (waste < *out_waste) {
        *out_waste = waste;
        best = begin;
      }
      if (!best_fit) return best;
    }
    end = std::max(end, other.place.offset + other.place.bytes);
  }
  if (best != UINT64_MAX) return best;
  const uint64_t begin = AlignUp(end, buffer.alignment);
  return begin <= largest_block && largest_block - begin >= buffer.bytes ? begin : UINT64_MAX;
}

}  // namespace

std::vector<uint64_t> PlaceInOrder(std::span<Buffer> buffers, std::span<const uint32_t> order,
                                   uint64_t largest_block, bool best_fit) {
  std::vector<std::vector<uint32_t>> placed;  // by block, sorted by offset
  std::vector<uint64_t> block_bytes;
  for (uint32_t index : order) {
    Buffer& buffer = buffers[index];
    buffer.place = {kNone, 0, buffer.bytes, 0};
    for (uint32_t b = 0; b < placed.size() && buffer.place.block == kNone; ++b) {
      uint64_t waste;
      const uint64_t offset = FindGap(buffer, buffers, placed[b], largest_block, best_fit, &waste);
      if (offset != UINT64_MAX) buffer.place = {b, offset, buffer.bytes, 0};
    }
    if (buffer.place.block == kNone) {
      buffer.place = {static_cast<uint32_t>(placed.size()), 0, buffer.bytes, 0};
      placed.emplace_back();
      block_bytes.push_back(0);
    }
    std::vector<uint32_t>& block = placed[buffer.place.block];
    const auto at = std::ranges::upper_bound(block, buffer.place.offset, {},
                                             [&](uint32_t i) { return buffers[i].place.offset; });
    block.insert(at, index);
    uint64_t& bytes = block_bytes[buffer.place.block];
    bytes = std::max(bytes, buffer.place.offset + buffer.bytes);
  }
  return block_bytes;
}

namespace {

using Order = std::vector<uint32_t>;

Order BySize(std::span<const Buffer> buffers) {
  Order order(buffers.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, [&](uint32_t a, uint32_t b) {
    const Buffer &x = buffers[a], &y = buffers[b];
    if (x.bytes != y.bytes) return x.bytes > y.bytes;
    return x.last - x.first > y.last - y.first;
  });
  return order;
}

Order BySizeAndTime(std::span<const Buffer> buffers) {
  Order order(buffers.size());
  std::iota(order.begin(), order.end(), 0u);
  auto area = [&](uint32_t i) {
    return static_cast<double>(buffers[i].bytes) * (buffers[i].last - buffers[i].first + 1);
  };
  std::ranges::stable_sort(order, [&](uint32_t a, uint32_t b) { return area(a) > area(b); });
  return order;
}

// Buffers of the steps with the most bytes alive first (greedy by breadth).
Order ByBreadth(std::span<const Buffer> buffers) {
  uint32_t steps = 0;
  for (const Buffer& buffer : buffers) steps = std::max(steps, buffer.last + 2);
  std::vector<int64_t> alive(steps, 0);
  for (const Buffer& buffer : buffers) {
    alive[buffer.first] += static_cast<int64_t>(buffer.bytes);
    alive[buffer.last + 1] -= static_cast<int64_t>(buffer.bytes);
  }
  std::partial_sum(alive.begin(), alive.end(), alive.begin());
  std::vector<int64_t> peak(buffers.size());
  for (size_t i = 0; i < buffers.size(); ++i) {
    peak[i] =
        *std::max_element(alive.begin() + buffers[i].first, alive.begin() + buffers[i].last + 1);
  }
  Order order(buffers.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, [&](uint32_t a, uint32_t b) {
    if (peak[a] != peak[b]) return peak[a] > peak[b];
    return buffers[a].bytes > buffers[b].bytes;
  });
  return order;
}

// Moves what stands at the end of the arena to the front of the order, and tries again: a search
// with a bound on its work, the same each time.
constexpr int kRounds = 60;
constexpr size_t kManyBuffers = 1500;  // beyond, quadratic placement is tried once

}  // namespace

std::vector<uint64_t> PlaceThoroughly(std::span<Buffer> buffers, uint64_t largest_block,
                                      uint64_t lower_bound, std::vector<uint64_t> current) {
  std::vector<uint64_t> best = std::move(current);
  std::vector<Placement> best_places(buffers.size());
  auto keep = [&] {
    for (size_t i = 0; i < buffers.size(); ++i) best_places[i] = buffers[i].place;
  };
  keep();
  Order best_order;
  auto attempt = [&](const Order& order, bool best_fit) {
    std::vector<uint64_t> blocks = PlaceInOrder(buffers, order, largest_block, best_fit);
    if (Sum(blocks) >= Sum(best)) return false;
    best = std::move(blocks);
    best_order = order;
    keep();
    return true;
  };
  const Order by_size = BySize(buffers);
  attempt(by_size, true);
  if (buffers.size() <= kManyBuffers) {
    for (const Order& order : {ByBreadth(buffers), BySizeAndTime(buffers)}) {
      if (Sum(best) > lower_bound) attempt(order, true);
      if (Sum(best) > lower_bound) attempt(order, false);
    }
    if (Sum(best) > lower_bound) attempt(by_size, false);
    Order order = best_order.empty() ? by_size : best_order;
    for (int round = 0; round < kRounds && Sum(best) > lower_bound; ++round) {
      size_t top = 0;
      for (size_t at = 1; at < order.size(); ++at) {
        const Placement &a = buffers[order[at]].place, &b = buffers[order[top]].place;
        if (a.offset + a.bytes > b.offset + b.bytes) top = at;
      }
      if (top == 0) break;
      const size_t to = top / 2;
      std::rotate(order.begin() + static_cast<ptrdiff_t>(to),
                  order.begin() + static_cast<ptrdiff_t>(top),
                  order.begin() + static_cast<ptrdiff_t>(top) + 1);
      attempt(order, round % 2 == 0);
    }
  }
  for (size_t i = 0; i < buffers.size(); ++i) buffers[i].place = best_places[i];
  return best;
}

}  // namespace tenon::program
