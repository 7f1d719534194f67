// A backend that was discovered, loaded, negotiated with, wrapped in layers and created. This is
// the only way in which the rest of the runtime and the conformance suite touch a plugin. Objects
// are thread-safe unless it says otherwise.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tenon/backend/host_services.h"
#include "tenon/operators/tensor.h"

namespace tenon::backend {

struct Manifest {
  std::string name;
  std::string library_path;   // absolute
  std::string manifest_path;  // "" where the library was named directly
  std::string vendor;
  std::vector<std::string> devices;
  bool threads = false;
};

enum class Discovery { kNone, kBundled, kSystem };
struct DiscoveryOptions {
  Discovery where = Discovery::kBundled;
  std::vector<std::string> files;  // manifests, or shared objects, in addition
  bool use_environment =
      false;  // TENON_BACKEND_FILES, TENON_ADD_BACKEND_FILES, TENON_BACKENDS_SELECT/_DISABLE
};
struct DiscoveryRefusal {
  std::string path;
  Status why;
};
struct DiscoveryResult {
  std::vector<Manifest> manifests;
  std::vector<DiscoveryRefusal> refusals;
};
// Sorted by file name; never looks into the working directory; ignores the environment with raised
// privileges.
DiscoveryResult Discover(const DiscoveryOptions& options);
// One manifest (JSON). The library that it names is not touched.
Result<Manifest> ReadManifest(const std::string& file);

// The facts of the note section, read without loading. kIncompatible / kDataLoss / kNotFound say
// why there are none.
Result<tenon_note> ReadNote(const std::string& library_path);
// Loads, creates and destroys in a child process, so that a plugin that throws while it is loaded
// is found.
Status Probe(const std::string& library_path);

struct LoadOptions {
  std::vector<std::string> layers;               // outermost first: "validate"
  std::map<std::string, std::string> options;    // checked against the backend's schema
  bool unload = false;                           // dlclose at the end, after quiesce
  uint64_t quiesce_timeout_ns = 10'000'000'000;  // how long work may go on when the backend ends
};

// In a catch block: what a slot of a backend threw, which R6 forbids.
Status ThrownBy(const char* slot);

class Backend;
struct BackendLoader;

class Device {
 public:
  Backend& backend() const { return *backend_; }
  uint32_t id() const { return info_->id; }
  const tenon_device_info& info() const { return *info_; }
  tenon_device* handle() const { return handle_; }  // null without the interface "device"
  const tenon_memory_interface* memory() const { return memory_; }  // null: host memory only
  const tenon_queue_interface* queue() const { return queue_; }     // null: synchronous
  // The kind where tensors live by default; null: plain host memory (TENON_MEMORY_HOST).
  const tenon_memory_kind* default_memory() const;
  const tenon_memory_kind* FindMemory(uint32_t id) const;
  bool IsHost() const {
    return default_memory() == nullptr;
  }  // shares plain host memory with the host

 private:
  friend struct BackendLoader;
  Backend* backend_ = nullptr;
  const tenon_device_info* info_ = nullptr;
  tenon_device* handle_ = nullptr;
  const tenon_memory_interface* memory_ = nullptr;
  const tenon_queue_interface* queue_ = nullptr;
};

class Backend {
 public:
  // Loads a library (RTLD_NOW | RTLD_LOCAL), negotiates, creates, checks tables, opens all devices.
  // Every refusal says why: what the loader said, versions of both sides, the plugin's own reason,
  // the slot that is missing.
  static Result<std::shared_ptr<Backend>> Load(const std::string& library_path,
                                               const LoadOptions& options,
                                               std::shared_ptr<HostServices> services);
  // The same around a negotiate function that is linked in (tests, the host's own backends).
  static Result<std::shared_ptr<Backend>> Create(tenon_negotiate_function negotiate,
                                                 const LoadOptions& options,
                                                 std::shared_ptr<HostServices> services);
  ~Backend();  // closes devices, destroys; nothing made by it may be alive

  const std::string& name() const;
  const std::string& version() const;
  const std::string& vendor() const;
  const std::string& library_path() const;
  uint32_t abi_minor() const;
  const tenon_host* host() const;
  tenon_backend* handle() const;  // of the outermost layer
  std::span<const std::unique_ptr<Device>> devices() const;
  std::span<const tenon_kernel_descriptor* const> descriptors() const;  // empty without "kernel"
  std::span<const tenon_layout_info* const> layouts() const;
  std::span<const tenon_operator* const> operators() const;
  std::span<const tenon_option* const> options() const;
  const tenon_compile_interface* compile() const;  // may be null
  const tenon_profile_interface* profile() const;  // may be null
  // Kernels, layouts, options and operators that can't be used, each with the reason; also logged.
  const std::vector<std::string>& left_out() const;
  // Complaints of the validation layer so far, "R4: ..." each; empty where it is not on. The layer
  // also logs them.
  std::vector<std::string> violations() const;
  bool caches() const;  // whether the host keeps artifacts
  // Bytes that the backend holds of the host's memory through tenon_host.allocate.
  uint64_t host_bytes() const;

  // Takes the detail of a status that the backend gave and makes it one of ours; unknown codes
  // become kInternal.
  Status Take(tenon_status status) const {
    return status.code == TENON_OK && status.detail == nullptr ? Status() : TakeFailure(status);
  }
  // The same, with the reason of a refusal.
  Status Take(tenon_status status, tenon_reason* out_reason) const;
  // Takes what `function` gives, which calls the slot ("kernel.create"); an exception ends here.
  template <typename F>
  Status Call(const char* slot, F&& function, tenon_reason* out_reason = nullptr) const {
    try {
      return Take(function(), out_reason);
    } catch (...) {
      return ThrownBy(slot);
    }
  }

 private:
  friend struct BackendLoader;
  Backend();
  Status TakeFailure(tenon_status status) const;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tenon::backend
