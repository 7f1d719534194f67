// Adagrad, Adam and Momentum of ai.onnx.preview.training: one step of an optimizer for any number
// of tensors. Inputs are R and T, then all X, all gradients, all states of one kind after the
// other; outputs are all new X, then the new states.
#include "support/definition.h"

namespace tenon::operators {
namespace {

constexpr std::string_view kDomain = "ai.onnx.preview.training";

// `states`: how many tensors an X carries along.
template <int states>
Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  constexpr size_t kinds = 2 + states;
  const size_t count = (inputs.size() - 2) / kinds;
  if (count == 0 || inputs.size() != 2 + count * kinds || outputs.size() != count * (1 + states)) {
    return Invalid(node, "has ", static_cast<int64_t>(inputs.size()), " inputs and ",
                   static_cast<int64_t>(outputs.size()), " outputs (expected R, T and ",
                   static_cast<int>(kinds), " inputs, ", 1 + states, " outputs a tensor)");
  }
  for (size_t i = 0; i < 2; ++i) {
    if (const Shape& shape = inputs[i].shape; shape.IsStatic() && shape.ElementCount() != 1)
      return Invalid(node, i == 0 ? "R" : "T", " has shape ", shape, " (expected a scalar)");
  }
  TENON_RETURN_IF_ERROR(OneOf(node, inputs, 0, {DataType::kFloat32, DataType::kFloat64}));
  TENON_RETURN_IF_ERROR(OneOf(node, inputs, 1, {DataType::kInt64}));
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 2, inputs.size()));
  for (size_t i = 2; i < inputs.size(); ++i) {
    const Shape& x = inputs[2 + (i - 2) % count].shape;
    const Shape& other = inputs[i].shape;
    bool fits = !x.has_rank() || !other.has_rank() || x.rank() == other.rank();
    int64_t merged = 0;
    for (int d = 0; fits && x.has_rank() && d < other.rank(); ++d)
      fits = MergeDim(x[d], other[d], merged);
    if (!fits)
      return Invalid(node, "input ", static_cast<int>(i), " has shape ", other, ", its X has ", x);
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    outputs[i] = {inputs[2].type, inputs[2 + i % count].shape};
  return {};
}

Cost StepCost(const NodeView&, std::span<const InferInput> inputs,
              std::span<const InferOutput> outputs) {
  double flops = 0;
  for (const InferOutput& output : outputs)
    flops += 6 * static_cast<double>(output.shape.ElementCount());
  return CostOf(flops, inputs, outputs);
}

template <int states>
consteval Operator Row(std::string_view name) {
  return Define<Infer<states>, Arity{4 + states, kVariadic, 1 + states, kVariadic}, kOnce<1>>(
      {.domain = kDomain, .name = name, .cost = StepCost});
}
constexpr Operator kRows[] = {Row<1>("Adagrad"), Row<2>("Adam"), Row<1>("Momentum")};

}  // namespace

Rows optimizer_rows() { return kRows; }

}  // namespace tenon::operators
