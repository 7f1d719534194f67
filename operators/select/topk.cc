// TopK: the K largest or smallest elements along `axis`, and where they are.
#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  if (outputs.size() > 1) outputs[1].type = DataType::kInt64;
  SmallInts k;
  Known known;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 1, "k", k, known));
  if (known == Known::kAbsent) return Invalid(node, "has no k");
  if (known == Known::kKnown && k.count != 1)
    return Invalid(node, "K has ", k.count, " elements (expected one)");
  if (!x.has_rank()) return {};
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", -1), x.rank(), axis));
  Shape y = x;
  y[axis] = kUnknownDim;
  if (known == Known::kKnown) {
    if (k[0] < 0 || (x[axis] >= 0 && k[0] > x[axis])) {
      return Invalid(node, "K is ", std::to_string(k[0]), ", axis ", axis, " of X has ", x[axis],
                     " elements");
    }
    y[axis] = k[0];
  }
  for (InferOutput& output : outputs) output.shape = y;
  return {};
}

// A comparison with the heap's root for each element, and log K for those that enter it.
Cost TopKCost(const NodeView&, std::span<const InferInput> inputs,
              std::span<const InferOutput> outputs) {
  return CostOf(2 * static_cast<double>(inputs[0].shape.ElementCount()), inputs, outputs);
}

Status CountToInput(Rewriter& rewriter) {
  const AttributeView* k = rewriter.node().Find("k");
  if (k == nullptr) return Invalid(rewriter.node(), "has no attribute k");
  const int64_t count = k->i;
  rewriter.RemoveAttribute("k");
  rewriter.SetConstantInput(1, DataType::kInt64, Shape{1}, &count);
  return {};
}
Status CountToAttribute(Rewriter& rewriter) {
  std::vector<int64_t> k;
  TENON_RETURN_IF_ERROR(ConstantInts(rewriter, 1, "K", k));
  if (k.size() != 1) return CannotSay(rewriter, "K is not one number");
  rewriter.RemoveInput(1);
  rewriter.SetInt("k", k[0]);
  return {};
}
// Revision 10 takes the largest, in order; where any order will do, this one does.
Status OnlyLargest(Rewriter& rewriter) {
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, "largest", 1, 1));
  rewriter.RemoveAttribute("largest");
  rewriter.RemoveAttribute("sorted");
  return {};
}

constexpr Revision kRevisions[] = {Since(1), Since(10, CountToInput, CountToAttribute),
                                   Since(11, nullptr, OnlyLargest)};
constexpr Operator kRows[] = {Define<Infer, Arity{2, 2, 1, 2}, kRevisions>(
    {.name = "TopK", .cost = TopKCost, .flags = kHostArithmetic, .shape_inputs = 1u << 1})};

}  // namespace

Rows topk_rows() { return kRows; }

}  // namespace tenon::operators
