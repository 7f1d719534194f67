#include "layers/validate_fences.h"

#include <algorithm>

namespace tenon::backend::validate {

uint64_t FenceBook::AddQueue() {
  std::lock_guard lock(mutex_);
  queues_[next_queue_] = {};
  return next_queue_++;
}

bool FenceBook::AddTimeline(tenon_timeline* timeline, const Device* device) {
  std::lock_guard lock(mutex_);
  TimelineFacts facts;
  facts.device = device;
  return timelines_.emplace(timeline, facts).second;
}

bool FenceBook::Knows(tenon_timeline* timeline, const Device* device) const {
  std::lock_guard lock(mutex_);
  const auto found = timelines_.find(timeline);
  return found != timelines_.end() && (!device || found->second.device == device);
}

bool FenceBook::MayReach(tenon_timeline* timeline, uint64_t value) const {
  std::lock_guard lock(mutex_);
  const auto found = timelines_.find(timeline);
  return found == timelines_.end() || value <= found->second.last;
}

int64_t FenceBook::RemoveTimeline(tenon_timeline* timeline) {
  std::lock_guard lock(mutex_);
  const auto found = timelines_.find(timeline);
  if (found == timelines_.end()) return -1;
  const auto pending = std::ranges::count_if(found->second.signals, [&](const Signalled& signal) {
    return signal.point > queues_.at(signal.queue).done;
  });
  timelines_.erase(found);
  return pending;
}

int64_t FenceBook::TimelinesOf(const Device* device) const {
  std::lock_guard lock(mutex_);
  return std::ranges::count_if(
      timelines_, [&](const auto& timeline) { return timeline.second.device == device; });
}

uint64_t FenceBook::Enqueue(uint64_t queue) {
  std::lock_guard lock(mutex_);
  return ++queues_.at(queue).last;
}

void FenceBook::Wait(uint64_t queue, const tenon_fence& fence) {
  std::lock_guard lock(mutex_);
  QueueFacts& facts = queues_.at(queue);
  ++facts.last;
  if (fence.origin == TENON_ORIGIN_HOST) {
    facts.waits_for_host = true;
  } else {
    facts.waits.push_back({facts.last, fence});
  }
}

bool FenceBook::Signal(uint64_t queue, const tenon_fence& fence) {
  std::lock_guard lock(mutex_);
  QueueFacts& facts = queues_.at(queue);
  TimelineFacts& timeline = timelines_[fence.timeline];
  const bool upward = fence.value > timeline.last;
  timeline.last = std::max(timeline.last, fence.value);
  timeline.signals.push_back({fence.value, queue, ++facts.last});
  return upward;
}

void FenceBook::Unsignal(uint64_t queue, const tenon_fence& fence) {
  std::lock_guard lock(mutex_);
  const auto found = timelines_.find(fence.timeline);
  if (found == timelines_.end()) return;
  std::erase_if(found->second.signals, [&](const Signalled& signal) {
    return signal.queue == queue && signal.value == fence.value;
  });
  found->second.last = found->second.done;
  for (const Signalled& signal : found->second.signals) {
    found->second.last = std::max(found->second.last, signal.value);
  }
}

// Work up to `point` is done, and so is everything that the queue waited for until then.
void FenceBook::CollectQueue(uint64_t queue, uint64_t point, Points* points) const {
  uint64_t& done = (*points)[queue];
  if (done >= point) return;
  done = point;
  const auto facts = queues_.find(queue);
  if (facts == queues_.end() || facts->second.done >= point) return;
  for (const Edge& edge : facts->second.waits) {
    if (edge.point <= point) Collect(edge.fence.timeline, edge.fence.value, points);
  }
}

void FenceBook::Collect(tenon_timeline* timeline, uint64_t value, Points* points) const {
  const auto found = timelines_.find(timeline);
  if (found == timelines_.end()) return;
  for (const Signalled& signal : found->second.signals) {
    if (signal.value <= value) CollectQueue(signal.queue, signal.point, points);
  }
}

void FenceBook::Reached(tenon_timeline* timeline, uint64_t value) {
  std::lock_guard lock(mutex_);
  Points points;
  Collect(timeline, value, &points);
  for (const auto& [queue, point] : points) {
    QueueFacts& facts = queues_.at(queue);
    facts.done = std::max(facts.done, point);
    std::erase_if(facts.waits, [&](const Edge& edge) { return edge.point <= facts.done; });
  }
  for (auto& other : timelines_) {
    TimelineFacts& facts = other.second;
    std::erase_if(facts.signals, [&](const Signalled& signal) {
      const bool done = signal.point <= queues_.at(signal.queue).done;
      if (done) facts.done = std::max(facts.done, signal.value);
      return done;
    });
  }
}

bool FenceBook::Queried(tenon_timeline* timeline, uint64_t value) {
  std::lock_guard lock(mutex_);
  const auto found = timelines_.find(timeline);
  if (found == timelines_.end()) return true;
  const bool upward = value >= found->second.queried;
  found->second.queried = std::max(found->second.queried, value);
  return upward;
}

bool FenceBook::Done(uint64_t queue, uint64_t point, std::span<const tenon_fence> fences) const {
  std::lock_guard lock(mutex_);
  const auto facts = queues_.find(queue);
  if (facts == queues_.end() || facts->second.done >= point) return true;
  Points points;
  for (const tenon_fence& fence : fences) {
    if (fence.origin == TENON_ORIGIN_HOST) return true;  // the host knows better
    Collect(fence.timeline, fence.value, &points);
  }
  return points[queue] >= point;
}

bool FenceBook::Before(uint64_t queue, uint64_t point, uint64_t next) const {
  std::lock_guard lock(mutex_);
  const auto facts = queues_.find(queue), later = queues_.find(next);
  if (queue == next || facts == queues_.end() || facts->second.done >= point) return true;
  if (later == queues_.end() || later->second.waits_for_host) return true;
  Points points;
  CollectQueue(next, later->second.last, &points);
  return points[queue] >= point;
}

bool FenceBook::WaitsForHost(uint64_t queue) const {
  std::lock_guard lock(mutex_);
  const auto facts = queues_.find(queue);
  return facts != queues_.end() && facts->second.waits_for_host;
}

}  // namespace tenon::backend::validate
