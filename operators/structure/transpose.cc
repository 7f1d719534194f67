// Transpose: output axis i is input axis perm[i]; without perm, the axes in reverse.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  if (!x.has_rank()) return {};
  Shape& y = outputs[0].shape;
  y.Resize(x.rank());
  const AttributeView* perm = node.Find("perm");
  if (perm == nullptr) {
    for (int i = 0; i < x.rank(); ++i) y[i] = x[x.rank() - 1 - i];
    return {};
  }
  uint32_t seen = 0;
  bool fits = perm->ints.size() == static_cast<size_t>(x.rank());
  for (int i = 0; fits && i < x.rank(); ++i) {
    const int64_t axis = perm->ints[static_cast<size_t>(i)];
    fits = axis >= 0 && axis < x.rank() && (seen >> axis & 1) == 0;
    if (!fits) break;
    seen |= 1u << axis;
    y[i] = x[static_cast<int>(axis)];
  }
  if (!fits) return Invalid(node, "perm is no permutation of the axes of ", x);
  return {};
}

constexpr Operator kRows[] = {
    Define<Infer, Arity{1, 1}, kOnce<1>>({.name = "Transpose", .cost = CopyCost})};

}  // namespace

Rows transpose_rows() { return kRows; }

}  // namespace tenon::operators
