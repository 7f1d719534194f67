// From a negotiate function to a Backend: layers, create, options, tables, devices, static lists.
#include "backend_state.h"
#include "guard.h"
#include "negotiate.h"

namespace tenon::backend {

struct BackendLoader {
  Backend& backend;
  Backend::State& state;
  const LoadOptions& options;

  // Calls a slot that gives a status; its failure names the slot.
  template <typename F>
  Status Call(const char* slot, F&& function) {
    TENON_ASSIGN(const tenon_status status, Guarded(slot, function));
    return backend.Take(status).WithContext(slot);
  }

  Status Create(tenon_status(TENON_CALL* create)(const tenon_host*, tenon_backend**)) {
    const tenon_host* host = state.host->table();
    for (const std::string& name : options.layers) {
      TENON_ASSIGN(auto layer, MakeLayer(name));
      host = layer->WrapHost(host);
      state.layers.push_back(std::move(layer));
    }
    tenon_backend* object = nullptr;
    TENON_RETURN_IF_ERROR(Call("create", [&] { return create(host, &object); }));
    if (!object) return Status(Code::kIncompatible, "R3: create gave no object");
    if (object->struct_size < TENON_SIZE_TO(tenon_backend, destroy) ||
        object->struct_size > 65536) {
      return Status(Code::kIncompatible, "R1: the backend's object: struct_size is " +
                                             std::to_string(object->struct_size) + ", expected " +
                                             std::to_string(TENON_SIZE_TO(tenon_backend, destroy)) +
                                             " or more");
    }
    if (!object->interface || !object->destroy) {
      return Status(Code::kIncompatible,
                    "R9: the backend's object: the slot interface or destroy is NULL");
    }
    for (auto layer = state.layers.rbegin(); layer != state.layers.rend(); ++layer) {
      object = (*layer)->Wrap(object);
    }
    state.handle = object;
    return {};
  }

  // Keeps the entries of a static list that pass `check`; says in the log which are left out.
  template <typename T>
  void Keep(const char* what, const T* const* list, uint32_t count, Status (*check)(const T*),
            std::vector<const T*>* out) {
    if (count && !list) {
      state.host->Log(TENON_LOG_WARNING, std::string("R7: the list of ") + what + "s is NULL");
      return;
    }
    for (uint32_t i = 0; i < count; ++i) {
      const Status why = check(list[i]);
      if (why.ok()) {
        out->push_back(list[i]);
        continue;
      }
      state.host->Log(TENON_LOG_WARNING, std::string(what) + " " + std::to_string(i) +
                                             " is left out: " + std::string(why.message()));
    }
  }

  Status SetOptions() {
    if (state.tables.device && state.tables.device->options) {
      const tenon_option* const* list = nullptr;
      uint32_t count = 0;
      TENON_RETURN_IF_ERROR(Call("device.options", [&] {
        state.tables.device->options(state.handle, &list, &count);
        return tenon_status{};
      }));
      Keep("option", list, count, CheckOption, &state.options);
    }
    TENON_ASSIGN(auto values, CheckOptions(state.name, state.options, options.options));
    state.host->SetOptions(std::move(values));
    return {};
  }

  Status OpenDevices() {
    if (!state.tables.device) {
      state.host_device.struct_size = TENON_SIZE_TO(tenon_device_info, gbytes);
      state.host_device.name = state.name.c_str();
      state.host_device.fingerprint = state.version.c_str();
      state.host_device.dl_device = {kDLCPU, 0};
      AddDevice(&state.host_device, nullptr);
      return {};
    }
    const tenon_device_info* const* infos = nullptr;
    uint32_t count = 0;
    TENON_RETURN_IF_ERROR(Call("device.enumerate", [&] {
      return state.tables.device->enumerate(state.handle, &infos, &count);
    }));
    if (count > 4096 || (count && !infos)) {
      return Status(Code::kIncompatible, "R7: device.enumerate gave " + std::to_string(count) +
                                             " devices, expected a list of at most 4096");
    }
    for (uint32_t i = 0; i < count; ++i) {
      tenon_device* device = nullptr;
      TENON_RETURN_IF_ERROR(CheckDevice(infos[i]));
      TENON_RETURN_IF_ERROR(Call("device.open", [&] {
        return state.tables.device->open(state.handle, infos[i]->id, &device);
      }));
      if (!device) return Status(Code::kIncompatible, "R3: device.open gave no device");
      AddDevice(infos[i], device);
    }
    return {};
  }

