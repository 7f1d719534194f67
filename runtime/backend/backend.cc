#include "tenon/backend/backend.h"

#include <cstring>
#include <new>

#include "backend_state.h"

namespace tenon::backend {
namespace {

constexpr uint64_t kQuiesceNs = 10'000'000'000;
constexpr char kHostVersion[] = "tenon 0.1.0";

Status Incompatible(const std::string& path, const std::string& what) {
  return Status(Code::kIncompatible, path + ": " + what);
}

// A sloppy backend may throw where it must not (R6).
template <typename F>
auto Guarded(F&& function) -> Result<decltype(function())> {
  try {
    return function();
  } catch (const std::exception& thrown) {
    return Status(Code::kInternal, std::string("R6: threw an exception across the ABI: ") + thrown.what());
  } catch (...) {
    return Status(Code::kInternal, "R6: threw an exception across the ABI");
  }
}

struct Negotiated {
  tenon_answer answer{};
  char reason[512] = {};
};

Status Negotiate(const std::string& path, tenon_negotiate_function negotiate, Negotiated* out) {
  tenon_offer offer{};
  offer.struct_size = TENON_SIZE_TO(tenon_offer, host_version);
  offer.abi_major = TENON_ABI_MAJOR;
  offer.abi_minor_min = TENON_ABI_MINOR_LEAST;
  offer.abi_minor_max = TENON_ABI_MINOR;
  offer.sanitizer = TENON_SANITIZER;
  offer.host_version = kHostVersion;
  tenon_answer& answer = out->answer;
  answer.struct_size = TENON_SIZE_TO(tenon_answer, reason_size);
  answer.reason = out->reason;
  answer.reason_size = sizeof out->reason;
  TENON_ASSIGN(const int32_t refused, Guarded([&] { return negotiate(&offer, &answer); }));
  out->reason[sizeof out->reason - 1] = 0;
  if (refused != 0) {
    return Incompatible(path, std::string("the backend refuses this host: ") +
                                  (out->reason[0] ? out->reason : "it gives no reason"));
  }
  if (answer.abi_minor < offer.abi_minor_min || answer.abi_minor > offer.abi_minor_max) {
    return Incompatible(path, "the backend chose ABI 0." + std::to_string(answer.abi_minor) +
                                  ", this host accepts 0." + std::to_string(offer.abi_minor_min) + " to 0." +
                                  std::to_string(offer.abi_minor_max));
  }
  if (!answer.create || !answer.name || !*answer.name) {
    return Incompatible(path, "R9: the answer lacks create or a name");
  }
  return {};
}

// What the note says before anything of the library runs.
Status CheckNote(const std::string& path) {
  Result<tenon_note> note = ReadNote(path);
  if (!note.ok()) {
    return note.status().code() == Code::kNotFound && CheckSharedObject(path).ok() ? Status()
                                                                                  : std::move(note).status();
  }
  if (note->abi_major != TENON_ABI_MAJOR) {
    return Incompatible(path, "built for ABI " + std::to_string(note->abi_major) + "." +
                                  std::to_string(note->abi_minor_max) + ", this host has " +
                                  std::to_string(TENON_ABI_MAJOR) + "." + std::to_string(TENON_ABI_MINOR));
  }
  if (note->abi_minor_max < TENON_ABI_MINOR_LEAST || note->abi_minor_min > TENON_ABI_MINOR) {
    return Incompatible(path, "speaks ABI 0." + std::to_string(note->abi_minor_min) + " to 0." +
                                  std::to_string(note->abi_minor_max) + ", this host accepts 0." +
                                  std::to_string(TENON_ABI_MINOR_LEAST) + " to 0." + std::to_string(TENON_ABI_MINOR));
  }
  return {};
}

}  // namespace

Backend::Backend() : state_(std::make_unique<State>()) {}

struct BackendLoader {
  Backend::State& state;
  const LoadOptions& options;

  Result<const void*> Table(const char* name) {
    return Guarded([&] { return state.handle->interface(state.handle, name, 1); });
  }
  template <typename T>
  Result<const T*> Table(const char* name, Status (*check)(const T*)) {
    TENON_ASSIGN(const void* table, Table(name));
    const auto* typed = static_cast<const T*>(table);
    if (typed) TENON_RETURN_IF_ERROR(check(typed));
    return typed;
  }
  Status Take(tenon_status status, const char* call) {
    if (status.code == TENON_OK && !status.detail) return {};
    std::string message = std::string(call) + ": " + ErrorMessage(status.detail);
    ReleaseError(status.detail);
    if (status.code == TENON_OK) return {};
    const bool known = status.code > 0 && status.code <= TENON_UNAVAILABLE;
    if (!known) message += " (unknown status code " + std::to_string(status.code) + ")";
    return Status(known ? static_cast<Code>(status.code) : Code::kInternal, std::move(message));
  }

