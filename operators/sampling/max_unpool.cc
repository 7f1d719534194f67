// MaxUnpool: the elements of X [N, C, ...] put back where MaxPool found them, zeros elsewhere.
#include "nn/window.h"
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  Shape& y = outputs[0].shape;
  outputs[0].type = inputs[0].type;
  if (inputs[1].type != DataType::kInt64)
    return Invalid(node, "I is ", inputs[1].type, " (expected int64)");
  if (node.Find("kernel_shape") == nullptr) return Invalid(node, "has no attribute kernel_shape");
  SmallInts size;
  Known known;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 2, "output_shape", size, known));
  if (!x.has_rank()) return {};
  Window window;
  Padding padding;
  TENON_RETURN_IF_ERROR(ReadWindow(node, x, {}, window, padding));
  if (known != Known::kAbsent && inputs[2].shape.rank() == 1 && inputs[2].shape[0] >= 0 &&
      inputs[2].shape[0] != x.rank())
    return Invalid(node, "output_shape has ", inputs[2].shape[0], " elements (expected ", x.rank(),
                   ")");
  y = x;
  bool fits = !inputs[1].shape.has_rank() || inputs[1].shape.rank() == x.rank();
  for (int i = 0; fits && inputs[1].shape.has_rank() && i < x.rank(); ++i) {
    int64_t merged = 0;
    fits = MergeDim(x[i], inputs[1].shape[i], merged);
  }
  if (!fits) return Invalid(node, "I has shape ", inputs[1].shape, " (expected ", x, " as X)");
  for (int i = 0; i < window.rank; ++i) {
    const WindowAxis& axis = window.axes[static_cast<size_t>(i)];
    int64_t& to = y[2 + i];
    if (to >= int64_t{1} << 31) return Invalid(node, "X has a spatial dimension of ", to);
    if (known != Known::kAbsent) {
      to = kUnknownDim;
    } else if (to >= 0) {
      to = (to - 1) * axis.stride + axis.kernel - axis.pad_begin - axis.pad_end;
      if (to < 0) return Invalid(node, "pads take more than there is of spatial axis ", i);
    } else if (axis.stride != 1 || axis.kernel - 1 != axis.pad_begin + axis.pad_end) {
      to = kUnknownDim;
    }
  }
  if (known != Known::kKnown) return {};
  for (int i = 0; i < x.rank(); ++i) {
    if (size[i] < 0 || !MergeDim(y[i], size[i], y[i]))
      return Invalid(node, "output_shape has ", std::to_string(size[i]), " for dimension ", i);
  }
  return {};
}

constexpr Operator kRows[] = {Define<Infer, Arity{2, 3}, kOnce<9>>(
    {.name = "MaxUnpool", .cost = CopyCost, .shape_inputs = 0b100})};

}  // namespace

Rows max_unpool_rows() { return kRows; }

}  // namespace tenon::operators
