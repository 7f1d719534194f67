// Det: determinants of the matrices in the last two dimensions.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  if (!x.has_rank()) return {};
  int64_t merged = 0;
  if (x.rank() < 2 || !MergeDim(x[x.rank() - 2], x[x.rank() - 1], merged))
    return Invalid(node, "X has shape ", x, " (expected [..., M, M])");
  outputs[0].shape = Shape(x.dims().first(static_cast<size_t>(x.rank()) - 2));
  return {};
}

Cost DetCost(const NodeView&, std::span<const InferInput> inputs,
             std::span<const InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  const auto size = static_cast<double>(x[x.rank() - 1]);
  return CostOf(2.0 / 3 * size * static_cast<double>(x.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<Infer, Arity{1, 1}, kOnce<11>>({.name = "Det", .cost = DetCost})};

}  // namespace

Rows det_rows() { return kRows; }

}  // namespace tenon::operators
