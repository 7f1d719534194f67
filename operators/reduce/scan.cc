// CumSum and CumProd: running sums and products along an axis that is an input.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  SmallInts axis;
  Known known;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 1, "axis", axis, known));
  if (known == Known::kKnown && axis.count != 1)
    return Invalid(node, "axis has ", axis.count, " elements (expected one)");
  const Shape& x = inputs[0].shape;
  int normalized = 0;
  if (known == Known::kKnown && x.has_rank())
    TENON_RETURN_IF_ERROR(NormalizeAxis(node, axis[0], x.rank(), normalized));
  return InferSame(node, inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<Infer, Arity{2, 2}, kOnce<26>>({.name = "CumProd", .in_place = kFirstInPlace}),
    Define<Infer, Arity{2, 2}, kOnce<11>>(
        {.name = "CumSum", .flags = kHostArithmetic, .in_place = kFirstInPlace}),
};

}  // namespace

Rows scan_rows() { return kRows; }

}  // namespace tenon::operators
