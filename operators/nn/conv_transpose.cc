// ConvTranspose: X [N, C, spatial...], W [C, M / group, kernel...], B [M] -> Y [N, M, spatial...].
#include "nn/conv_transpose.h"

#include "support/definition.h"

namespace tenon::operators {
namespace {

Status CheckShapes(const NodeView& node, std::span<const InferInput> inputs, int64_t group,
                   int64_t& channels) {
  const Shape& x = inputs[0].shape;
  const Shape& w = inputs[1].shape;
  if (group < 1)
    return Invalid(node, "attribute group is ", std::to_string(group), " (expected at least 1)");
  if (w.rank() != x.rank() || w.rank() < 3) {
    return Invalid(node, "W has shape ", w, ", X has ", x,
                   " (expected the same number of dimensions, at least 3)");
  }
  int64_t merged = 0;
  if (!MergeDim(x[1], w[0], merged))
    return Invalid(node, "W has ", w[0], " input channels, X has ", x[1]);
  if (merged >= 0 && merged % group != 0) {
    return Invalid(node, "X has ", merged, " channels in ", group, " groups (expected a multiple)");
  }
  channels = kUnknownDim;
  if (w[1] >= 0 && __builtin_mul_overflow(w[1], group, &channels))
    return Invalid(node, "W has ", w[1], " channels");
  if (!Has(inputs, 2) || !inputs[2].shape.has_rank()) return {};
  const Shape& b = inputs[2].shape;
  if (b.rank() == 1 && MergeDim(b[0], channels, merged)) return {};
  return Invalid(node, "B has shape ", b, " (expected [", channels,
                 "], W's output channels times group)");
}

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, Has(inputs, 2) ? 3 : 2));
  const Shape& x = inputs[0].shape;
  const Shape& w = inputs[1].shape;
  outputs[0].type = inputs[0].type;
  if (!x.has_rank() || !w.has_rank()) return {};
  int64_t channels = 0;
  TENON_RETURN_IF_ERROR(CheckShapes(node, inputs, node.Int("group", 1), channels));
  Window window;
  Shape& y = outputs[0].shape;
  y.Resize(x.rank());
  TENON_RETURN_IF_ERROR(TransposedWindow(node, x, w, window, y));
  y[0] = x[0];
  y[1] = channels;
  return {};
}

// Every input element meets the kernel and a group's output channels.
Cost ConvTransposeCost(const NodeView&, std::span<const InferInput> inputs,
                       std::span<const InferOutput> outputs) {
  const Shape& w = inputs[1].shape;
  const double taps =
      w[0] > 0 ? static_cast<double>(w.ElementCount()) / static_cast<double>(w[0]) : 0;
  return CostOf(2 * taps * static_cast<double>(inputs[0].shape.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<Infer, Arity{2, 3}, kOnce<1>>({.name = "ConvTranspose", .cost = ConvTransposeCost})};

}  // namespace

Status TransposedWindow(const NodeView& node, const Shape& x, const Shape& w, Window& window,
                        Shape& y) {
  Padding padding;
  TENON_RETURN_IF_ERROR(ReadWindow(node, x, w.dims().subspan(2), window, padding));
  const auto count = static_cast<size_t>(window.rank);
  const auto extra = node.Ints("output_padding");
  const auto sizes = node.Ints("output_shape");
  if ((!extra.empty() && extra.size() != count) || (!sizes.empty() && sizes.size() != count)) {
    return Invalid(node, "output_padding and output_shape need ", window.rank, " values");
  }
  for (size_t i = 0; i < count; ++i) {
    WindowAxis& axis = window.axes[i];
    const int d = static_cast<int>(i) + 2;
    const int64_t more = extra.empty() ? 0 : extra[i];
    if (more < 0 || more >= std::max(axis.stride, axis.dilation)) {
      return Invalid(node, "output_padding has ", std::to_string(more), " in spatial axis ",
                     static_cast<int>(i), " (expected at least 0, less than stride or dilation)");
    }
    if (!sizes.empty() && sizes[i] < 1) {
      return Invalid(node, "output_shape has ", std::to_string(sizes[i]), " in spatial axis ",
                     static_cast<int>(i), " (expected at least 1)");
    }
    y[d] = kUnknownDim;
    if (axis.kernel < 0 || x[d] < 0) continue;
    if (x[d] == 0 || x[d] >= int64_t{1} << 30) return Invalid(node, "X has shape ", x);
    const int64_t full = (x[d] - 1) * axis.stride + axis.extent() + more;
    const bool same = padding == Padding::kSameUpper || padding == Padding::kSameLower;
    if (!sizes.empty() || same) {
      y[d] = sizes.empty() ? x[d] * axis.stride : sizes[i];
      const int64_t pads = std::max<int64_t>(0, full - y[d]);
      // SAME_UPPER puts the odd one at the end, everything else at the beginning (ONNX,
      // ConvTranspose).
      axis.pad_begin = padding == Padding::kSameUpper ? pads / 2 : pads - pads / 2;
      axis.pad_end = pads - axis.pad_begin;
    } else {
      y[d] = full - axis.pad_begin - axis.pad_end;
    }
    if (y[d] <= 0)
      return Invalid(node, "the output has size ", std::to_string(y[d]), " in spatial axis ",
                     static_cast<int>(i));
  }
  return {};
}

Rows conv_transpose_rows() { return kRows; }

}  // namespace tenon::operators
