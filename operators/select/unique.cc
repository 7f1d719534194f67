// Unique: the distinct elements, or the distinct slices along `axis`; where each came first, which
// one each element is, how often each occurs.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  for (size_t i = 1; i < outputs.size(); ++i) outputs[i] = {DataType::kInt64, Shape{kUnknownDim}};
  const bool flat = node.Find("axis") == nullptr;
  if (flat) outputs[0].shape = Shape{kUnknownDim};
  if (!x.has_rank()) return {};
  int axis = 0;
  if (!flat) {
    TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", 0), x.rank(), axis));
    outputs[0].shape = x;
    outputs[0].shape[axis] = kUnknownDim;
  }
  if (outputs.size() > 2) outputs[2].shape[0] = flat ? x.ElementCount() : x[axis];
  return {};
}

// Sorting n slices: n log n comparisons.
Cost UniqueCost(const NodeView&, std::span<const InferInput> inputs,
                std::span<const InferOutput> outputs) {
  return CostOf(16 * static_cast<double>(inputs[0].shape.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {Define<Infer, Arity{1, 1, 1, 4}, kOnce<11>>(
    {.name = "Unique", .cost = UniqueCost, .flags = kDataDependent})};

}  // namespace

Rows unique_rows() { return kRows; }

}  // namespace tenon::operators
