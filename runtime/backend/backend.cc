#include "tenon/backend/backend.h"

#include "backend_state.h"
#include "guard.h"

namespace tenon::backend {
namespace {

// Ending always succeeds; what a sloppy backend throws meanwhile has nowhere to go.
template <typename F>
void End(const char* slot, const HostTable& host, F&& function) {
  const Result<int> ended = Guarded(slot, [&] {
    function();
    return 0;
  });
  if (!ended.ok()) host.Log(TENON_LOG_ERROR, ended.status().message());
}

}  // namespace

Status ThrownBy(const char* slot) {
  std::string what;
  try {
    throw;
  } catch (const std::exception& thrown) {
    what = std::string(": ") + thrown.what();
  } catch (...) {
  }
  return Status(Code::kInternal,
                std::string("R6: ") + slot + " threw an exception across the ABI" + what);
}

Backend::Backend() : state_(std::make_unique<State>()) {}

Backend::~Backend() {
  State& state = *state_;
  if (!state.handle) return;
  if (TENON_HAS(state.handle, tenon_backend, quiesce) && state.handle->quiesce) {
    End("quiesce", *state.host, [&] {
      const Status quiet = Take(state.handle->quiesce(state.handle, state.quiesce_timeout_ns));
      if (!quiet.ok()) state.host->Log(TENON_LOG_WARNING, "quiesce: " + quiet.ToString());
    });
  }
  for (const auto& device : state.devices) {
    if (!device->handle()) continue;
    End("device.close", *state.host, [&] { state.tables.device->close(device->handle()); });
  }
  End("destroy", *state.host, [&] { state.handle->destroy(state.handle); });
}

const std::string& Backend::name() const { return state_->name; }
const std::string& Backend::version() const { return state_->version; }
const std::string& Backend::vendor() const { return state_->vendor; }
const std::string& Backend::library_path() const { return state_->library_path; }
uint32_t Backend::abi_minor() const { return state_->abi_minor; }
const tenon_host* Backend::host() const { return state_->host->table(); }
tenon_backend* Backend::handle() const { return state_->handle; }
std::span<const std::unique_ptr<Device>> Backend::devices() const { return state_->devices; }
std::span<const tenon_kernel_descriptor* const> Backend::descriptors() const {
  return state_->descriptors;
}
std::span<const tenon_layout_info* const> Backend::layouts() const { return state_->layouts; }
std::span<const tenon_operator* const> Backend::operators() const { return state_->operators; }
std::span<const tenon_option* const> Backend::options() const { return state_->options; }
const tenon_compile_interface* Backend::compile() const { return state_->tables.compile; }
const tenon_profile_interface* Backend::profile() const { return state_->tables.profile; }
const std::vector<std::string>& Backend::left_out() const { return state_->left_out; }
uint64_t Backend::host_bytes() const { return state_->host->bytes(); }
bool Backend::caches() const { return !state_->host->services().cache_directory.empty(); }

std::vector<std::string> Backend::violations() const {
  std::vector<std::string> all;
  for (const auto& layer : state_->layers) {
    for (std::string& violation : layer->violations()) all.push_back(std::move(violation));
  }
  return all;
}

Status Backend::TakeFailure(tenon_status status) const { return Take(status, nullptr); }

Status Backend::Take(tenon_status status, tenon_reason* out_reason) const {
  if (out_reason) *out_reason = ErrorReason(status.detail);
  std::string message = ErrorMessage(status.detail);
  ReleaseError(status.detail);
  if (status.code == TENON_OK) return {};
  if (status.code < 0 || status.code > TENON_UNAVAILABLE) {
    return Status(Code::kInternal,
                  "R2: backend " + state_->name + " gave the unknown status code " +
                      std::to_string(status.code) + (message.empty() ? "" : ": " + message));
  }
  const auto code = static_cast<Code>(status.code);
  return Status(code, message.empty() ? std::string(CodeName(code)) : std::move(message));
}

const tenon_memory_kind* Device::default_memory() const {
  return memory_ ? info_->memory_kinds[0] : nullptr;
}

const tenon_memory_kind* Device::FindMemory(uint32_t id) const {
  for (uint32_t i = 0; memory_ && i < info_->memory_kind_count; ++i) {
    if (info_->memory_kinds[i]->id == id) return info_->memory_kinds[i];
  }
  return nullptr;
}

}  // namespace tenon::backend
