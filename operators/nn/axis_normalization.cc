// LRN, LpNormalization and MeanVarianceNormalization: the output has X's shape, its elements relative to those along some
// axes.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status InferLrn(const NodeView& node, std::span<const InferInput> inputs,
                std::span<InferOutput> outputs) {
  const int64_t size = node.Int("size", 0);
  if (size < 1)
    return Invalid(node, "attribute size is ", std::to_string(size), " (expected at least 1)");
  const Shape& x = inputs[0].shape;
  if (x.has_rank() && x.rank() < 2)
    return Invalid(node, "X has shape ", x, " (expected [N, C, ...])");
  return InferSame(node, inputs, outputs);
}

Status InferLp(const NodeView& node, std::span<const InferInput> inputs,
               std::span<InferOutput> outputs) {
  const int64_t p = node.Int("p", 2);
  if (p != 1 && p != 2)
    return Invalid(node, "attribute p is ", std::to_string(p), " (expected 1 or 2)");
  int axis = 0;
  if (const Shape& x = inputs[0].shape; x.has_rank())
    TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", -1), x.rank(), axis));
  return InferSame(node, inputs, outputs);
}

Status InferMeanVariance(const NodeView& node, std::span<const InferInput> inputs,
                         std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  int axis = 0;
  if (node.Find("axes") == nullptr) {
    if (x.has_rank() && x.rank() < 4)
      return Invalid(node, "X has shape ", x, " (expected four dimensions, or attribute axes)");
  } else if (x.has_rank()) {
    for (const int64_t wanted : node.Ints("axes"))
      TENON_RETURN_IF_ERROR(NormalizeAxis(node, wanted, x.rank(), axis));
  }
  return InferSame(node, inputs, outputs);
}

Cost LrnCost(const NodeView& node, std::span<const InferInput> inputs,
             std::span<const InferOutput> outputs) {
  const double each = 2 * static_cast<double>(node.Int("size", 1)) + 20;
  return CostOf(each * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}
Cost NormCost(const NodeView&, std::span<const InferInput> inputs,
              std::span<const InferOutput> outputs) {
  return CostOf(5 * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<InferLrn, Arity{1, 1}, kOnce<1>>({.name = "LRN", .cost = LrnCost}),
    Define<InferLp, Arity{1, 1}, kOnce<1>>({.name = "LpNormalization", .cost = NormCost}),
    Define<InferMeanVariance, Arity{1, 1}, kOnce<9>>(
        {.name = "MeanVarianceNormalization", .cost = NormCost}),
};

}  // namespace

Rows axis_normalization_rows() { return kRows; }

}  // namespace tenon::operators
