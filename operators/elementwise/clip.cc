// Clip: at least min, at most max; max wins where they cross.
#include <limits>

#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  for (size_t i = 1; i < 3; ++i) {
    if (!Has(inputs, i)) continue;
    const Shape& bound = inputs[i].shape;
    const int64_t count = bound.ElementCount();
    if (inputs[i].type != inputs[0].type ||
        (bound.has_rank() && count != 1 && count != kUnknownDim)) {
      return Invalid(node, i == 1 ? "min is " : "max is ", inputs[i].type, bound, " (expected one ",
                     inputs[0].type, ")");
    }
  }
  return InferSame(node, inputs, outputs);
}

Status AttributesToInputs(Rewriter& rewriter) {
  const NodeView& node = rewriter.node();
  const DataType type = rewriter.input(0).type;
  constexpr float most = std::numeric_limits<float>::max();
  const float low = node.Float("min", -most), high = node.Float("max", most);
  if (low > -most) TENON_RETURN_IF_ERROR(SetScalarInput(rewriter, 1, type, low));
  if (high < most) TENON_RETURN_IF_ERROR(SetScalarInput(rewriter, 2, type, high));
  rewriter.RemoveAttribute("min");
  rewriter.RemoveAttribute("max");
  return {};
}
Status InputsToAttributes(Rewriter& rewriter) {
  double low = 0, high = 0;
  const bool has_low = rewriter.input(1).present, has_high = rewriter.input(2).present;
  if (has_low) TENON_RETURN_IF_ERROR(ConstantScalar(rewriter, 1, "min", low));
  if (has_high) TENON_RETURN_IF_ERROR(ConstantScalar(rewriter, 2, "max", high));
  if (has_high) rewriter.RemoveInput(2);
  if (has_low) rewriter.RemoveInput(1);
  if (has_low) rewriter.SetFloat("min", static_cast<float>(low));
  if (has_high) rewriter.SetFloat("max", static_cast<float>(high));
  return {};
}

constexpr Revision kRevisions[] = {Since(1), Since(11, AttributesToInputs, InputsToAttributes)};
constexpr Operator kRows[] = {
    Define<Infer, Arity{1, 3}, kRevisions>({.name = "Clip", .in_place = kFirstInPlace})};

}  // namespace

Rows clip_rows() { return kRows; }

}  // namespace tenon::operators
