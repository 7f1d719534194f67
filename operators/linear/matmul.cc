// MatMul: matrices in the last two dimensions, the ones before broadcast; vectors as NumPy takes
// them.
#include "linear/matmul.h"

#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, 2));
  outputs[0].type = inputs[0].type;
  return InferMatMulShape(node, inputs[0].shape, inputs[1].shape, outputs[0].shape);
}

Cost MatMulCost(const NodeView&, std::span<const InferInput> inputs,
                std::span<const InferOutput> outputs) {
  const Shape& a = inputs[0].shape;
  const auto depth = static_cast<double>(a[a.rank() - 1]);
  return CostOf(2 * depth * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<Infer, Arity{2, 2}, kOnce<1>>({.name = "MatMul", .cost = MatMulCost})};

}  // namespace

Status InferMatMulShape(const NodeView& node, const Shape& a, const Shape& b, Shape& result) {
  if (!a.has_rank() || !b.has_rank()) return {};
  if (a.rank() == 0 || b.rank() == 0)
    return Invalid(node, "A has shape ", a, ", B has ", b, " (expected no scalars)");
  int64_t merged = 0;
  bool fits = MergeDim(a[a.rank() - 1], b[std::max(0, b.rank() - 2)], merged);
  const Shape b_batch(b.dims().first(static_cast<size_t>(std::max(0, b.rank() - 2))));
  Shape y(a.dims().first(static_cast<size_t>(std::max(0, a.rank() - 2))));
  fits = fits && BroadcastShape(b_batch, y);
  if (!fits) {
    return Invalid(node, "A has shape ", a, ", B has ", b,
                   " (expected A's last to be B's last but one, the dimensions "
                   "before to broadcast)");
  }
  if (a.rank() > 1) y.Append(a[a.rank() - 2]);
  if (b.rank() > 1) y.Append(b[b.rank() - 1]);
  result = y;
  return {};
}

Rows matmul_rows() { return kRows; }

}  // namespace tenon::operators
