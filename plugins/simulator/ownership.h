// Who owns which bytes of an allocation: what the host has mapped, and what work on a queue uses
// right now. A memory kind that is not coherent allows one or the other for each granule; the
// simulator refuses instead of corrupting. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "tenon/backend_api/backend.h"
#include "tenon/operators/status.h"

namespace tenon::simulator {

struct Range {
  uint64_t begin, end;
  bool Overlaps(const Range& other) const { return begin < other.end && other.begin < end; }
};

class Ownership {
 public:
  Ownership(uint64_t granule, bool coherent) : granule_(granule), coherent_(coherent) {}

  // The range in whole granules.
  Range Granules(uint64_t offset, uint64_t size) const;

  // The host takes and gives back a range. kFailedPrecondition where work uses a granule of it, or
  // where two mappings overlap and one of them writes.
  Status Map(uint64_t offset, uint64_t size, tenon_access access);
  void Unmap(uint64_t offset, uint64_t size, tenon_access access);

  // Work takes and gives back a range, as often as it uses it. kFailedPrecondition where the host
  // has mapped a granule of it, or where the allocation has been freed.
  Status Pin(uint64_t offset, uint64_t size);
  void Unpin(uint64_t offset, uint64_t size);

  void MarkFreed();
  void MarkAllocated();  // again, from a pool

 private:
  struct Mapping {
    Range range;  // as asked for
    tenon_access access;
  };
  const uint64_t granule_;
  const bool coherent_;
  std::mutex mutex_;
  bool freed_ = false;
  std::vector<Mapping> mapped_;
  std::vector<Range> pinned_;
};

}  // namespace tenon::simulator
