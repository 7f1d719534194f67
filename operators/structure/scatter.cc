// Scatter, ScatterElements and ScatterND: a copy of data with elements replaced, or reduced, by
// index. Scatter ended in opset 11 and is rewritten to ScatterElements.
#include <algorithm>

#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status CheckInputs(const NodeView& node, std::span<const InferInput> inputs) {
  TENON_RETURN_IF_ERROR(IndexType(node, inputs, 1));
  if (inputs[2].type != inputs[0].type)
    return Invalid(node, "updates is ", inputs[2].type, ", data is ", inputs[0].type);
  constexpr std::string_view kReductions[] = {"none", "add", "mul", "max", "min"};
  const std::string_view reduction = node.String("reduction", "none");
  if (std::ranges::find(kReductions, reduction) != std::end(kReductions)) return {};
  return Invalid(node, "reduction is \"", reduction, "\" (expected none, add, mul, max or min)");
}

Status InferElements(const NodeView& node, std::span<const InferInput> inputs,
                     std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(CheckInputs(node, inputs));
  const Shape& x = inputs[0].shape;
  const Shape& indices = inputs[1].shape;
  const Shape& updates = inputs[2].shape;
  int axis = 0;
  if (x.has_rank()) TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", 0), x.rank(), axis));
  if (indices.has_rank() && updates.has_rank()) {
    int64_t merged = 0;
    bool fits = indices.rank() == updates.rank();
    for (int i = 0; fits && i < indices.rank(); ++i)
      fits = MergeDim(indices[i], updates[i], merged);
    if (!fits)
      return Invalid(node, "indices has shape ", indices, ", updates has ", updates,
                     " (expected the same)");
  }
  if (indices.has_rank() && x.has_rank()) {
    bool fits = x.rank() == indices.rank();
    for (int i = 0; fits && i < x.rank(); ++i)
      fits = i == axis || x[i] < 0 || indices[i] < 0 || indices[i] <= x[i];
    if (!fits)
      return Invalid(node, "indices has shape ", indices, ", data has ", x,
                     " (expected to lie within it)");
  }
  return InferSame(node, inputs, outputs);
}

// The last dimension of indices addresses a slice of data; updates has one for each.
Status InferND(const NodeView& node, std::span<const InferInput> inputs,
               std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(CheckInputs(node, inputs));
  TENON_RETURN_IF_ERROR(InferSame(node, inputs, outputs));
  const Shape& x = inputs[0].shape;
  const Shape& indices = inputs[1].shape;
  const Shape& updates = inputs[2].shape;
  if (!x.has_rank() || !indices.has_rank()) return {};
  if (x.rank() < 1 || indices.rank() < 1)
    return Invalid(node, "data has shape ", x, ", indices has ", indices, " (expected no scalars)");
  const int64_t width = indices[indices.rank() - 1];
  if (width < 0) return {};
  if (width > x.rank()) {
    return Invalid(node, "indices has shape ", indices, ", which addresses ", width,
                   " dimensions of data ", x);
  }
  if (!updates.has_rank()) return {};
  const int batch = indices.rank() - 1, slice = x.rank() - static_cast<int>(width);
  int64_t merged = 0;
  bool fits = updates.rank() == batch + slice;
  for (int i = 0; fits && i < updates.rank(); ++i) {
    fits = MergeDim(updates[i], i < batch ? indices[i] : x[i - batch + static_cast<int>(width)],
                    merged);
  }
  if (fits) return {};
  return Invalid(node, "updates has shape ", updates, " for data ", x, " and indices ", indices,
                 " (expected indices' without the last, then the slice's)");
}

Cost ScatterCost(const NodeView&, std::span<const InferInput> inputs,
                 std::span<const InferOutput> outputs) {
  return CostOf(static_cast<double>(inputs[2].shape.ElementCount()), inputs, outputs);
}

Status ToElements(Rewriter& rewriter) {
  rewriter.SetOperator("", "ScatterElements", 11);
  return {};
}
// Revision 11 replaces, 16 adds and multiplies, 18 knows max and min.
Status OnlyReplace(Rewriter& rewriter) {
  if (rewriter.node().String("reduction", "none") != "none")
    return CannotSay(rewriter, "reduction is ", rewriter.node().String("reduction", "none"));
  rewriter.RemoveAttribute("reduction");
  return {};
}
Status NoExtremes(Rewriter& rewriter) {
  const std::string_view reduction = rewriter.node().String("reduction", "none");
  if (reduction == "max" || reduction == "min")
    return CannotSay(rewriter, "reduction is ", reduction, " (revision 16 has none, add and mul)");
  return {};
}

constexpr Revision kScatter[] = {Since(9), Since(11, ToElements)};
constexpr Revision kReducing[] = {Since(11), Since(16, nullptr, OnlyReplace),
                                  Since(18, nullptr, NoExtremes)};
constexpr Operator kRows[] = {
    Define<InferElements, Arity{3, 3}, kScatter>({.name = "Scatter", .cost = ScatterCost}),
    Define<InferElements, Arity{3, 3}, kReducing>(
        {.name = "ScatterElements", .cost = ScatterCost, .in_place = kFirstInPlace}),
    Define<InferND, Arity{3, 3}, kReducing>(
        {.name = "ScatterND", .cost = ScatterCost, .in_place = kFirstInPlace}),
};

}  // namespace

Rows scatter_rows() { return kRows; }

}  // namespace tenon::operators
