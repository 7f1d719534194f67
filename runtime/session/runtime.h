// Backends, threads and shared weights: what all sessions of a runtime have in common. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tenon/backend/backend.h"
#include "tenon/execution/async_runner.h"
#include "tenon/execution/memory.h"
#include "tenon/execution/thread_pool.h"
#include "tenon/execution/weight_cache.h"

namespace tenon::session {

struct RuntimeOptions {
  backend::DiscoveryOptions discovery;
  std::vector<std::string> layers;
  uint32_t threads = 0;
  std::string cache_directory;
  backend::LogSink log;
  bool unload = false;
};

// A backend that was found, and what became of it.
struct FoundBackend {
  backend::Manifest manifest;
  Status why;                                // not ok: it was refused
  std::shared_ptr<backend::Backend> loaded;  // with default options
};

struct DeviceEvent {
  std::string backend, name;
  uint32_t device = 0;
  uint64_t correlation_id = 0, begin_ns = 0, end_ns = 0;
};

using BackendOptions = std::map<std::string, std::string>;

class Runtime {
 public:
  explicit Runtime(RuntimeOptions options);
  ~Runtime();

  uint32_t threads() const { return threads_; }
  // Discovers and loads everything once; refusals are among the rows.
  const std::vector<FoundBackend>& backends();
  // A backend by name with these options; sessions with equal options and threads share one object,
  // and so its weights.
  Result<std::shared_ptr<backend::Backend>> Load(const std::string& name,
                                                 const BackendOptions& options, uint32_t threads);
  // All backends whose devices are hosts, without the simulator: what a session uses that names
  // none.
  std::vector<std::string> DefaultGroup();
  std::vector<std::string> Violations();
  void Log(tenon_log_level level, std::string_view message) const;

  const std::shared_ptr<execution::WeightCache>& weights() const { return weights_; }
  const std::shared_ptr<execution::Quarantine>& quarantine() const { return quarantine_; }
  const std::shared_ptr<execution::AsyncRunner>& async() const { return async_; }

  // Device events are kept while somebody profiles.
  void StartProfile();
  void StopProfile();
  // With how many were not kept, because there were too many.
  std::vector<DeviceEvent> device_events(uint64_t* out_left_out) const;

 private:
  struct Instance {
    std::string name;
    BackendOptions options;
    uint32_t threads;
    std::weak_ptr<backend::Backend> backend;
  };
  void Discover();                                                    // with mutex_ held
  std::shared_ptr<backend::HostServices> Services(uint32_t threads);  // with mutex_ held
  std::string KnownNames() const;
  void AddEvent(const std::string& backend, const tenon_profile_event& event);

  const RuntimeOptions options_;
  const uint32_t threads_;
  const std::shared_ptr<execution::WeightCache> weights_ =
      std::make_shared<execution::WeightCache>();
  const std::shared_ptr<execution::Quarantine> quarantine_ =
      std::make_shared<execution::Quarantine>();
  std::mutex mutex_;
  bool discovered_ = false, all_loaded_ = false;
  backend::DiscoveryResult found_;
  std::vector<FoundBackend> rows_;
  std::vector<Instance> instances_;
  std::vector<std::shared_ptr<backend::Backend>>
      kept_;  // loaded once is loaded for good, unless `unload`
  std::map<uint32_t, std::shared_ptr<backend::HostServices>> services_;
  mutable std::mutex profile_mutex_;
  int profiling_ = 0;
  std::vector<DeviceEvent> events_;
  uint64_t events_left_out_ = 0;
  const std::shared_ptr<execution::AsyncRunner> async_ = std::make_shared<execution::AsyncRunner>();
};

}  // namespace tenon::session
