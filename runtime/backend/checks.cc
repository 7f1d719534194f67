// Checks of what a backend hands over before anything is called through it.
#include <algorithm>
#include <cstdlib>

#include "backend_state.h"

namespace tenon::backend {
namespace {

// A slot, or the promise that a struct is as large as its required fields.
struct Required {
  const char* name;
  bool present;
};

Status Check(const char* table, uint32_t struct_size, uint32_t least, std::initializer_list<Required> slots) {
  if (struct_size < least || struct_size > 65536) {
    return Status(Code::kIncompatible, std::string("R1: table \"") + table + "\": struct_size is " +
                                           std::to_string(struct_size) + ", expected " + std::to_string(least) +
                                           " or more (and a plausible value)");
  }
  for (const Required& slot : slots) {
    if (slot.present) continue;
    return Status(Code::kIncompatible,
                  std::string("R9: table \"") + table + "\": required slot " + slot.name + " is NULL");
  }
  return {};
}

#define SLOT(name) {#name, t->name != nullptr}

}  // namespace

Status CheckDeviceTable(const tenon_device_interface* t) {
  TENON_RETURN_IF_ERROR(Check("device", t->struct_size, TENON_SIZE_TO(tenon_device_interface, close), {}));
  return Check("device", t->struct_size, 0, {SLOT(enumerate), SLOT(open), SLOT(close)});
}
Status CheckMemoryTable(const tenon_memory_interface* t) {
  TENON_RETURN_IF_ERROR(Check("memory", t->struct_size, TENON_SIZE_TO(tenon_memory_interface, unmap), {}));
  return Check("memory", t->struct_size, 0, {SLOT(allocate), SLOT(free)});
}
Status CheckQueueTable(const tenon_queue_interface* t) {
  TENON_RETURN_IF_ERROR(Check("queue", t->struct_size, TENON_SIZE_TO(tenon_queue_interface, timeline_wait), {}));
  return Check("queue", t->struct_size, 0,
               {SLOT(create), SLOT(destroy), SLOT(wait), SLOT(signal), SLOT(submit), SLOT(copy), SLOT(fill),
                SLOT(timeline_create), SLOT(timeline_destroy), SLOT(timeline_query), SLOT(timeline_wait)});
}
Status CheckKernelTable(const tenon_kernel_interface* t) {
  TENON_RETURN_IF_ERROR(Check("kernel", t->struct_size, TENON_SIZE_TO(tenon_kernel_interface, descriptors), {}));
  return Check("kernel", t->struct_size, 0, {SLOT(descriptors)});
}
Status CheckCompileTable(const tenon_compile_interface* t) {
  TENON_RETURN_IF_ERROR(Check("compile", t->struct_size, TENON_SIZE_TO(tenon_compile_interface, load), {}));
  return Check("compile", t->struct_size, 0,
               {SLOT(colour), SLOT(compile), SLOT(artifact_bytes), SLOT(artifact_release), SLOT(check), SLOT(load)});
}
Status CheckOperatorsTable(const tenon_operators_interface* t) {
  TENON_RETURN_IF_ERROR(
      Check("operators", t->struct_size, TENON_SIZE_TO(tenon_operators_interface, operators), {}));
  return Check("operators", t->struct_size, 0, {SLOT(operators)});
}
Status CheckProfileTable(const tenon_profile_interface* t) {
  TENON_RETURN_IF_ERROR(Check("profile", t->struct_size, TENON_SIZE_TO(tenon_profile_interface, clocks), {}));
  return Check("profile", t->struct_size, 0, {SLOT(enable), SLOT(clocks)});
}

Status CheckDescriptor(const tenon_kernel_descriptor* t) {
  if (!t) return Status(Code::kIncompatible, "a descriptor is NULL");
  if (t->struct_size < TENON_SIZE_TO(tenon_kernel_descriptor, run) || t->struct_size > 65536) {
    return Status(Code::kIncompatible, "R1: struct_size is " + std::to_string(t->struct_size) + ", expected " +
                                           std::to_string(TENON_SIZE_TO(tenon_kernel_descriptor, run)) + " or more");
  }
  if (!t->name || !t->op || !t->domain) return Status(Code::kIncompatible, "R7: name, domain or op is NULL");
  if (!t->run) return Status(Code::kIncompatible, std::string("R9: ") + t->name + ": run is NULL");
  if (t->revision_min > t->revision_max) {
    return Status(Code::kIncompatible, std::string(t->name) + ": revision_min is above revision_max");
  }
  if ((t->input_dtype_count && !t->input_dtypes) || (t->output_dtype_count && !t->output_dtypes) ||
      (t->attribute_rule_count && !t->attribute_rules) || (t->in_place_count && !t->in_place) ||
      (t->input_memory_count && !t->input_memory) || (t->output_memory_count && !t->output_memory) ||
      (t->input_layout_count && !t->input_layouts) || (t->output_layout_count && !t->output_layouts)) {
    return Status(Code::kIncompatible, std::string("R7: ") + t->name + ": a list has a count but is NULL");
  }
  return {};
}

namespace {

bool Fits(const tenon_option& option, const std::string& value, std::string* out_expected) {
  switch (option.kind) {
    case TENON_OPTION_INT: {
      *out_expected = "an integer";
      char* end = nullptr;
      std::strtoll(value.c_str(), &end, 10);
      return !value.empty() && *end == 0;
    }
    case TENON_OPTION_BOOL:
      *out_expected = "on or off";
      return value == "on" || value == "off" || value == "true" || value == "false" || value == "1" || value == "0";
    case TENON_OPTION_CHOICE:
      *out_expected = "one of";
      for (uint32_t i = 0; i < option.choice_count; ++i) {
        if (value == option.choices[i]) return true;
        *out_expected += std::string(i ? ", " : " ") + option.choices[i];
      }
      return false;
    default: return true;
  }
}

// The longest common prefix decides which name is nearest: options are few and short.
std::string Nearest(const std::string& name, std::span<const tenon_option* const> schema) {
  std::string best;
  size_t best_length = 0;
  for (const tenon_option* option : schema) {
    const std::string candidate = option->name;
    const auto [a, b] = std::mismatch(name.begin(), name.end(), candidate.begin(), candidate.end());
    const auto length = static_cast<size_t>(a - name.begin());
    if (length > best_length) {
      best = candidate;
      best_length = length;
    }
  }
  return best;
}

}  // namespace

Result<std::map<std::string, std::string>> CheckOptions(const std::string& backend,
                                                        std::span<const tenon_option* const> schema,
                                                        const std::map<std::string, std::string>& given) {
  std::map<std::string, std::string> values;
  for (const tenon_option* option : schema) values[option->name] = option->default_value ? option->default_value : "";
  for (const auto& [name, value] : given) {
    const auto option = std::find_if(schema.begin(), schema.end(), [&](const auto* o) { return name == o->name; });
    if (option == schema.end()) {
      std::string known;
      for (const tenon_option* o : schema) known += (known.empty() ? "" : ", ") + std::string(o->name);
      const std::string nearest = Nearest(name, schema);
      return Status(Code::kInvalidArgument,
                    "backend " + backend + " has no option '" + name + "'" +
                        (nearest.empty() ? "" : "; did you mean '" + nearest + "'?") +
                        (known.empty() ? "; it has none" : " (it has: " + known + ")"));
    }
    std::string expected;
    if (!Fits(**option, value, &expected)) {
      return Status(Code::kInvalidArgument,
                    "option " + backend + "." + name + ": got '" + value + "', expected " + expected);
    }
    values[name] = value;
  }
  return values;
}

}  // namespace tenon::backend
