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
  if (!x.has_rank()) return CannotSay(rewriter, "the rank of the input is not known");
  int axis = 0;
  TENON_RETURN_IF_ERROR(
      NormalizeAxis(rewriter.node(), rewriter.node().Int("axis", 1), x.rank(), axis));
  bool one_axis = true;  // nothing but ones after it: rows are the axis
  for (int i = axis + 1; i < x.rank(); ++i) one_axis = one_axis && x[i] == 1;
  if (one_axis) {
    rewriter.SetInt("axis", axis);
    return {};
  }
  std::array<int64_t, 2> matrix{};
  const auto split = static_cast<size_t>(axis);
  if (!MultiplyDims(x.dims().first(split), matrix[0]) ||
      !MultiplyDims(x.dims().subspan(split), matrix[1])) {
    return Invalid(rewriter.node(), "the size of ", x, " overflows");
  }
  if (matrix[0] < 0 && matrix[1] < 0 && axis != 1) {
    return CannotSay(rewriter, "the matrix of ", x, " at axis ", axis, " has two unknown sizes");
  }
  if (matrix[0] < 0 && matrix[1] < 0) matrix[0] = 0;  // a single dimension is kept as it is
  for (int64_t& size : matrix) size = std::max<int64_t>(size, -1);
  rewriter.ReshapeInput(0, matrix);
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
