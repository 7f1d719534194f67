// Conv: X [N, C, spatial...], W [M, C / group, kernel...], B [M] -> Y [N, M, spatial...].
#include "nn/conv.h"

#include "nn/window.h"
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status CheckChannels(const NodeView& node, const Shape& x, const Shape& w, int64_t group) {
  if (group < 1)
    return Invalid(node, "attribute group is ", std::to_string(group), " (expected at least 1)");
  if (w.rank() != x.rank()) {
    return Invalid(node, "W has shape ", w, ", X has ", x,
                   " (expected the same number of dimensions)");
  }
  int64_t channels = 0;
  if (x[1] >= 0 && w[1] >= 0 &&
      (__builtin_mul_overflow(w[1], group, &channels) || channels != x[1])) {
    return Invalid(node, "W has ", w[1], " input channels, X has ", x[1], group == 1 ? "" : " in ",
                   group == 1 ? std::string() : std::to_string(group) + " groups",
                   " (expected X.C = W.C * group)");
  }
  if (w[0] >= 0 && w[0] % group != 0) {
    return Invalid(node, "W has ", w[0], " output channels in ", group,
                   " groups (expected a multiple)");
  }
  return {};
}

Status CheckBias(const NodeView& node, const Shape& b, int64_t channels) {
  int64_t merged = 0;
  if (!b.has_rank() || (b.rank() == 1 && MergeDim(b[0], channels, merged))) return {};
  return Invalid(node, "B has shape ", b, " (expected [", channels, "], W's output channels)");
}

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, Has(inputs, 2) ? 3 : 2));
  outputs[0].type = inputs[0].type;
  return InferConvShape(node, inputs[0].shape, inputs[1].shape,
                        Has(inputs, 2) ? inputs[2].shape : Shape::UnknownRank(), outputs[0].shape);
}

// Every output element sums over the kernel and a group's channels.
Cost ConvCost(const NodeView&, std::span<const InferInput> inputs,
              std::span<const InferOutput> outputs) {
  const Shape& w = inputs[1].shape;
  const double taps =
      w[0] > 0 ? static_cast<double>(w.ElementCount()) / static_cast<double>(w[0]) : 0;
  return CostOf(2 * taps * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<Infer, Arity{2, 3}, kOnce<1>>({.name = "Conv", .cost = ConvCost})};

}  // namespace

Status InferConvShape(const NodeView& node, const Shape& x, const Shape& w, const Shape& b,
                      Shape& y) {
  if (!x.has_rank()) return {};
  if (x.rank() < 3) return Invalid(node, "X has shape ", x, " (expected [N, C, D1, ...])");
  if (w.has_rank()) {
    TENON_RETURN_IF_ERROR(CheckChannels(node, x, w, node.Int("group", 1)));
    TENON_RETURN_IF_ERROR(CheckBias(node, b, w[0]));
  }
  Window window;
  Padding padding;
  TENON_RETURN_IF_ERROR(ReadWindow(
      node, x, w.has_rank() ? w.dims().subspan(2) : std::span<const int64_t>(), window, padding));
  y.Resize(x.rank());
  y[0] = x[0];
  y[1] = w.has_rank() ? w[0] : kUnknownDim;
  for (int i = 0; i < window.rank; ++i) {
    TENON_RETURN_IF_ERROR(WindowOutput(node, i, x[2 + i], false, padding,
                                       window.axes[static_cast<size_t>(i)], y[2 + i]));
  }
  return {};
}

Rows conv_rows() { return kRows; }

}  // namespace tenon::operators
