// ConvInteger: the convolution of x - x_zero and w - w_zero in int32; QLinearConv: the same with a bias, scaled and
// quantised again. What lies outside of x counts as its zero point.
#include "nn/conv.h"
#include "support/definition.h"

namespace tenon::operators {
namespace {

// One value, or with `channels` (not -1 alone) one for each.
Status CheckValues(const NodeView& node, std::span<const InferInput> inputs, size_t index,
                   bool per_channel, int64_t channels, std::string_view name) {
  if (!Has(inputs, index) || !inputs[index].shape.has_rank()) return {};
  const Shape& shape = inputs[index].shape;
  int64_t merged = 0;
  if (shape.rank() == 0 || (shape.rank() == 1 && (shape[0] == 1 || shape[0] < 0))) return {};
  if (per_channel && shape.rank() == 1 && MergeDim(shape[0], channels, merged)) return {};
  return Invalid(node, name, " has shape ", shape, " (expected one value",
                 per_channel ? ", or one for each output channel)" : ")");
}

Status CheckByte(const NodeView& node, std::span<const InferInput> inputs, size_t index,
                 size_t zero) {
  TENON_RETURN_IF_ERROR(OneOf(node, inputs, index, {DataType::kInt8, DataType::kUint8}));
  return SameTypes(node, inputs, {index, zero});
}

int64_t Channels(const Shape& w) { return w.rank() > 0 ? w[0] : kUnknownDim; }

Status InferInteger(const NodeView& node, std::span<const InferInput> inputs,
                    std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(CheckByte(node, inputs, 0, 2));
  TENON_RETURN_IF_ERROR(CheckByte(node, inputs, 1, 3));
  const Shape& w = inputs[1].shape;
  TENON_RETURN_IF_ERROR(CheckValues(node, inputs, 2, false, 0, "x_zero_point"));
  TENON_RETURN_IF_ERROR(CheckValues(node, inputs, 3, true, Channels(w), "w_zero_point"));
  outputs[0].type = DataType::kInt32;
  return InferConvShape(node, inputs[0].shape, w, Shape::UnknownRank(), outputs[0].shape);
}

Status InferQLinear(const NodeView& node, std::span<const InferInput> inputs,
                    std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(CheckByte(node, inputs, 0, 2));
  TENON_RETURN_IF_ERROR(CheckByte(node, inputs, 3, 5));
  const Shape& w = inputs[3].shape;
  TENON_RETURN_IF_ERROR(CheckValues(node, inputs, 1, false, 0, "x_scale"));
  TENON_RETURN_IF_ERROR(CheckValues(node, inputs, 2, false, 0, "x_zero_point"));
  TENON_RETURN_IF_ERROR(CheckValues(node, inputs, 4, true, Channels(w), "w_scale"));
  TENON_RETURN_IF_ERROR(CheckValues(node, inputs, 5, true, Channels(w), "w_zero_point"));
  TENON_RETURN_IF_ERROR(CheckValues(node, inputs, 6, false, 0, "y_scale"));
  TENON_RETURN_IF_ERROR(CheckValues(node, inputs, 7, false, 0, "y_zero_point"));
  for (const size_t i : {1, 4, 6})
    TENON_RETURN_IF_ERROR(OneOf(node, inputs, i, {DataType::kFloat32}));
  TENON_RETURN_IF_ERROR(OneOf(node, inputs, 7, {DataType::kInt8, DataType::kUint8}));
  TENON_RETURN_IF_ERROR(OneOf(node, inputs, 8, {DataType::kInt32}));
  outputs[0].type = inputs[7].type;
  return InferConvShape(node, inputs[0].shape, w,
                        Has(inputs, 8) ? inputs[8].shape : Shape::UnknownRank(), outputs[0].shape);
}

template <size_t weights>
Cost ConvCost(const NodeView&, std::span<const InferInput> inputs,
              std::span<const InferOutput> outputs) {
  const Shape& w = inputs[weights].shape;
  const double taps =
      w[0] > 0 ? static_cast<double>(w.ElementCount()) / static_cast<double>(w[0]) : 0;
  return CostOf(2 * taps * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<InferInteger, Arity{2, 4}, kOnce<10>>({.name = "ConvInteger", .cost = ConvCost<1>}),
    Define<InferQLinear, Arity{8, 9}, kOnce<10>>({.name = "QLinearConv", .cost = ConvCost<3>}),
};

}  // namespace

Rows integer_conv_rows() { return kRows; }

}  // namespace tenon::operators
