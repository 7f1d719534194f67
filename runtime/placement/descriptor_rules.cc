// The rules that the fields of a kernel descriptor state, checked by the host. Numbers that it does
// not know mean that the kernel does not apply (R8).
#include <algorithm>
#include <string>

#include "matcher.h"

namespace tenon::placement {
namespace {

bool Refuse(Refusal* out, tenon_reason reason, const std::string& field, const std::string& got,
            const std::string& wants) {
  out->reason = reason;
  out->message = field + ": got " + got + ", wants " + wants;
  return false;
}

std::string TypeNames(tenon_dtypes types) {
  std::string names;
  for (unsigned t = 1; t < 64; ++t) {
    if (!(types >> t & 1)) continue;
    const std::string_view name = DataTypeName(static_cast<DataType>(t));
    if (name != "undefined") names += (names.empty() ? "" : " or ") + std::string(name);
  }
  return names.empty() ? "nothing that is known" : names;
}

bool TypesFit(const tenon_dtypes* list, uint32_t count, const char* what, const graph::Graph& graph,
              const std::vector<graph::ValueId>& values, Refusal* out) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] == graph::kNone) continue;
    const DataType type = graph.values[values[i]].type;
    const auto name = [&] { return std::string(what) + " " + std::to_string(i) + " dtype"; };
    if (type == DataType::kString || type == DataType::kUndefined) {
      return Refuse(out, TENON_REASON_DTYPE, name(), std::string(DataTypeName(type)), "numbers");
    }
    if (count == 0) continue;
    const tenon_dtypes wanted = list[std::min<size_t>(i, count - 1)];
    if ((wanted >> static_cast<unsigned>(type) & 1) != 0) continue;
    return Refuse(out, TENON_REASON_DTYPE, name(), std::string(DataTypeName(type)),
                  TypeNames(wanted));
  }
  return true;
}

bool RankFits(const tenon_kernel_descriptor& kernel, const graph::Graph& graph,
              const graph::Node& node, Refusal* out) {
  if ((kernel.rank_min == 0 && kernel.rank_max == 0) || node.inputs.empty() ||
      node.inputs[0] == graph::kNone)
    return true;
  const int rank = graph.values[node.inputs[0]].shape.rank();
  if (rank >= kernel.rank_min && rank <= kernel.rank_max) return true;
  std::string wants = std::to_string(kernel.rank_min);
  if (kernel.rank_max != kernel.rank_min) wants += " to " + std::to_string(kernel.rank_max);
  return Refuse(out, TENON_REASON_RANK, "input 0 rank", rank < 0 ? "unknown" : std::to_string(rank),
                wants);
}

std::string Join(const int64_t* values, size_t count, const char* between) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += (i > 0 ? between : "") + std::to_string(values[i]);
  return text;
}

bool RuleFits(const tenon_attribute_rule& rule, const graph::Node& node, Refusal* out) {
  const graph::Attribute* attribute = node.Find(rule.name);
  if (attribute == nullptr) return true;
  const std::string field = "attribute " + std::string(rule.name);
  const auto allowed = [&](int64_t value) {
    return std::find(rule.ints, rule.ints + rule.int_count, value) != rule.ints + rule.int_count;
  };
  switch (rule.kind) {
    case TENON_RULE_ABSENT:
      return Refuse(out, TENON_REASON_ATTRIBUTE, field, "a value", "none");
    case TENON_RULE_INT_IN: {
      const auto* value = std::get_if<int64_t>(&attribute->value);
      if (value != nullptr && allowed(*value)) return true;
      return Refuse(out, TENON_REASON_ATTRIBUTE, field,
                    value ? std::to_string(*value) : "another kind",
                    Join(rule.ints, rule.int_count, " or "));
    }
    case TENON_RULE_INTS_ALL_IN: {
      const auto* values = std::get_if<std::vector<int64_t>>(&attribute->value);
      if (values != nullptr && std::ranges::all_of(*values, allowed)) return true;
      return Refuse(
          out, TENON_REASON_ATTRIBUTE, field,
          values ? "[" + Join(values->data(), values->size(), ", ") + "]" : "another kind",
          "only " + Join(rule.ints, rule.int_count, " or "));
    }
    case TENON_RULE_TEXT_EQUALS: {
      const auto* text = std::get_if<std::string>(&attribute->value);
      if (text != nullptr && *text == rule.text) return true;
      return Refuse(out, TENON_REASON_ATTRIBUTE, field, text ? *text : "another kind", rule.text);
    }
    default:
      return Refuse(out, TENON_REASON_ATTRIBUTE, field,
                    "a rule of kind " + std::to_string(rule.kind), "a newer host");
  }
}

