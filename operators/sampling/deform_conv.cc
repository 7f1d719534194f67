// DeformConv: a convolution whose every tap is moved by offset [N, groups * taps * r, out...] and weighted by
// mask [N, groups * taps, out...].
#include "nn/conv.h"
#include "support/definition.h"

namespace tenon::operators {
namespace {

// offset or mask: `each` values for each tap of each offset group.
Status CheckTaps(const NodeView& node, const Shape& shape, const Shape& w, const Shape& y,
                 int64_t each, std::string_view name) {
  if (!shape.has_rank() || !y.has_rank()) return {};
  int64_t channels = node.Int("offset_group", 1) * each;
  bool known = w.has_rank();
  for (int i = 2; known && i < w.rank(); ++i) {
    known = w[i] >= 0;
    if (known && __builtin_mul_overflow(channels, w[i], &channels))
      return Invalid(node, "W has shape ", w, ", which has more taps than any memory");
  }
  int64_t merged = 0;
  bool fits = shape.rank() == y.rank() && MergeDim(shape[0], y[0], merged) &&
              (!known || MergeDim(shape[1], channels, merged));
  for (int i = 2; fits && i < y.rank(); ++i) fits = MergeDim(shape[i], y[i], merged);
  if (fits) return {};
  Shape expected = y;
  expected[1] = known ? channels : kUnknownDim;
  return Invalid(node, name, " has shape ", shape, " (expected ", expected, ")");
}

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  const Shape& w = inputs[1].shape;
  outputs[0].type = inputs[0].type;
  const int64_t groups = node.Int("offset_group", 1);
  if (groups < 1 || groups >= int64_t{1} << 31 || (x.rank() > 1 && x[1] >= 0 && x[1] % groups != 0))
    return Invalid(node, "attribute offset_group is ", std::to_string(groups), ", X has shape ", x,
                   " (expected a divisor of the channels)");
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (inputs[i].present && inputs[i].type != inputs[0].type)
      return Invalid(node, "input ", static_cast<int>(i), " is ", inputs[i].type, ", X is ",
                     inputs[0].type);
  }
  Shape& y = outputs[0].shape;
  TENON_RETURN_IF_ERROR(
      InferConvShape(node, x, w, Has(inputs, 3) ? inputs[3].shape : Shape::UnknownRank(), y));
  if (!y.has_rank()) return {};
  TENON_RETURN_IF_ERROR(CheckTaps(node, inputs[2].shape, w, y, x.rank() - 2, "offset"));
  if (Has(inputs, 4)) TENON_RETURN_IF_ERROR(CheckTaps(node, inputs[4].shape, w, y, 1, "mask"));
  return {};
}

// As a convolution, and the interpolation of every tap of every channel.
Cost DeformCost(const NodeView&, std::span<const InferInput> inputs,
                std::span<const InferOutput> outputs) {
  const Shape& w = inputs[1].shape;
  const double taps =
      w[0] > 0 ? static_cast<double>(w.ElementCount()) / static_cast<double>(w[0]) : 0;
  const auto count = static_cast<double>(outputs[0].shape.ElementCount());
  const double each = w[0] > 0 ? count / static_cast<double>(w[0]) : 0;
  return CostOf(2 * taps * count + 20 * taps * each, inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<Infer, Arity{3, 5}, kOnce<19>>({.name = "DeformConv", .cost = DeformCost})};

}  // namespace

Rows deform_conv_rows() { return kRows; }

}  // namespace tenon::operators
