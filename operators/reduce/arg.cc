// ArgMax and ArgMin: where along `axis` the largest or smallest element is.
#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = DataType::kInt64;
  if (!x.has_rank()) return {};
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", 0), x.rank(), axis));
  if (x[axis] == 0) return Invalid(node, "data has shape ", x, ", with nothing along axis ", axis);
  Shape y;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != axis) {
      y.Append(x[i]);
    } else if (node.Int("keepdims", 1) != 0) {
      y.Append(1);
    }
  }
  outputs[0].shape = y;
  return {};
}

Status SelectFirst(Rewriter& rewriter) {
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, "select_last_index", 0, 0));
  rewriter.RemoveAttribute("select_last_index");
  return {};
}
constexpr Revision kRevisions[] = {Since(1), Since(12, nullptr, SelectFirst)};
constexpr Operator kRows[] = {
    Define<Infer, Arity{1, 1}, kRevisions>({.name = "ArgMax", .cost = InputElementCost}),
    Define<Infer, Arity{1, 1}, kRevisions>({.name = "ArgMin", .cost = InputElementCost}),
};

}  // namespace

Rows arg_rows() { return kRows; }

}  // namespace tenon::operators
