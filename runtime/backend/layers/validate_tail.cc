#include "layers/validate_tail.h"

#include <algorithm>
#include <cstring>

#include "layers/validate_state.h"

namespace tenon::backend::validate {
namespace {

constexpr uint64_t kTail = 4096;
constexpr unsigned char kPattern = 0xC5;

unsigned char* TailOf(const Buffer& buffer) {
  return static_cast<unsigned char*>(buffer.base) + buffer.size;
}

}  // namespace

uint64_t TailFor(const tenon_memory_kind& kind, uint64_t size) {
  constexpr tenon_memory_flags kNeeded = TENON_MEMORY_HOST_READ | TENON_MEMORY_HOST_WRITE |
                                         TENON_MEMORY_COHERENT | TENON_MEMORY_ADDRESSABLE |
                                         TENON_MEMORY_HOST_ADDRESS;
  const bool room = kind.largest_allocation >= kTail && size <= kind.largest_allocation - kTail;
  return (kind.flags & kNeeded) == kNeeded && room && kind.capacity == 0 ? kTail : 0;
}

void MendTail(const Buffer& buffer) {
  if (buffer.tail) std::memset(TailOf(buffer), kPattern, buffer.tail);
}

bool TailIsIntact(const Buffer& buffer) {
  const unsigned char* tail = buffer.tail ? TailOf(buffer) : nullptr;
  return std::all_of(tail, tail + buffer.tail, [](unsigned char c) { return c == kPattern; });
}

void TailSums::Add(const Buffer& buffer) {
  asked += buffer.size;
  added += buffer.tail;
  most_asked = std::max(most_asked, asked);
  most_both = std::max(most_both, asked + added);
}
void TailSums::Remove(const Buffer& buffer) {
  asked -= buffer.size;
  added -= buffer.tail;
}

void TailSums::Hide(tenon_memory_stats* stats) const {
  const auto less = [](uint64_t bytes, uint64_t by) { return bytes - std::min(bytes, by); };
  const bool in_order = stats->bytes_in_use <= stats->peak_bytes_in_use;
  stats->bytes_in_use = less(stats->bytes_in_use, added);
  stats->bytes_reserved = less(stats->bytes_reserved, added);
  stats->peak_bytes_in_use = less(stats->peak_bytes_in_use, most_both - most_asked);
  if (in_order) stats->peak_bytes_in_use = std::max(stats->peak_bytes_in_use, stats->bytes_in_use);
}

}  // namespace tenon::backend::validate
