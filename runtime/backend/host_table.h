// The table of services that one backend gets, and the state behind it. Lives until the backend is
// destroyed.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "tenon/backend/host_services.h"

namespace tenon::backend {

class HostTable {
 public:
  HostTable(std::string backend, std::string version, uint32_t abi_minor,
            std::shared_ptr<HostServices> services);
  HostTable(const HostTable&) = delete;
  HostTable& operator=(const HostTable&) = delete;

  const tenon_host* table() const { return &table_; }
  static HostTable& From(const tenon_host* host) {
    return *static_cast<HostTable*>(reinterpret_cast<const Slots*>(host)->self);
  }
  const std::string& backend() const { return backend_; }
  const std::string& version() const { return version_; }
  HostServices& services() const { return *services_; }
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  void Log(tenon_log_level level, std::string_view message) const;
  // Values of all options, defaults included; set before the backend may ask.
  void SetOptions(std::map<std::string, std::string> options) { options_ = std::move(options); }
  const std::map<std::string, std::string>& options() const { return options_; }

  void* Allocate(uint64_t size, uint64_t alignment);
  void Free(void* memory);

  // Bytes that the backend ends with cache_release; `owner` keeps them until then.
  void Lend(std::shared_ptr<const void> owner, const void* data);
  void EndLent(const void* data);

 private:
  // tenon_host is what backends see; the pointer behind it is ours.
  struct Slots {
    tenon_host host;
    void* self;
  };
  Slots slots_{};
  tenon_host& table_ = slots_.host;
  std::string backend_;
  std::string version_;
  std::shared_ptr<HostServices> services_;
  std::map<std::string, std::string> options_;
  std::atomic<uint64_t> bytes_{0};
  std::mutex lent_mutex_;
  std::multimap<const void*, std::shared_ptr<const void>> lent_;
};

// A detail with a message; null where memory is out. tenon_error is ours alone.
tenon_error* MakeError(std::string message, tenon_reason reason = TENON_REASON_OTHER) noexcept;
const std::string& ErrorMessage(const tenon_error* error);
tenon_reason ErrorReason(const tenon_error* error);
void ReleaseError(tenon_error* error);
tenon_status ToAbi(Status status);

}  // namespace tenon::backend
