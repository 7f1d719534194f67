// Pad: elements before and after each axis: a constant, or the data's own by mode. Negative pads
// cut.
#include "structure/pad.h"

#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status PadAxis(const NodeView& node, int64_t begin, int64_t end, bool repeats, int axis,
               int64_t& size) {
  if (begin == 0 && end == 0) return {};
  if (size < 0) {
    size = kUnknownDim;
    return {};
  }
  int64_t padded = 0;
  if (!PaddedSize(size, begin, end, repeats, padded)) {
    return Invalid(node, "pads ", std::to_string(begin), " and ", std::to_string(end),
                   repeats ? " leave no room or nothing to repeat" : " leave no room", " in axis ",
                   axis, " of size ", size);
  }
  size = padded;
  return {};
}

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  const std::string_view mode = node.String("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap") {
    return Invalid(node, "attribute mode is \"", mode,
                   "\" (expected constant, reflect, edge or wrap)");
  }
  if (Has(inputs, 2) && inputs[2].type != inputs[0].type &&
      inputs[0].type != DataType::kUndefined && inputs[2].type != DataType::kUndefined) {
    return Invalid(node, "constant_value is ", inputs[2].type, ", data is ", inputs[0].type);
  }
  if (Has(inputs, 2)) {
    const int64_t count = inputs[2].shape.ElementCount();
    if (count != 1 && count != kUnknownDim)
      return Invalid(node, "constant_value has shape ", inputs[2].shape, " (expected one value)");
  }
  SmallInts pads, axes;
  Known has_pads, has_axes;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 1, "pads", pads, has_pads));
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 3, "axes", axes, has_axes));
  if (has_pads == Known::kAbsent) return Invalid(node, "has no pads");
  if (!x.has_rank()) return {};
  Shape& y = outputs[0].shape;
  y = x;
  if (has_pads == Known::kUnknown || has_axes == Known::kUnknown) {
    for (int i = 0; i < y.rank(); ++i) y[i] = kUnknownDim;
    return {};
  }
  const int count = has_axes == Known::kKnown ? axes.count : x.rank();
  if (pads.count != 2 * count)
    return Invalid(node, "pads has ", pads.count, " elements for ", count, " axes");
  uint32_t seen = 0;
  for (int i = 0; i < count; ++i) {
    int axis = i;
    if (has_axes == Known::kKnown)
      TENON_RETURN_IF_ERROR(NormalizeAxis(node, axes[i], x.rank(), axis));
    if ((seen >> axis & 1) != 0) return Invalid(node, "axes has ", axis, " twice");
    seen |= 1u << axis;
    TENON_RETURN_IF_ERROR(
        PadAxis(node, pads[i], pads[i + count], mode != "constant", axis, y[axis]));
  }
  return {};
}

Status AttributesToInputs(Rewriter& rewriter) {
  const float value = rewriter.node().Float("value", 0);
  if (value != 0) TENON_RETURN_IF_ERROR(SetScalarInput(rewriter, 2, rewriter.input(0).type, value));
  rewriter.RemoveAttribute("value");
  AttributeToInput(rewriter, "pads", 1);
  return {};
}
Status InputsToAttributes(Rewriter& rewriter) {
  std::vector<int64_t> pads;
  double value = 0;
  TENON_RETURN_IF_ERROR(ConstantInts(rewriter, 1, "pads", pads));
  if (rewriter.input(2).present) {
    TENON_RETURN_IF_ERROR(ConstantScalar(rewriter, 2, "constant_value", value));
    rewriter.RemoveInput(2);
  }
  rewriter.RemoveInput(1);
  rewriter.SetInts("pads", pads);
  rewriter.SetFloat("value", static_cast<float>(value));
  return {};
}
// Revision 18 can name the axes.
Status AllAxes(Rewriter& rewriter) {
  if (!rewriter.input(3).present) return {};
  const Shape x = rewriter.input(0).shape;
  if (!x.has_rank()) return CannotSay(rewriter, "the rank of data is not known");
  std::vector<int64_t> pads, axes;
  TENON_RETURN_IF_ERROR(ConstantInts(rewriter, 1, "pads", pads));
  TENON_RETURN_IF_ERROR(ConstantInts(rewriter, 3, "axes", axes));
  if (pads.size() != 2 * axes.size()) return CannotSay(rewriter, "pads and axes do not fit");
  std::vector<int64_t> all(static_cast<size_t>(x.rank()) * 2);
  for (size_t i = 0; i < axes.size(); ++i) {
    int axis = 0;
    TENON_RETURN_IF_ERROR(NormalizeAxis(rewriter.node(), axes[i], x.rank(), axis));
    all[static_cast<size_t>(axis)] = pads[i];
    all[static_cast<size_t>(axis + x.rank())] = pads[i + axes.size()];
  }
  rewriter.RemoveInput(3);
  rewriter.SetConstantInput(1, DataType::kInt64, Shape{static_cast<int64_t>(all.size())},
                            all.data());
  return {};
}

Status DoesNotWrap(Rewriter& rewriter) {
  if (rewriter.node().String("mode", "constant") != "wrap") return {};
  return CannotSay(rewriter, "mode is wrap (revision 18 has constant, reflect and edge)");
}

constexpr Revision kRevisions[] = {Since(1), Since(11, AttributesToInputs, InputsToAttributes),
                                   Since(18, nullptr, AllAxes), Since(19, nullptr, DoesNotWrap)};
constexpr Operator kRows[] = {Define<Infer, Arity{2, 4}, kRevisions>(
    {.name = "Pad", .cost = CopyCost, .shape_inputs = 0b1010})};

}  // namespace

Rows pad_rows() { return kRows; }

}  // namespace tenon::operators
