// RMSNormalization: X over the root of its mean square, in the dimensions from `axis` on, times scale.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  const Shape& scale = inputs[1].shape;
  outputs[0] = {inputs[1].type, x};
  if (!x.has_rank()) return {};
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", -1), x.rank(), axis));
  if (!scale.has_rank()) return {};
  bool fits = scale.rank() <= x.rank() - axis;
  for (int i = 1; fits && i <= scale.rank(); ++i) {
    const int64_t dim = scale[scale.rank() - i], size = x[x.rank() - i];
    fits = dim == 1 || dim < 0 || size < 0 || dim == size;
  }
  if (fits) return {};
  return Invalid(node, "scale has shape ", scale, ", which does not broadcast to ",
                 Shape(x.dims().subspan(static_cast<size_t>(axis))));
}

Cost RmsCost(const NodeView&, std::span<const InferInput> inputs,
             std::span<const InferOutput> outputs) {
  return CostOf(4 * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<Infer, Arity{2, 2}, kOnce<23>>({.name = "RMSNormalization", .cost = RmsCost})};

}  // namespace

Rows rms_normalization_rows() { return kRows; }

}  // namespace tenon::operators
