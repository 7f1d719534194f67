// Concat: inputs one after the other along `axis`.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, inputs.size()));
  outputs[0].type = inputs[0].type;
  if (!inputs[0].shape.has_rank()) return {};
  Shape y = inputs[0].shape;
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", 1), y.rank(), axis));
  for (size_t k = 1; k < inputs.size(); ++k) {
    const Shape& x = inputs[k].shape;
    if (!inputs[k].present) return Invalid(node, "input ", static_cast<int>(k), " is missing");
    if (!x.has_rank()) return {};
    bool fits = x.rank() == y.rank();
    for (int i = 0; fits && i < x.rank(); ++i) {
      if (i != axis) {
        fits = MergeDim(x[i], y[i], y[i]);
      } else if (x[i] < 0 || y[i] < 0) {
        y[i] = x[i] == 0 ? y[i] : y[i] == 0 ? x[i] : kUnknownDim;
      } else {
        fits = !__builtin_add_overflow(x[i], y[i], &y[i]);
      }
    }
    if (!fits) {
      return Invalid(node, "input ", static_cast<int>(k), " has shape ", x, ", input 0 has ",
                     inputs[0].shape, " (expected equal sizes but in axis ", axis, ")");
    }
  }
  outputs[0].shape = y;
  return {};
}

constexpr Operator kRows[] = {Define<Infer, Arity{1, kVariadic}, kOnce<1>>(
    {.name = "Concat", .cost = CopyCost, .flags = kHostArithmetic})};

}  // namespace

Rows concat_rows() { return kRows; }

}  // namespace tenon::operators
