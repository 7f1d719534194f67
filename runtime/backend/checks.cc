// Checks of what a backend hands over before anything is called through it.
#include <cstring>

#include "backend_state.h"
#include "guard.h"

namespace tenon::backend {
namespace {

// No struct is larger, and none is smaller than it was in ABI 0.1.
constexpr uint32_t kLargestStruct = 65536;

Status Incompatible(std::string what) { return Status(Code::kIncompatible, std::move(what)); }

struct Slot {
  const char* name;
  bool present;
};

Status CheckSlots(const char* table, std::initializer_list<Slot> slots) {
  for (const Slot& slot : slots) {
    if (slot.present) continue;
    return Incompatible(std::string("R9: interface \"") + table + "\": the required slot " +
                        slot.name + " is NULL");
  }
  return {};
}

// Copies a table into *out; false where the backend does not have it.
template <typename T>
Result<bool> LookUp(tenon_backend* backend, const char* name, T* out) {
  TENON_ASSIGN(const void* found,
               Guarded("backend.interface", [&] { return backend->interface(backend, name, 1); }));
  if (!found) return false;
  uint32_t size = 0;
  std::memcpy(&size, found, sizeof size);
  if (size <= offsetof(T, reserved) || size > kLargestStruct) {
    return Incompatible(std::string("R1: interface \"") + name + "\": struct_size is " +
                        std::to_string(size) + ", expected " + std::to_string(sizeof(T)) +
                        " or what the backend's header says");
  }
  std::memcpy(out, found, std::min<size_t>(size, sizeof(T)));
  return true;
}

#define SLOT(name) \
  { #name, t.name != nullptr }

Status Check(const tenon_device_interface& t) {
  return CheckSlots("device", {SLOT(enumerate), SLOT(open), SLOT(close)});
}
Status Check(const tenon_memory_interface& t) {
  return CheckSlots("memory", {SLOT(allocate), SLOT(free)});
}
Status Check(const tenon_queue_interface& t) {
  return CheckSlots("queue", {SLOT(create), SLOT(destroy), SLOT(wait), SLOT(signal), SLOT(submit),
                              SLOT(copy), SLOT(fill), SLOT(timeline_create), SLOT(timeline_destroy),
                              SLOT(timeline_query), SLOT(timeline_wait)});
}
Status Check(const tenon_kernel_interface& t) { return CheckSlots("kernel", {SLOT(descriptors)}); }
Status Check(const tenon_compile_interface& t) {
  return CheckSlots("compile", {SLOT(colour), SLOT(compile), SLOT(artifact_bytes),
                                SLOT(artifact_release), SLOT(check), SLOT(load)});
}
Status Check(const tenon_operators_interface& t) {
  return CheckSlots("operators", {SLOT(operators)});
}
Status Check(const tenon_profile_interface& t) {
  return CheckSlots("profile", {SLOT(enable), SLOT(clocks)});
}
#undef SLOT

template <typename T>
Status LookUp(tenon_backend* backend, const char* name, T* copy, const T** out_table) {
  TENON_ASSIGN(const bool found, LookUp(backend, name, copy));
  if (!found) return {};
  TENON_RETURN_IF_ERROR(Check(*copy));
  *out_table = copy;
  return {};
}

template <typename T>
Status CheckSize(const T* object, const char* what, uint32_t least) {
  if (!object) return Incompatible(std::string("R7: ") + what + " is NULL");
  if (object->struct_size >= least && object->struct_size <= kLargestStruct) return {};
  return Incompatible(std::string("R1: ") + what + ": struct_size is " +
                      std::to_string(object->struct_size) + ", expected " + std::to_string(least) +
                      " or more");
}

bool IsPowerOfTwo(uint64_t value) { return value != 0 && (value & (value - 1)) == 0; }

Status CheckMemoryKind(const std::string& device, const tenon_memory_kind* kind) {
  const std::string what = "memory kind of device " + device;
  TENON_RETURN_IF_ERROR(CheckSize(kind, what.c_str(), TENON_SIZE_TO(tenon_memory_kind, capacity)));
  if (!kind->name) return Incompatible("R7: " + what + ": its name is NULL");
  if (kind->id == 0 || kind->id > 31) {
    return Incompatible(what + ": " + kind->name + " has the id " + std::to_string(kind->id) +
                        ", expected 1 to 31");
  }
  if (!IsPowerOfTwo(kind->alignment) || kind->ownership_granule == 0) {
    return Incompatible(what + ": " + kind->name + " has alignment " +
                        std::to_string(kind->alignment) + " and ownership granule " +
                        std::to_string(kind->ownership_granule) +
                        ", expected a power of two and at least 1");
  }
  return {};
}

}  // namespace

Status LookUpDevice(tenon_backend* backend, Tables* out) {
  return LookUp(backend, "device", &out->copies.device, &out->device);
}

Status LookUpOthers(tenon_backend* backend, Tables* out) {
  Tables::Copies& copies = out->copies;
  TENON_RETURN_IF_ERROR(LookUp(backend, "memory", &copies.memory, &out->memory));
  TENON_RETURN_IF_ERROR(LookUp(backend, "queue", &copies.queue, &out->queue));
  TENON_RETURN_IF_ERROR(LookUp(backend, "kernel", &copies.kernel, &out->kernel));
  TENON_RETURN_IF_ERROR(LookUp(backend, "compile", &copies.compile, &out->compile));
  TENON_RETURN_IF_ERROR(LookUp(backend, "operators", &copies.operators, &out->operators));
  TENON_RETURN_IF_ERROR(LookUp(backend, "profile", &copies.profile, &out->profile));
  if (!out->device && (out->memory || out->queue)) {
    return Incompatible("has the interface \"memory\" or \"queue\" but not \"device\"");
  }
  if (!out->kernel && !out->compile) {
    return Incompatible("has neither \"kernel\" nor \"compile\": nothing can run on it");
  }
  return {};
}

Status CheckDevice(const tenon_device_info* info) {
  TENON_RETURN_IF_ERROR(
      CheckSize(info, "info of a device", TENON_SIZE_TO(tenon_device_info, gbytes)));
  if (!info->name || !info->fingerprint) {
    return Incompatible("R7: device " + std::to_string(info->id) + ": name or fingerprint is NULL");
  }
  if (info->memory_kind_count > 31 || (info->memory_kind_count && !info->memory_kinds)) {
    return Incompatible(std::string("R7: device ") + info->name + ": " +
                        std::to_string(info->memory_kind_count) +
                        " memory kinds, expected a list of at most 31");
  }
  uint32_t seen = 0;
  for (uint32_t i = 0; i < info->memory_kind_count; ++i) {
    const tenon_memory_kind* kind = info->memory_kinds[i];
    TENON_RETURN_IF_ERROR(CheckMemoryKind(info->name, kind));
    if (seen & (1u << kind->id)) {
      return Incompatible(std::string("device ") + info->name + " has two memory kinds of the id " +
                          std::to_string(kind->id));
    }
    seen |= 1u << kind->id;
  }
  return {};
}

Status CheckDescriptor(const tenon_kernel_descriptor* t) {
  TENON_RETURN_IF_ERROR(
      CheckSize(t, "descriptor", TENON_SIZE_TO(tenon_kernel_descriptor, destroy)));
  if (!t->name || !t->op || !t->domain) return Incompatible("R7: name, domain or op is NULL");
  const std::string name = t->name;
  if (!t->run) return Incompatible("R9: " + name + ": run is NULL");
  if (t->revision_min > t->revision_max) {
    return Incompatible("R13: " + name + ": revision_min is above revision_max");
  }
  if ((t->input_dtype_count && !t->input_dtypes) || (t->output_dtype_count && !t->output_dtypes) ||
      (t->attribute_rule_count && !t->attribute_rules) || (t->in_place_count && !t->in_place) ||
      (t->input_memory_count && !t->input_memory) ||
      (t->output_memory_count && !t->output_memory) ||
      (t->input_layout_count && !t->input_layouts) ||
      (t->output_layout_count && !t->output_layouts)) {
    return Incompatible("R7: " + name + ": a list has a count but is NULL");
  }
  for (uint32_t i = 0; i < t->attribute_rule_count; ++i) {
    const tenon_attribute_rule* rule = t->attribute_rules[i];
    TENON_RETURN_IF_ERROR(CheckSize(rule, (name + ": attribute rule").c_str(),
                                    TENON_SIZE_TO(tenon_attribute_rule, int_count)));
    if (!rule->name) return Incompatible("R7: " + name + ": an attribute rule has no name");
  }
  return {};
}

Status CheckOption(const tenon_option* option) {
  TENON_RETURN_IF_ERROR(CheckSize(option, "option", TENON_SIZE_TO(tenon_option, choice_count)));
  if (!option->name) return Incompatible("R7: an option has no name");
  if (option->choice_count && !option->choices) {
    return Incompatible(std::string("R7: option ") + option->name + ": choices is NULL");
  }
  for (uint32_t i = 0; i < option->choice_count; ++i) {
    if (!option->choices[i]) {
      return Incompatible(std::string("R7: option ") + option->name + ": choice " +
                          std::to_string(i) + " is NULL");
    }
  }
  return {};
}

Status CheckLayout(const tenon_layout_info* layout) {
  TENON_RETURN_IF_ERROR(CheckSize(layout, "layout", TENON_SIZE_TO(tenon_layout_info, bytes)));
  if (!layout->name) return Incompatible("R7: a layout has no name");
  if (layout->id < TENON_LAYOUT_OWN || !layout->bytes) {
    return Incompatible(std::string("R13: layout ") + layout->name + ": id " +
                        std::to_string(layout->id) + ", expected " +
                        std::to_string(TENON_LAYOUT_OWN) + " or more, and the slot bytes");
  }
  return {};
}

Status CheckOperator(const tenon_operator* op) {
  TENON_RETURN_IF_ERROR(CheckSize(op, "operator", TENON_SIZE_TO(tenon_operator, infer)));
  if (!op->domain || !op->name) return Incompatible("R7: an operator lacks its domain or name");
  const std::string_view domain = op->domain;
  if (domain.empty() || domain.starts_with("ai.")) {
    return Incompatible(std::string("R13: operator ") + op->name + " in the domain '" + op->domain +
                        "', expected a domain of the backend's own");
  }
  if (!op->infer) return Incompatible(std::string("R9: operator ") + op->name + ": infer is NULL");
  return {};
}

}  // namespace tenon::backend