// Layouts that exist, with kernels that reorder to and from row-major.
bool LayoutFits(const backend::Device& device, tenon_layout layout, bool input, uint32_t memory,
                const graph::Value& value, const std::string& field, Refusal* out) {
  if (layout == TENON_LAYOUT_ROW_MAJOR) return true;
  const auto known = [&](const tenon_layout_info* info) { return info->id == layout; };
  const bool exists = layout == TENON_LAYOUT_CHANNELS_LAST ||
                      std::ranges::any_of(device.backend().layouts(), known);
  if (!exists)
    return Refuse(out, TENON_REASON_LAYOUT, field, "row-major",
                  "layout " + std::to_string(layout) + ", which is unknown");
  constexpr tenon_layout kRowMajor = TENON_LAYOUT_ROW_MAJOR;
  const tenon_layout from = input ? kRowMajor : layout, to = input ? layout : kRowMajor;
  if (FindReorder(device, from, to, memory, value.type, value.shape) != nullptr) return true;
  return Refuse(
      out, TENON_REASON_LAYOUT, field, "row-major",
      "layout " + std::to_string(layout) + ", to which the backend has no reorder for this tensor");
}

bool LayoutsFit(const backend::Device& device, const tenon_kernel_descriptor& kernel,
                const graph::Graph& graph, const graph::Node& node, Refusal* out) {
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == graph::kNone) continue;
    if (!LayoutFits(device, InputLayout(kernel, i), true, InputMemory(device, kernel, i),
                    graph.values[node.inputs[i]], "input " + std::to_string(i) + " layout", out))
      return false;
  }
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    if (node.outputs[o] == graph::kNone) continue;
    if (!LayoutFits(device, OutputLayout(kernel, o), false, OutputMemory(device, kernel, o),
                    graph.values[node.outputs[o]], "output " + std::to_string(o) + " layout", out))
      return false;
  }
  return true;
}

// Outputs whose sizes are data need a kernel that allocates them.
bool SizesFit(const tenon_kernel_descriptor& kernel, const graph::Node& node, Refusal* out) {
  const bool data =
      node.definition != nullptr && (node.definition->flags & operators::kDataDependent);
  if (!data || (kernel.flags & TENON_KERNEL_ALLOCATES_OUTPUT)) return true;
  return Refuse(out, TENON_REASON_DYNAMIC_SHAPE, "output shapes", "shapes that depend on data",
                "shapes that are known before the run (the flag ALLOCATES_OUTPUT is not set)");
}

bool MemoryFits(const backend::Device& device, const uint32_t* list, uint32_t count,
                const char* what, Refusal* out) {
  uint32_t kinds = 1u << TENON_MEMORY_HOST;
  for (uint32_t k = 0; k < device.info().memory_kind_count; ++k)
    kinds |= 1u << device.info().memory_kinds[k]->id;
  for (uint32_t i = 0; i < count; ++i) {
    if (list[i] & kinds) continue;
    return Refuse(out, TENON_REASON_MEMORY, std::string(what) + " " + std::to_string(i) + " memory",
                  "kinds of the device", "others");
  }
  return true;
}

}  // namespace

bool DescriptorTakes(const backend::Device& device, tenon_numerics numerics,
                     const tenon_kernel_descriptor& kernel, const graph::Graph& graph,
                     const graph::Node& node, Refusal* out) {
  static constexpr const char* kClasses[] = {"strict", "standard", "fast"};
  if (!TypesFit(kernel.input_dtypes, kernel.input_dtype_count, "input", graph, node.inputs, out))
    return false;
  if (!TypesFit(kernel.output_dtypes, kernel.output_dtype_count, "output", graph, node.outputs,
                out))
    return false;
  if (!RankFits(kernel, graph, node, out) || !SizesFit(kernel, node, out)) return false;
  for (uint32_t r = 0; r < kernel.attribute_rule_count; ++r) {
    if (!RuleFits(*kernel.attribute_rules[r], node, out)) return false;
  }
  if (kernel.numerics > numerics) {
    return Refuse(out, TENON_REASON_NUMERICS, "numerics", kClasses[std::min(numerics, 2u)],
                  kernel.numerics < 3 ? kClasses[kernel.numerics] : "a newer class");
  }
  return MemoryFits(device, kernel.input_memory, kernel.input_memory_count, "input", out) &&
         MemoryFits(device, kernel.output_memory, kernel.output_memory_count, "output", out) &&
         LayoutsFit(device, kernel, graph, node, out);
}

}  // namespace tenon::placement
