#include "ownership.h"

#include <algorithm>
#include <string>

namespace tenon::simulator {
namespace {

std::string Text(const Range& range) {
  return "[" + std::to_string(range.begin) + ", " + std::to_string(range.end) + ")";
}

}  // namespace

Range Ownership::Granules(uint64_t offset, uint64_t size) const {
  return {offset / granule_ * granule_, (offset + size + granule_ - 1) / granule_ * granule_};
}

Status Ownership::Map(uint64_t offset, uint64_t size, tenon_access access) {
  const Range range{offset, offset + size};
  std::lock_guard lock(mutex_);
  for (const Mapping& other : mapped_) {
    if (((other.access | access) & TENON_ACCESS_WRITE) == 0 || !range.Overlaps(other.range))
      continue;
    return Status(Code::kFailedPrecondition, "map of bytes " + Text(range) +
                                                 " overlaps the mapping of " + Text(other.range) +
                                                 " and one of them is for writing");
  }
  for (const Range& used : pinned_) {
    if (coherent_ || !Granules(offset, size).Overlaps(Granules(used.begin, used.end - used.begin)))
      continue;
    return Status(Code::kFailedPrecondition, "map of bytes " + Text(range) +
                                                 " while work on a queue uses " + Text(used) +
                                                 " (granule " + std::to_string(granule_) +
                                                 "): map with the fence of that work");
  }
  mapped_.push_back({range, access});
  return {};
}

void Ownership::Unmap(uint64_t offset, uint64_t size, tenon_access access) {
  std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(mapped_, [&](const Mapping& m) {
    return m.range.begin == offset && m.range.end == offset + size && m.access == access;
  });
  if (found != mapped_.end()) mapped_.erase(found);
}

Status Ownership::Pin(uint64_t offset, uint64_t size) {
  const Range range{offset, offset + size};
  std::lock_guard lock(mutex_);
  if (freed_) {
    return Status(
        Code::kFailedPrecondition,
        "the buffer was freed before this work: free takes the fences behind which it may go");
  }
  for (const Mapping& mapping : mapped_) {
    const Range theirs = Granules(mapping.range.begin, mapping.range.end - mapping.range.begin);
    if (coherent_ || !Granules(offset, size).Overlaps(theirs)) continue;
    return Status(Code::kFailedPrecondition,
                  "bytes " + Text(range) + " belong to the host, which has mapped " +
                      Text(mapping.range) + " (granule " + std::to_string(granule_) +
                      "): unmap before work that uses them starts");
  }
  pinned_.push_back(range);
  return {};
}

void Ownership::Unpin(uint64_t offset, uint64_t size) {
  std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(
      pinned_, [&](const Range& r) { return r.begin == offset && r.end == offset + size; });
  if (found != pinned_.end()) pinned_.erase(found);
}

void Ownership::MarkFreed() {
  std::lock_guard lock(mutex_);
  freed_ = true;
}

void Ownership::MarkAllocated() {
  std::lock_guard lock(mutex_);
  freed_ = false;
}

}  // namespace tenon::simulator
