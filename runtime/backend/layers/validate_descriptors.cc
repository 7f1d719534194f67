// The lists of the interface "kernel": descriptors and layouts.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "layers/validate_backend.h"
#include "layers/validate_run.h"

namespace tenon::backend::validate {
namespace {

void CheckRow(State& state, const char* slot, const tenon_kernel_descriptor& d) {
  const std::string what = std::string("kernel ") + (d.name ? d.name : "without a name");
  for (const auto& [field, text] :
       {std::pair{"name", d.name}, std::pair{"domain", d.domain}, std::pair{"op", d.op}}) {
    CheckText(state, slot, what + ": " + field, text);
  }
  const std::pair<const char*, std::pair<const void*, uint32_t>> lists[] = {
      {"input_dtypes", {d.input_dtypes, d.input_dtype_count}},
      {"output_dtypes", {d.output_dtypes, d.output_dtype_count}},
      {"attribute_rules", {d.attribute_rules, d.attribute_rule_count}},
      {"in_place", {d.in_place, d.in_place_count}},
      {"input_memory", {d.input_memory, d.input_memory_count}},
      {"output_memory", {d.output_memory, d.output_memory_count}},
      {"input_layouts", {d.input_layouts, d.input_layout_count}},
      {"output_layouts", {d.output_layouts, d.output_layout_count}}};
  for (const auto& [field, list] : lists)
    CheckList(state, slot, (what + ": " + field).c_str(), list.first, list.second);
  for (uint32_t i = 0; d.attribute_rules && i < d.attribute_rule_count; ++i) {
    const tenon_attribute_rule* rule = d.attribute_rules[i];
    if (!CheckGiven(state, slot, "an attribute rule", rule) ||
        !CheckSize(state, slot, "tenon_attribute_rule", rule->struct_size,
                   TENON_SIZE_TO(tenon_attribute_rule, int_count)))
      continue;
    CheckReserved(state, slot, "tenon_attribute_rule", rule->reserved);
    CheckText(state, slot, what + ": an attribute rule's name", rule->name);
    CheckList(state, slot, "allowed values", rule->ints, rule->int_count);
    if (rule->kind == TENON_RULE_TEXT_EQUALS)
      CheckText(state, slot, what + ": an attribute rule's text", rule->text);
  }
  if (d.revision_min > d.revision_max || d.rank_min > d.rank_max)
    state.Complain("R13", slot, what + ": a range is upside down");
  if (!std::isfinite(d.error_bound) || d.error_bound < 0)
    state.Complain("R13", slot, what + ": error_bound is negative or not finite");
  if (d.efficiency > 1000)
    state.Complain(
        "R13", slot,
        what + ": efficiency is " + std::to_string(d.efficiency) + ", expected at most 1000");
  if (!d.run) state.Complain("R9", slot, what + ": the required slot run is NULL");
  if (d.create && !d.destroy)
    state.Complain("R9", slot, what + ": has create, but destroy is NULL");
}

tenon_status TENON_CALL Descriptors(tenon_backend* handle,
                                    const tenon_kernel_descriptor* const** out_descriptors,
                                    uint32_t* out_count) {
  constexpr const char* kSlot = "kernel.descriptors";
  Backend* known = Of(handle, kSlot);
  if (!known || !CheckOut(*known->state, kSlot, "out_descriptors", out_descriptors) ||
      !CheckOut(*known->state, kSlot, "out_count", out_count))
    return Unusable();
  Backend& backend = *known;
  State& state = *backend.state;
  const tenon_kernel_descriptor* const* list = nullptr;
  uint32_t count = 0;
  const tenon_status status = state.Call(
      kSlot, [&] { return backend.theirs.kernel.descriptors(backend.inner, &list, &count); });
  if (status.code != TENON_OK || !CheckList(state, kSlot, "descriptors", list, count))
    return status;
  std::vector<const tenon_kernel_descriptor*> wrapped;
  std::set<std::string> names;
  for (uint32_t i = 0; i < count; ++i) {
    const bool given = CheckGiven(state, kSlot, "a descriptor", list[i]);
    const Descriptor* descriptor = given ? Wrap(backend, list[i], kSlot) : nullptr;
    wrapped.push_back(descriptor ? &descriptor->table : list[i]);
    if (list[i] && list[i]->name && !names.insert(list[i]->name).second) {
      state.Complain("R13", kSlot, std::string("two kernels are called ") + list[i]->name);
    }
  }
  std::lock_guard lock(backend.mutex);
  backend.descriptor_lists.push_back(std::move(wrapped));
  *out_descriptors = backend.descriptor_lists.back().data();
  *out_count = count;
  return status;
}

tenon_status TENON_CALL Layouts(tenon_backend* handle, const tenon_layout_info* const** out_layouts,
                                uint32_t* out_count) {
  constexpr const char* kSlot = "kernel.layouts";
  Backend* backend = Of(handle, kSlot);
  if (!backend || !CheckOut(*backend->state, kSlot, "out_layouts", out_layouts) ||
      !CheckOut(*backend->state, kSlot, "out_count", out_count))
    return Unusable();
  State& state = *backend->state;
  const tenon_status status = state.Call(kSlot, [&] {
    return backend->theirs.kernel.layouts(backend->inner, out_layouts, out_count);
  });
  if (status.code != TENON_OK || !CheckList(state, kSlot, "layouts", *out_layouts, *out_count))
    return status;
  std::set<uint32_t> ids;
  for (uint32_t i = 0; i < *out_count; ++i) {
    const tenon_layout_info* layout = (*out_layouts)[i];
    if (!CheckGiven(state, kSlot, "a layout", layout) ||
        !CheckSize(state, kSlot, "tenon_layout_info", layout->struct_size,
                   TENON_SIZE_TO(tenon_layout_info, bytes)))
      continue;
    CheckText(state, kSlot, "a layout's name", layout->name);
    if (!layout->bytes) {
      state.Complain("R9", kSlot,
                     "layout " + std::to_string(layout->id) + ": the required slot bytes is NULL");
      continue;
    }
    if (layout->id < TENON_LAYOUT_OWN)
      state.Complain("R13", kSlot,
                     "a layout of the backend's own has the id " + std::to_string(layout->id));
    if (!ids.insert(layout->id).second)
      state.Complain("R13", kSlot, "two layouts have the id " + std::to_string(layout->id));
    std::lock_guard lock(state.mutex);
    state.layouts[layout->id] = layout;
  }
  return status;
}
}  // namespace

Descriptor* Wrap(Backend& backend, const tenon_kernel_descriptor* inner, const char* slot) {
  State& state = *backend.state;
  {
    std::lock_guard lock(backend.mutex);
    if (const auto found = backend.descriptors.find(inner); found != backend.descriptors.end())
      return found->second.get();
  }
  constexpr uint32_t kLeast = TENON_SIZE_TO(tenon_kernel_descriptor, destroy);
  if (!CheckSize(state, slot, "tenon_kernel_descriptor", inner->struct_size, kLeast))
    return nullptr;
  CheckRow(state, slot, *inner);
  if (!inner->name || !inner->run) return nullptr;
  auto wrapper = std::make_unique<Descriptor>();
  wrapper->backend = &backend;
  wrapper->inner = inner;
  std::memcpy(&wrapper->table, inner, std::min<size_t>(inner->struct_size, sizeof wrapper->table));
  wrapper->seen = wrapper->table;
  tenon_kernel_descriptor& table = wrapper->table;
  table.struct_size = std::min<uint32_t>(table.struct_size, sizeof table);
  FillDescriptor(&table);
  wrapper->stateless = state.Make<Kernel>(*wrapper, nullptr, nullptr);
  std::lock_guard lock(backend.mutex);
  return backend.descriptors.emplace(inner, std::move(wrapper)).first->second.get();
}
void FillKernel(const tenon_kernel_interface& theirs, tenon_kernel_interface* ours) {
  *ours = theirs;
  if (theirs.descriptors) ours->descriptors = Descriptors;
  if (theirs.layouts) ours->layouts = Layouts;
}

}  // namespace tenon::backend::validate
