#include "profile.h"

namespace tenon::simulator {
namespace {

constexpr uint64_t kOffsetNs = 1'000'000'000;
constexpr size_t kGathered = 64;

}  // namespace

void Profile::Enable(bool on) {
  enabled_.store(on, std::memory_order_relaxed);
  if (!on) Flush();
}

sdk::Clocks Profile::Read() const {
  const uint64_t host_ns = host_.ClockNs();
  return {.device_ns = host_ns + host_ns / 1024 + kOffsetNs, .host_ns = host_ns};
}

void Profile::Add(const std::string& name, uint64_t correlation_id, uint64_t begin_ns,
                  uint64_t end_ns) {
  bool full = false;
  {
    std::lock_guard lock(mutex_);
    events_.push_back({name, correlation_id, begin_ns, end_ns});
    full = events_.size() >= kGathered;
  }
  if (full) Flush();
}

void Profile::Flush() {
  std::vector<Event> events;
  {
    std::lock_guard lock(mutex_);
    events.swap(events_);
  }
  for (const Event& event : events) {
    const tenon_profile_event told{TENON_SIZE_TO(tenon_profile_event, name),
                                   device_,
                                   event.correlation_id,
                                   event.begin_ns,
                                   event.end_ns,
                                   event.name.c_str()};
    host_.table()->profile_event(host_.table(), &told);
  }
}

}  // namespace tenon::simulator
