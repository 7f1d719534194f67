// Softmax, LogSoftmax and Hardmax along `axis`.
#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  int axis = 0;
  if (const Shape& x = inputs[0].shape; x.has_rank()) {
    TENON_RETURN_IF_ERROR(
        NormalizeAxis(node, node.Int("axis", node.revision < 13 ? 1 : -1), x.rank(), axis));
  }
  return InferSame(node, inputs, outputs);
}

Cost SoftmaxCost(const NodeView&, std::span<const InferInput> inputs,
                 std::span<const InferOutput> outputs) {
  return CostOf(5 * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

// Before 13 the input was a matrix: the dimensions before axis, those from axis on; softmax ran
// over its rows.
Status FromMatrix(Rewriter& rewriter) {
  const Shape x = rewriter.input(0).shape;
  const int64_t given = rewriter.node().Int("axis", 1);
  if (!x.has_rank() && rewriter.MayKnowMore())
    return CannotSay(rewriter, "the rank of the input is not known");
  if (x.has_rank()) {
    int axis = 0;
    TENON_RETURN_IF_ERROR(NormalizeAxis(rewriter.node(), given, x.rank(), axis));
    bool one_axis = true;  // nothing but ones after it: rows are the axis
    for (int i = axis + 1; i < x.rank(); ++i) one_axis = one_axis && x[i] == 1;
    if (one_axis) {
      rewriter.SetInt("axis", axis);
      return {};
    }
  }
  rewriter.FlattenInput(0, given);
  rewriter.ReshapeOutputBack(0, 0);
  rewriter.SetInt("axis", 1);
  return {};
}
Status ToMatrix(Rewriter& rewriter) {
  const Shape x = rewriter.input(0).shape;
  if (!x.has_rank()) return CannotSay(rewriter, "the rank of the input is not known");
  int axis = 0;
  TENON_RETURN_IF_ERROR(
      NormalizeAxis(rewriter.node(), rewriter.node().Int("axis", -1), x.rank(), axis));
  for (int i = axis + 1; i < x.rank(); ++i) {
    if (x[i] != 1)
      return CannotSay(rewriter, "axis ", axis, " is not the last of ", x,
                       " (revision 1 takes all from it on)");
  }
  rewriter.SetInt("axis", axis);
  return {};
}

constexpr Revision kRevisions[] = {Since(1), Since(13, FromMatrix, ToMatrix)};
constexpr Operator kRows[] = {
    Define<Infer, Arity{1, 1}, kRevisions>(
        {.name = "Softmax", .cost = SoftmaxCost, .in_place = kFirstInPlace}),
    Define<Infer, Arity{1, 1}, kRevisions>(
        {.name = "LogSoftmax", .cost = SoftmaxCost, .in_place = kFirstInPlace}),
    Define<Infer, Arity{1, 1}, kRevisions>(
        {.name = "Hardmax", .cost = SoftmaxCost, .in_place = kFirstInPlace}),
};

}  // namespace

Rows softmax_rows() { return kRows; }

}  // namespace tenon::operators
