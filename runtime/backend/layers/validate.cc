#include "layers/validate.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "layers/validate_backend.h"
#include "layers/validate_host.h"
#include "layers/validate_run.h"

namespace tenon::backend {
namespace validate {
namespace {

/* ------------------------------------------------------------------------------------ The object
 */
// Looks up a table of the backend and fills the one that the host gets. What the host does not know
// at the table's end is cut off: its handles would not be wrapped.
template <typename T>
const void* LookUp(Backend& backend, const char* name, T Backend::Tables::*table,
                   void (*fill)(const T&, T*)) {
  State& state = *backend.state;
  const void* found = nullptr;
  state.CallVoid("backend.interface",
                 [&] { found = backend.inner->interface(backend.inner, name, 1); });
  if (!found) return nullptr;
  uint32_t size = 0;
  std::memcpy(&size, found, sizeof size);
  if (!CheckSize(state, "backend.interface", name, size, offsetof(T, reserved) + sizeof(uint32_t)))
    return nullptr;
  T copy{};
  std::memcpy(&copy, found, std::min<size_t>(size, sizeof copy));
  CheckReserved(state, "backend.interface", name, copy.reserved);
  std::lock_guard lock(backend.mutex);
  T& theirs = backend.theirs.*table;
  if (theirs.struct_size != 0) {
    if (std::memcmp(&theirs, &copy, sizeof copy) != 0)
      state.Complain("R14", "backend.interface",
                     std::string(name) + ": the table has changed since it was looked up");
    return &(backend.ours.*table);
  }
  theirs = copy;
  fill(theirs, &(backend.ours.*table));
  (backend.ours.*table).struct_size = std::min<uint32_t>(size, sizeof theirs);
  return &(backend.ours.*table);
}

const void* TENON_CALL Interface(tenon_backend* handle, const char* name, uint32_t version) {
  Backend* known = Of(handle, "backend.interface");
  if (!known || !CheckText(*known->state, "backend.interface", "name", name)) return nullptr;
  Backend& backend = *known;
  const std::string_view table = name;
  if (version != 1) return nullptr;
  if (table == "kernel" || table == "compile") backend.state->options_are_known = true;
  if (table == "device") return LookUp(backend, name, &Backend::Tables::device, FillDevice);
  if (table == "memory") return LookUp(backend, name, &Backend::Tables::memory, FillMemory);
  if (table == "queue") {
    const void* found = LookUp(backend, name, &Backend::Tables::queue, FillQueue);
    const tenon_queue_interface& q = backend.theirs.queue;
    const int recording = !!q.record_begin + !!q.record_end + !!q.replay + !!q.recording_destroy;
    if (found && recording % 4 != 0)
      backend.state->Complain("R9", "backend.interface",
                              "queue: only some of the four slots of recordings are there");
    return found;
  }
  if (table == "kernel") return LookUp(backend, name, &Backend::Tables::kernel, FillKernel);
  if (table == "compile") return LookUp(backend, name, &Backend::Tables::compile, FillCompile);
  if (table == "operators")
    return LookUp(backend, name, &Backend::Tables::operators, FillOperators);
  if (table == "profile") return LookUp(backend, name, &Backend::Tables::profile, FillProfile);
  return nullptr;
}

tenon_status TENON_CALL Quiesce(tenon_backend* handle, uint64_t timeout_ns) {
  Backend* backend = Of(handle, "backend.quiesce");
  if (!backend) return Unusable();
  return backend->state->Call("backend.quiesce",
                              [&] { return backend->inner->quiesce(backend->inner, timeout_ns); });
}

// What must be gone when the backend is ended, by whose hand.
void CheckLeaks(State& state) {
  constexpr const char* kSlot = "backend.destroy";
  const auto live = [&](const char* rule, int64_t count, const char* what) {
    if (count > 0) state.Complain(rule, kSlot, std::to_string(count) + " " + what);
  };
  live("R4", state.open_devices, "devices are open");
  live("R4", state.open_kernels, "kernels live");
  std::unique_lock lock(state.mutex);
  const auto buffers = static_cast<int64_t>(state.buffers.size()),
             recordings = static_cast<int64_t>(state.recordings.size()),
             artifacts = static_cast<int64_t>(state.artifacts.size());
  lock.unlock();
  live("R4", buffers, "buffers live");
  live("R4", recordings, "recordings live");
  live("R4", artifacts, "artifacts live");
  live("R5", state.callbacks, "callbacks of timeline_notify have not come");
  live("R11", state.tasks, "tasks of host.submit are not done");
}

void TENON_CALL Destroy(tenon_backend* handle) {
  constexpr const char* kSlot = "backend.destroy";
  if (!handle) return;
  Backend* backend = Of(handle, kSlot);
  if (!backend) return;
  State& state = *backend->state;
  CheckLeaks(state);
  state.CallVoid(kSlot, [&] { backend->inner->destroy(backend->inner); });
  state.ended = true;
  std::unique_lock lock(state.mutex);
  const size_t memory = state.host_memory.size(), bytes = state.lent_bytes.size();
  lock.unlock();
  if (memory)
    state.Complain("R4", kSlot, std::to_string(memory) + " blocks of host.allocate are not freed");
  if (bytes)
    state.Complain(
        "R4", kSlot,
        std::to_string(bytes) + " results of host.cache_get or segment_to_onnx are not released");
  if (const size_t details = state.live_details())
    state.Complain("R2", kSlot,
                   std::to_string(details) + " details were neither passed on nor released");
}

/* --------------------------------------------------------------------------------------- Devices
 */
void CheckKind(State& state, const char* slot, const std::string& device,
               const tenon_memory_kind& kind) {
  const std::string what = "device " + device + ", memory kind " + std::to_string(kind.id);
  CheckReserved(state, slot, "tenon_memory_kind", kind.reserved);
  CheckText(state, slot, what + ": name", kind.name);
  if (kind.id < 1 || kind.id > 31)
    state.Complain("R13", slot, what + ": the id is outside 1 to 31");
  if (!IsPowerOfTwo(kind.alignment))
    state.Complain("R13", slot,
                   what + ": alignment " + std::to_string(kind.alignment) + " is no power of two");
  if (kind.ownership_granule == 0 || kind.largest_allocation == 0)
    state.Complain("R13", slot, what + ": ownership_granule or largest_allocation is 0");
  if ((kind.flags & TENON_MEMORY_HOST_ADDRESS) && !(kind.flags & TENON_MEMORY_ADDRESSABLE)) {
    state.Complain("R13", slot, what + ": HOST_ADDRESS without ADDRESSABLE");
  }
}

void TENON_CALL Options(tenon_backend* handle, const tenon_option* const** out_options,
                        uint32_t* out_count) {
  constexpr const char* kSlot = "device.options";
  Backend* backend = Of(handle, kSlot);
  if (!backend || !CheckOut(*backend->state, kSlot, "out_options", out_options) ||
      !CheckOut(*backend->state, kSlot, "out_count", out_count))
    return;
  State& state = *backend->state;
  state.CallVoid(kSlot,
                 [&] { backend->theirs.device.options(backend->inner, out_options, out_count); });
  if (!CheckList(state, kSlot, "options", *out_options, *out_count)) return;
  std::set<std::string> names;
  for (uint32_t i = 0; i < *out_count; ++i) {
    const tenon_option* option = (*out_options)[i];
    if (!CheckGiven(state, kSlot, "an option", option) ||
        !CheckSize(state, kSlot, "tenon_option", option->struct_size,
                   TENON_SIZE_TO(tenon_option, choice_count)))
      continue;
    CheckReserved(state, kSlot, "tenon_option", option->reserved);
    CheckText(state, kSlot, "an option's default_value", option->default_value);
    CheckText(state, kSlot, "an option's description", option->description);
    if (CheckText(state, kSlot, "an option's name", option->name) &&
        !names.insert(option->name).second)
      state.Complain("R13", kSlot, std::string("two options are called ") + option->name);
    if (!CheckList(state, kSlot, "choices", option->choices, option->choice_count)) continue;
    for (uint32_t c = 0; c < option->choice_count; ++c)
      CheckText(state, kSlot, "an option's choice", option->choices[c]);
  }
  std::lock_guard lock(state.mutex);
  state.options = std::move(names);
}

tenon_status TENON_CALL Enumerate(tenon_backend* handle,
                                  const tenon_device_info* const** out_devices,
                                  uint32_t* out_count) {
  constexpr const char* kSlot = "device.enumerate";
  Backend* known = Of(handle, kSlot);
  if (!known || !CheckOut(*known->state, kSlot, "out_devices", out_devices) ||
      !CheckOut(*known->state, kSlot, "out_count", out_count))
    return Unusable();
  Backend& backend = *known;
  State& state = *backend.state;
  state.options_are_known = true;
  const tenon_status status = state.Call(kSlot, [&] {
    return backend.theirs.device.enumerate(backend.inner, out_devices, out_count);
  });
  if (status.code != TENON_OK || !CheckList(state, kSlot, "devices", *out_devices, *out_count))
    return status;
  std::set<uint32_t> ids;
  for (uint32_t i = 0; i < *out_count; ++i) {
    const tenon_device_info* info = (*out_devices)[i];
    if (!CheckGiven(state, kSlot, "a device's info", info) ||
        !CheckSize(state, kSlot, "tenon_device_info", info->struct_size,
                   TENON_SIZE_TO(tenon_device_info, gbytes)))
      continue;
    if (!ids.insert(info->id).second)
      state.Complain("R13", kSlot, "two devices have the id " + std::to_string(info->id));
    for (const double peak : {info->gflops, info->gbytes}) {
      if (!std::isfinite(peak) || peak < 0)
        state.Complain("R13", kSlot, "a device's gflops or gbytes is negative or not finite");
    }
    CheckText(state, kSlot, "a device's fingerprint", info->fingerprint);
    if (!CheckText(state, kSlot, "a device's name", info->name) ||
        !CheckList(state, kSlot, "memory kinds", info->memory_kinds, info->memory_kind_count))
      continue;
    std::set<uint32_t> kinds;
    for (uint32_t k = 0; k < info->memory_kind_count; ++k) {
      const tenon_memory_kind* kind = info->memory_kinds[k];
      if (!CheckGiven(state, kSlot, "a memory kind", kind) ||
          !CheckSize(state, kSlot, "tenon_memory_kind", kind->struct_size,
                     TENON_SIZE_TO(tenon_memory_kind, capacity)))
        continue;
      CheckKind(state, kSlot, info->name, *kind);
      if (!kinds.insert(kind->id).second)
        state.Complain("R13", kSlot, "two memory kinds have the id " + std::to_string(kind->id));
      const tenon_memory_interface& memory = backend.theirs.memory;
      if ((kind->flags & (TENON_MEMORY_HOST_READ | TENON_MEMORY_HOST_WRITE)) &&
          memory.struct_size != 0 && !(memory.map && memory.unmap))
        state.Complain("R9", kSlot,
                       std::string(kind->name ? kind->name : "a memory kind") +
                           " has HOST_READ or HOST_WRITE, but memory.map or unmap is NULL");
    }
    std::scoped_lock lock(backend.mutex, state.mutex);
    backend.infos[info->id] = info;
    state.device_ids.insert(info->id);
  }
  return status;
}

tenon_status TENON_CALL Open(tenon_backend* handle, uint32_t id, tenon_device** out_device) {
  constexpr const char* kSlot = "device.open";
  Backend* known = Of(handle, kSlot);
  if (!known || !CheckOut(*known->state, kSlot, "out_device", out_device)) return Unusable();
  Backend& backend = *known;
  State& state = *backend.state;
  state.options_are_known = true;
  tenon_device* device = nullptr;
  const tenon_status status =
      state.Call(kSlot, [&] { return backend.theirs.device.open(backend.inner, id, &device); });
  if (status.code != TENON_OK) {
    if (device) state.Complain("R2", kSlot, "failed, but out_device is set");
    return status;
  }
  if (!device) {
    state.Complain("R3", kSlot, "gives no device");
    return status;
  }
  std::unique_lock lock(backend.mutex);
  const auto info = backend.infos.find(id);
  const tenon_device_info* facts = info == backend.infos.end() ? nullptr : info->second;
  lock.unlock();
  ++state.open_devices;
  *out_device = reinterpret_cast<tenon_device*>(state.Make<Device>(backend, device, facts));
  return status;
}

void TENON_CALL Close(tenon_device* handle) {
  constexpr const char* kSlot = "device.close";
  if (!handle) return;
  Device* device = Of(handle, kSlot);
  if (!device) return;
  State& state = device->state;
  std::unique_lock lock(state.mutex);
  int64_t buffers = 0;
  for (const auto& [buffer, known] : state.buffers) buffers += known.device == device;
  lock.unlock();
  const std::pair<int64_t, const char*> live[] = {{device->queues, "queues"},
                                                  {device->kernels, "kernels"},
                                                  {buffers, "buffers"},
                                                  {state.fences.TimelinesOf(device), "timelines"}};
  for (const auto& [count, what] : live) {
    if (count > 0)
      state.Complain("R4", kSlot,
                     std::to_string(count) + " " + what + " of the device are not ended");
  }
  device->alive = false;
  --state.open_devices;
  state.CallVoid(kSlot, [&] { device->backend.theirs.device.close(device->inner); });
}

}  // namespace

Backend::Backend() = default;
Backend::~Backend() = default;

Device* Of(tenon_device* device, const char* slot) {
  return device ? Of(reinterpret_cast<Device*>(device)->state, device, slot) : nullptr;
}
Device* Of(State& state, tenon_device* device, const char* slot) {
  return static_cast<Device*>(state.Find(device, "device", slot));
}

bool Backend::HasKind(const Device* device, uint32_t kind) {
  if (device) return device->Kind(kind) != nullptr;
  std::lock_guard lock(mutex);
  return std::ranges::any_of(
      infos, [&](const auto& info) { return FindKind(info.second, kind) != nullptr; });
}

Backend* Of(tenon_backend* handle, const char* slot) {
  auto* backend = reinterpret_cast<Backend*>(handle);
  if (!backend || !backend->state->ended) return backend;
  backend->state->Complain("R4", slot, "the backend is used after its end");
  return nullptr;
}

bool CheckDevice(Backend& backend, const char* slot, tenon_device* device, Device** out_device) {
  const bool has_devices = backend.theirs.device.struct_size != 0;
  *out_device = nullptr;
  if (has_devices) return (*out_device = Of(*backend.state, device, slot)) != nullptr;
  if (!device) return true;
  backend.state->Complain("R4", slot, "a device is given, but the backend has none");
  return false;
}

bool CheckOut(State& state, const char* slot, const char* name, const void* out) {
  if (out) return true;
  state.Complain("R3", slot, std::string(name) + " is NULL");
  return false;
}

void FillDevice(const tenon_device_interface& theirs, tenon_device_interface* ours) {
  *ours = theirs;
  if (theirs.options) ours->options = Options;
  if (theirs.enumerate) ours->enumerate = Enumerate;
  if (theirs.open) ours->open = Open;
  if (theirs.close) ours->close = Close;
}

namespace {

class Validate final : public Layer {
 public:
  const tenon_host* WrapHost(const tenon_host* host) override {
    state_.host = host;
    host_ = validate::WrapHost(state_, host);
    return &host_->table;
  }
  tenon_backend* Wrap(tenon_backend* inner) override {
    backend_.state = &state_;
    backend_.inner = inner;
    backend_.object.struct_size = TENON_SIZE_TO(tenon_backend, destroy);
    backend_.object.interface = Interface;
    backend_.object.quiesce = inner->quiesce ? Quiesce : nullptr;
    backend_.object.destroy = Destroy;
    const void* unknown = nullptr;
    state_.CallVoid("backend.interface",
                    [&] { unknown = inner->interface(inner, "no.such.interface", 1); });
    if (unknown)
      state_.Complain("R8", "backend.interface", "gives a table for a name that nobody knows");
    state_.CallVoid("backend.interface",
                    [&] { unknown = inner->interface(inner, "kernel", UINT32_MAX); });
    if (unknown)
      state_.Complain("R8", "backend.interface", "gives a table in a version that nobody knows");
    return &backend_.object;
  }
  std::vector<std::string> violations() const override { return state_.violations(); }

 private:
  State state_;
  std::unique_ptr<Host> host_;
  Backend backend_;
};

}  // namespace
}  // namespace validate

std::unique_ptr<Layer> MakeValidateLayer() { return std::make_unique<validate::Validate>(); }

}  // namespace tenon::backend
