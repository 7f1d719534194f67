// What ran when, on the device's own clock, which starts a second apart from the host's and is
// faster by 1/1024. Events are given to the host late: when the profile is flushed or switched off,
// or some have gathered. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "tenon/backend_api/sdk/host.h"
#include "tenon/backend_api/sdk/profile.h"

namespace tenon::simulator {

class Profile {
 public:
  Profile(sdk::Host host, uint32_t device) : host_(host), device_(device) {}

  void Enable(bool on);
  bool enabled() const { return enabled_.load(std::memory_order_relaxed); }
  sdk::Clocks Read() const;
  uint64_t Now() const { return Read().device_ns; }
  void Add(const std::string& name, uint64_t correlation_id, uint64_t begin_ns, uint64_t end_ns);
  void Flush();

 private:
  struct Event {
    std::string name;
    uint64_t correlation_id, begin_ns, end_ns;
  };
  const sdk::Host host_;
  const uint32_t device_;
  std::atomic<bool> enabled_{false};
  std::mutex mutex_;
  std::vector<Event> events_;
};

}  // namespace tenon::simulator