  void AddDevice(const tenon_device_info* info, tenon_device* handle) {
    auto device = std::unique_ptr<Device>(new Device());
    device->backend_ = &backend;
    device->info_ = info;
    device->handle_ = handle;
    device->memory_ = info->memory_kind_count ? state.tables.memory : nullptr;
    device->queue_ = state.tables.queue;
    state.devices.push_back(std::move(device));
  }

  Status LookUpLists() {
    if (state.tables.kernel) {
      const tenon_kernel_descriptor* const* list = nullptr;
      uint32_t count = 0;
      TENON_RETURN_IF_ERROR(Call("kernel.descriptors", [&] {
        return state.tables.kernel->descriptors(state.handle, &list, &count);
      }));
      Keep("kernel", list, count, CheckDescriptor, &state.descriptors);
    }
    if (state.tables.kernel && state.tables.kernel->layouts) {
      const tenon_layout_info* const* list = nullptr;
      uint32_t count = 0;
      TENON_RETURN_IF_ERROR(Call("kernel.layouts", [&] {
        return state.tables.kernel->layouts(state.handle, &list, &count);
      }));
      Keep("layout", list, count, CheckLayout, &state.layouts);
    }
    if (!state.tables.operators) return {};
    const tenon_operator* const* list = nullptr;
    uint32_t count = 0;
    TENON_RETURN_IF_ERROR(Call("operators.operators", [&] {
      return state.tables.operators->operators(state.handle, &list, &count);
    }));
    Keep("operator", list, count, CheckOperator, &state.operators);
    return {};
  }

  Status Load(const tenon_answer& answer) {
    TENON_RETURN_IF_ERROR(Create(answer.create));
    TENON_RETURN_IF_ERROR(LookUpDevice(state.handle, &state.tables));
    TENON_RETURN_IF_ERROR(SetOptions());
    TENON_RETURN_IF_ERROR(LookUpOthers(state.handle, &state.tables));
    TENON_RETURN_IF_ERROR(OpenDevices());
    return LookUpLists();
  }
};

Result<std::shared_ptr<Backend>> Backend::Create(tenon_negotiate_function negotiate,
                                                 const LoadOptions& options,
                                                 std::shared_ptr<HostServices> services) {
  Negotiated negotiated;
  TENON_RETURN_IF_ERROR(Negotiate(negotiate, &negotiated));
  std::shared_ptr<Backend> backend(new Backend());
  State& state = *backend->state_;
  const tenon_answer& answer = negotiated.answer;
  state.name = answer.name;
  state.version = answer.version ? answer.version : "";
  state.vendor = answer.vendor ? answer.vendor : "";
  state.abi_minor = answer.abi_minor;
  state.quiesce_timeout_ns = options.quiesce_timeout_ns;
  state.host =
      std::make_unique<HostTable>(state.name, state.version, answer.abi_minor, std::move(services));
  Status loaded = BackendLoader{*backend, state, options}.Load(answer);
  if (!loaded.ok()) return std::move(loaded).WithContext("backend " + state.name);
  return backend;
}

Result<std::shared_ptr<Backend>> Backend::Load(const std::string& library_path,
                                               const LoadOptions& options,
                                               std::shared_ptr<HostServices> services) {
  TENON_RETURN_IF_ERROR(CheckNote(library_path));
  TENON_ASSIGN(std::shared_ptr<Library> library, Library::Open(library_path, options.unload));
  Result<std::shared_ptr<Backend>> backend =
      Create(library->negotiate(), options, std::move(services));
  if (!backend.ok()) return std::move(backend).status().WithContext(library_path);
  (*backend)->state_->library = std::move(library);
  (*backend)->state_->library_path = library_path;
  return backend;
}

}  // namespace tenon::backend
