// What is known of the order of work: which points of which queues are done for sure. A point is
// the number of a call that enqueued something. Nothing is asked of the backend: only what the host
// has waited for, queried or been told counts. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "tenon/backend_api/backend.h"

namespace tenon::backend::validate {

struct Device;

class FenceBook {
 public:
  uint64_t AddQueue();
  // Timelines of the backend.
  bool AddTimeline(tenon_timeline* timeline, const Device* device);  // false: it is there already
  bool Knows(tenon_timeline* timeline, const Device* device = nullptr) const;  // null: of any
  // Ends one: 0, or the number of signals that may be pending; -1 where it is unknown.
  int64_t RemoveTimeline(tenon_timeline* timeline);
  int64_t TimelinesOf(const Device* device) const;

  // A point of the queue, for work that is being enqueued.
  uint64_t Enqueue(uint64_t queue);
  void Wait(uint64_t queue, const tenon_fence& fence);
  // False where the value is not above the last one that was to be signalled.
  bool Signal(uint64_t queue, const tenon_fence& fence);
  // The call that was to signal has failed.
  void Unsignal(uint64_t queue, const tenon_fence& fence);

  // The host knows that the timeline has reached the value, or failed (UINT64_MAX).
  void Reached(tenon_timeline* timeline, uint64_t value);
  // Whether something was to signal the value, or a higher one; true where it is unknown.
  bool MayReach(tenon_timeline* timeline, uint64_t value) const;
  // The value that a query gave; false where an earlier one was higher.
  bool Queried(tenon_timeline* timeline, uint64_t value);
  // Whether the point is done for sure, or will be when the fences are reached.
  bool Done(uint64_t queue, uint64_t point, std::span<const tenon_fence> fences) const;
  // Whether the point is done before what is enqueued next on the other queue begins.
  bool Before(uint64_t queue, uint64_t point, uint64_t next) const;
  // Whether the queue has waited on a timeline of the host: then its work may start much later.
  bool WaitsForHost(uint64_t queue) const;

 private:
  struct Edge {
    uint64_t point;
    tenon_fence fence;
  };
  struct QueueFacts {
    uint64_t last = 0, done = 0;
    bool waits_for_host = false;
    std::vector<Edge> waits;
  };
  struct Signalled {
    uint64_t value, queue, point;
  };
  struct TimelineFacts {
    const Device* device = nullptr;
    uint64_t last = 0, done = 0, queried = 0;
    std::vector<Signalled> signals;  // that are not known to be done
  };
  using Points = std::map<uint64_t, uint64_t>;  // queue -> point up to which it is done

  void Collect(tenon_timeline* timeline, uint64_t value, Points* points) const;
  void CollectQueue(uint64_t queue, uint64_t point, Points* points) const;

  mutable std::mutex mutex_;
  uint64_t next_queue_ = 1;
  std::unordered_map<uint64_t, QueueFacts> queues_;
  std::unordered_map<tenon_timeline*, TimelineFacts> timelines_;
};

}  // namespace tenon::backend::validate
