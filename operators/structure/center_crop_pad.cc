// CenterCropPad: other sizes, with the middle of the input in the middle; zeros where it has none.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  SmallInts sizes, axes;
  Known known, has_axes;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 1, "shape", sizes, known));
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, -1, "axes", axes, has_axes));
  if (!x.has_rank()) return {};
  const int count = has_axes == Known::kKnown ? axes.count : x.rank();
  if (known == Known::kKnown && sizes.count != count)
    return Invalid(node, "shape has ", sizes.count, " elements for ", count, " axes");
  if (count > x.rank()) return Invalid(node, "has ", count, " axes, input has shape ", x);
  Shape& y = outputs[0].shape;
  y = x;
  uint32_t seen = 0;
  for (int i = 0; i < count; ++i) {
    int axis = i;
    if (has_axes == Known::kKnown)
      TENON_RETURN_IF_ERROR(NormalizeAxis(node, axes[i], x.rank(), axis));
    if ((seen >> axis & 1) != 0) return Invalid(node, "axes has ", axis, " twice");
    seen |= 1u << axis;
    y[axis] = known == Known::kKnown ? sizes[i] : kUnknownDim;
    if (known == Known::kKnown && sizes[i] < 0)
      return Invalid(node, "shape has the size ", std::to_string(sizes[i]));
  }
  return {};
}

constexpr Operator kRows[] = {Define<Infer, Arity{2, 2}, kOnce<18>>(
    {.name = "CenterCropPad", .cost = CopyCost, .shape_inputs = 1u << 1})};

}  // namespace

Rows center_crop_pad_rows() { return kRows; }

}  // namespace tenon::operators