  Status Create(tenon_status(TENON_CALL* create)(const tenon_host*, tenon_backend**)) {
    tenon_backend* object = nullptr;
    TENON_ASSIGN(const tenon_status status, Guarded([&] { return create(state.host->table(), &object); }));
    TENON_RETURN_IF_ERROR(Take(status, "create"));
    if (!object) return Status(Code::kIncompatible, "R3: create gave no object");
    if (object->struct_size < TENON_SIZE_TO(tenon_backend, destroy) || object->struct_size > 65536 ||
        !object->interface || !object->destroy) {
      return Status(Code::kIncompatible, "R1: the object says struct_size " + std::to_string(object->struct_size) +
                                             ", or lacks interface or destroy");
    }
    state.handle = object;
    for (auto layer = options.layers.rbegin(); layer != options.layers.rend(); ++layer) {
      TENON_ASSIGN(std::unique_ptr<Layer> wrapped, MakeLayer(*layer, state.handle, *state.host));
      state.handle = wrapped->handle();
      state.layers.push_back(std::move(wrapped));
    }
    return {};
  }

  Status SetOptions() {
    TENON_ASSIGN(state.device_table, Table("device", CheckDeviceTable));
    if (state.device_table && TENON_HAS(state.device_table, tenon_device_interface, options) &&
        state.device_table->options) {
      const tenon_option* const* list = nullptr;
      uint32_t count = 0;
      state.device_table->options(state.handle, &list, &count);
      for (uint32_t i = 0; i < count && list; ++i) {
        if (list[i] && list[i]->name) state.options.push_back(list[i]);
      }
    }
    TENON_ASSIGN(auto values, CheckOptions(state.name, state.options, options.options));
    state.host->SetOptions(std::move(values));
    return {};
  }

  Status OpenDevices(Backend* backend) {
    TENON_ASSIGN(const auto* memory, Table("memory", CheckMemoryTable));
    TENON_ASSIGN(const auto* queue, Table("queue", CheckQueueTable));
    if (!state.device_table) {
      if (memory || queue) {
        return Status(Code::kIncompatible, "has the interface \"memory\" or \"queue\" but not \"device\"");
      }
      state.host_device.struct_size = TENON_SIZE_TO(tenon_device_info, gbytes);
      state.host_device.name = state.name.c_str();
      state.host_device.fingerprint = state.version.c_str();
      state.host_device.dl_device = {kDLCPU, 0};
      AddDevice(backend, &state.host_device, nullptr, nullptr, nullptr);
      return {};
    }
    const tenon_device_info* const* infos = nullptr;
    uint32_t count = 0;
    TENON_RETURN_IF_ERROR(Take(state.device_table->enumerate(state.handle, &infos, &count), "device.enumerate"));
    for (uint32_t i = 0; i < count && infos; ++i) {
      tenon_device* device = nullptr;
      TENON_RETURN_IF_ERROR(CheckInfo(infos[i]));
      TENON_RETURN_IF_ERROR(Take(state.device_table->open(state.handle, infos[i]->id, &device), "device.open"));
      if (!device) return Status(Code::kIncompatible, "R3: device.open gave no device");
      AddDevice(backend, infos[i], device, memory, queue);
    }
    return {};
  }

  static Status CheckInfo(const tenon_device_info* info) {
    if (!info || info->struct_size < TENON_SIZE_TO(tenon_device_info, dl_device) || !info->name) {
      return Status(Code::kIncompatible, "R1: a device's info is NULL, too small, or has no name");
    }
    for (uint32_t i = 0; i < info->memory_kind_count; ++i) {
      const tenon_memory_kind* kind = info->memory_kinds ? info->memory_kinds[i] : nullptr;
      if (!kind || kind->struct_size < TENON_SIZE_TO(tenon_memory_kind, largest_allocation) || kind->id == 0 ||
          kind->id > 31 || kind->alignment == 0 || (kind->alignment & (kind->alignment - 1)) != 0) {
        return Status(Code::kIncompatible, std::string("device ") + info->name + ": memory kind " +
                                               std::to_string(i) +
                                               " is NULL, too small, or has an id outside 1..31 or a bad alignment");
      }
    }
    return {};
  }

  void AddDevice(Backend* backend, const tenon_device_info* info, tenon_device* handle,
                 const tenon_memory_interface* memory, const tenon_queue_interface* queue) {
    auto device = std::unique_ptr<Device>(new Device());
    device->backend_ = backend;
    device->info_ = info;
    device->handle_ = handle;
    device->memory_ = info->memory_kind_count ? memory : nullptr;
    device->queue_ = queue;
    state.devices.push_back(std::move(device));
  }

  Status LookUp() {
    TENON_ASSIGN(const auto* kernel, Table("kernel", CheckKernelTable));
    TENON_ASSIGN(state.compile, Table("compile", CheckCompileTable));
    TENON_ASSIGN(state.profile, Table("profile", CheckProfileTable));
    TENON_ASSIGN(const auto* operators, Table("operators", CheckOperatorsTable));
    if (!kernel && !state.compile) {
      return Status(Code::kIncompatible, "has neither \"kernel\" nor \"compile\": nothing can run on it");
    }
    if (kernel) TENON_RETURN_IF_ERROR(LookUpKernels(kernel));
    if (!operators) return {};
    const tenon_operator* const* list = nullptr;
    uint32_t count = 0;
    TENON_RETURN_IF_ERROR(Take(operators->operators(state.handle, &list, &count), "operators.operators"));
    for (uint32_t i = 0; i < count && list; ++i) {
      if (list[i] && list[i]->struct_size >= TENON_SIZE_TO(tenon_operator, infer) && list[i]->infer) {
        state.operators.push_back(list[i]);
      }
    }
    return {};
  }

