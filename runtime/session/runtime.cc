#include "runtime.h"

#include <algorithm>

#include "segment_export.h"
#include "tenon/execution/usable_cores.h"

namespace tenon::session {
namespace {

constexpr size_t kMaxEvents = 1'000'000;

}  // namespace

Runtime::Runtime(RuntimeOptions options)
    : options_(std::move(options)),
      threads_(options_.threads != 0 ? options_.threads : execution::UsableCores()) {}

Runtime::~Runtime() {
  // What lost devices hold ends before their backends; host memory that they may still touch goes
  // last.
  quarantine_->EndDeviceObjects();
  rows_.clear();
  kept_.clear();
  services_.clear();
  quarantine_->Release();
}

void Runtime::Log(tenon_log_level level, std::string_view message) const {
  if (options_.log) options_.log(level, message);
}

void Runtime::Discover() {
  if (discovered_) return;
  found_ = backend::Discover(options_.discovery);
  discovered_ = true;
}

std::shared_ptr<backend::HostServices> Runtime::Services(uint32_t threads) {
  auto& services = services_[threads];
  if (!services) {
    services = std::make_shared<backend::HostServices>();
    services->parallel = std::make_shared<execution::ThreadPool>(threads);
    services->log = options_.log;
    services->segment_to_onnx = ExportSegment;
    services->cache_directory = options_.cache_directory;
    services->profile = [this](const std::string& name, const tenon_profile_event& event) {
      AddEvent(name, event);
    };
  }
  return services;
}

std::string Runtime::KnownNames() const {
  std::string names;
  for (const backend::Manifest& manifest : found_.manifests)
    names += (names.empty() ? "" : ", ") + manifest.name;
  std::string out = names.empty() ? "there is none" : "there are: " + names;
  for (const backend::DiscoveryRefusal& refusal : found_.refusals)
    out += "; " + std::string(refusal.why.message());  // begins with the file
  return out;
}

Result<std::shared_ptr<backend::Backend>> Runtime::Load(const std::string& name,
                                                        const BackendOptions& options,
                                                        uint32_t threads) {
  std::lock_guard lock(mutex_);
  Discover();
  if (threads == 0) threads = threads_;
  for (const Instance& instance : instances_) {
    if (instance.name != name || instance.options != options || instance.threads != threads)
      continue;
    if (auto backend = instance.backend.lock()) return backend;
  }
  const auto manifest = std::ranges::find(found_.manifests, name, &backend::Manifest::name);
  if (manifest == found_.manifests.end()) {
    const bool file = name.find('/') != std::string::npos || name.ends_with(".so");
    return Status(Code::kNotFound,
                  "backend \"" + name + "\" was not found; " + KnownNames() +
                      (file ? "; a file is given by backend_files (--backend-file)" : ""));
  }
  backend::LoadOptions load;
  load.layers = options_.layers;
  load.options = options;
  load.unload = options_.unload;
  TENON_ASSIGN(auto backend,
               backend::Backend::Load(manifest->library_path, load, Services(threads)));
  if (backend->name() != name) {
    return Status(Code::kIncompatible, manifest->manifest_path + ": names the backend '" + name +
                                           "', but " + manifest->library_path + " is '" +
                                           backend->name() + "'");
  }
  std::erase_if(instances_, [](const Instance& i) { return i.backend.expired(); });
  instances_.push_back({name, options, threads, backend});
  if (!options_.unload) kept_.push_back(backend);
  return backend;
}

const std::vector<FoundBackend>& Runtime::backends() {
  {
    std::lock_guard lock(mutex_);
    if (all_loaded_) return rows_;
    Discover();
  }
  std::vector<FoundBackend> rows;
  for (const backend::Manifest& manifest : found_.manifests) {
    FoundBackend row;
    row.manifest = manifest;
    auto loaded = Load(manifest.name, {}, 0);
    if (loaded.ok()) {
      row.loaded = std::move(loaded).value();
    } else {
      row.why = std::move(loaded).status();
    }
    rows.push_back(std::move(row));
  }
  for (const backend::DiscoveryRefusal& refusal : found_.refusals) {
    FoundBackend row;
    row.manifest.library_path = refusal.path;
    row.why = refusal.why.Clone();
    rows.push_back(std::move(row));
  }
  std::lock_guard lock(mutex_);
  if (!all_loaded_) {
    rows_ = std::move(rows);
    all_loaded_ = true;
  }
  return rows_;
}

std::vector<std::string> Runtime::DefaultGroup() {
  std::vector<std::string> names;
  for (const FoundBackend& row : backends()) {
    if (!row.loaded) {
      Log(TENON_LOG_WARNING,
          "backend " + row.manifest.library_path + " is refused: " + row.why.ToString());
      continue;
    }
    const bool host = std::ranges::all_of(row.loaded->devices(), [](const auto& device) {
      return device->info().kind == TENON_DEVICE_HOST;
    });
    if (host && row.loaded->name() != "simulator") names.push_back(row.manifest.name);
  }
  return names;
}

std::vector<std::string> Runtime::Violations() {
  std::vector<std::string> all;
  std::lock_guard lock(mutex_);
  for (const Instance& instance : instances_) {
    const auto backend = instance.backend.lock();
    if (!backend) continue;
    for (const std::string& line : backend->violations())
      all.push_back(instance.name + ": " + line);
  }
  return all;
}

void Runtime::AddEvent(const std::string& backend, const tenon_profile_event& event) {
  std::lock_guard lock(profile_mutex_);
  if (profiling_ == 0) return;
  if (events_.size() >= kMaxEvents) {
    ++events_left_out_;
    return;
  }
  events_.push_back({backend, event.name != nullptr ? event.name : "", event.device,
                     event.correlation_id, event.begin_ns, event.end_ns});
}

void Runtime::StartProfile() {
  std::lock_guard lock(profile_mutex_);
  if (profiling_++ != 0) return;
  events_.clear();
  events_left_out_ = 0;
}

void Runtime::StopProfile() {
  std::lock_guard lock(profile_mutex_);
  if (profiling_ > 0) --profiling_;
}

std::vector<DeviceEvent> Runtime::device_events(uint64_t* out_left_out) const {
  std::lock_guard lock(profile_mutex_);
  *out_left_out = events_left_out_;
  return events_;
}

}  // namespace tenon::session
