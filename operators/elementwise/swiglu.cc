// SwiGLU: A * sigmoid(alpha * A) * B, elementwise, without broadcast.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, 2));
  const Shape& a = inputs[0].shape;
  const Shape& b = inputs[1].shape;
  outputs[0] = {inputs[0].type, a.has_rank() ? a : b};
  if (!a.has_rank() || !b.has_rank()) return {};
  bool fits = a.rank() == b.rank();
  for (int i = 0; fits && i < a.rank(); ++i) fits = MergeDim(a[i], b[i], outputs[0].shape[i]);
  if (fits) return {};
  return Invalid(node, "A has shape ", a, ", B has ", b, " (expected the same)");
}

Cost SwigluCost(const NodeView&, std::span<const InferInput> inputs,
                std::span<const InferOutput> outputs) {
  return CostOf(20 * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {Define<Infer, Arity{2, 2}, kOnce<28>>(
    {.name = "SwiGLU", .cost = SwigluCost, .in_place = kFirstTwoInPlace})};

}  // namespace

Rows swiglu_rows() { return kRows; }

}  // namespace tenon::operators