  Status LookUpKernels(const tenon_kernel_interface* kernel) {
    const tenon_kernel_descriptor* const* list = nullptr;
    uint32_t count = 0;
    TENON_RETURN_IF_ERROR(Take(kernel->descriptors(state.handle, &list, &count), "kernel.descriptors"));
    for (uint32_t i = 0; i < count && list; ++i) {
      if (Status why = CheckDescriptor(list[i]); !why.ok()) {
        state.host->Log(TENON_LOG_WARNING, "kernel " + std::to_string(i) + " is left out: " + std::string(why.message()));
        continue;
      }
      state.descriptors.push_back(list[i]);
    }
    if (!TENON_HAS(kernel, tenon_kernel_interface, layouts) || !kernel->layouts) return {};
    const tenon_layout_info* const* layouts = nullptr;
    uint32_t layout_count = 0;
    TENON_RETURN_IF_ERROR(Take(kernel->layouts(state.handle, &layouts, &layout_count), "kernel.layouts"));
    for (uint32_t i = 0; i < layout_count && layouts; ++i) {
      if (layouts[i] && layouts[i]->id >= TENON_LAYOUT_OWN && layouts[i]->bytes) state.layouts.push_back(layouts[i]);
    }
    return {};
  }
};

Result<std::shared_ptr<Backend>> Backend::Load(const std::string& library_path, const LoadOptions& options,
                                               std::shared_ptr<HostServices> services) {
  TENON_RETURN_IF_ERROR(CheckNote(library_path));
  TENON_ASSIGN(std::shared_ptr<Library> library, Library::Open(library_path, options.unload));
  Result<std::shared_ptr<Backend>> backend = Create(library->negotiate(), options, std::move(services));
  if (!backend.ok()) {
    Status why = std::move(backend).status();
    const bool named = why.message().find(library_path) != std::string_view::npos;
    return named ? std::move(why) : std::move(why).WithContext(library_path);
  }
  (*backend)->state_->library = std::move(library);
  (*backend)->state_->library_path = library_path;
  return backend;
}

Result<std::shared_ptr<Backend>> Backend::Create(tenon_negotiate_function negotiate, const LoadOptions& options,
                                                 std::shared_ptr<HostServices> services) {
  Negotiated negotiated;
  TENON_RETURN_IF_ERROR(Negotiate("backend", negotiate, &negotiated));
  std::shared_ptr<Backend> backend(new Backend());
  State& state = *backend->state_;
  const tenon_answer& answer = negotiated.answer;
  state.name = answer.name;
  state.version = answer.version ? answer.version : "";
  state.vendor = answer.vendor ? answer.vendor : "";
  state.abi_minor = answer.abi_minor;
  state.host = std::make_unique<HostTable>(state.name, state.version, answer.abi_minor, std::move(services));
  BackendLoader loader{state, options};
  TENON_RETURN_IF_ERROR(loader.Create(answer.create));
  TENON_RETURN_IF_ERROR(loader.SetOptions());
  TENON_RETURN_IF_ERROR(loader.OpenDevices(backend.get()));
  TENON_RETURN_IF_ERROR(loader.LookUp());
  return backend;
}

Backend::~Backend() {
  State& state = *state_;
  if (!state.handle) return;
  if (TENON_HAS(state.handle, tenon_backend, quiesce) && state.handle->quiesce) {
    static_cast<void>(Take(state.handle->quiesce(state.handle, kQuiesceNs)));
  }
  for (const auto& device : state.devices) {
    if (device->handle()) state.device_table->close(device->handle());
  }
  state.handle->destroy(state.handle);
  state.layers.clear();
}

const std::string& Backend::name() const { return state_->name; }
const std::string& Backend::version() const { return state_->version; }
const std::string& Backend::vendor() const { return state_->vendor; }
const std::string& Backend::library_path() const { return state_->library_path; }
uint32_t Backend::abi_minor() const { return state_->abi_minor; }
const tenon_host* Backend::host() const { return state_->host->table(); }
tenon_backend* Backend::handle() const { return state_->handle; }
std::span<const std::unique_ptr<Device>> Backend::devices() const { return state_->devices; }
std::span<const tenon_kernel_descriptor* const> Backend::descriptors() const { return state_->descriptors; }
std::span<const tenon_layout_info* const> Backend::layouts() const { return state_->layouts; }
std::span<const tenon_operator* const> Backend::operators() const { return state_->operators; }
std::span<const tenon_option* const> Backend::options() const { return state_->options; }
const tenon_compile_interface* Backend::compile() const { return state_->compile; }
const tenon_profile_interface* Backend::profile() const { return state_->profile; }
uint64_t Backend::host_bytes() const { return state_->host->bytes(); }

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
    return Status(Code::kInternal, "backend " + state_->name + " gave the unknown status code " +
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
