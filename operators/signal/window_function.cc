// HannWindow, HammingWindow and BlackmanWindow of a given size, and MelWeightMatrix, which sums the bins of a spectrum into
// bands.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status CheckScalar(const NodeView& node, std::span<const InferInput> inputs, int index,
                   std::string_view name) {
  const Shape& shape = inputs[static_cast<size_t>(index)].shape;
  if (!shape.IsStatic() || shape.ElementCount() == 1) return {};
  return Invalid(node, name, " has shape ", shape, " (expected a scalar)");
}

Status ReadSize(const NodeView& node, std::span<const InferInput> inputs, int index,
                std::string_view name, int64_t& size) {
  SmallInts values;
  Known known;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, index, name, values, known));
  size = kUnknownDim;
  TENON_RETURN_IF_ERROR(CheckScalar(node, inputs, index, name));
  if (known != Known::kKnown) return {};
  if (values.count != 1 || values[0] < 0 || values[0] >= int64_t{1} << 40)
    return Invalid(node, name, " is ", values.count == 1 ? std::to_string(values[0]) : "no scalar",
                   " (expected a size)");
  size = values[0];
  return {};
}

Status ReadType(const NodeView& node, DataType& type) {
  const int64_t number = node.Int("output_datatype", 1);
  type = DataTypeOf(number);
  if (BitWidth(type) >= 8) return {};
  return Invalid(node, "attribute output_datatype is ", std::to_string(number),
                 ", which is no number type");
}

Status InferWindow(const NodeView& node, std::span<const InferInput> inputs,
                   std::span<InferOutput> outputs) {
  int64_t size = 0;
  TENON_RETURN_IF_ERROR(ReadType(node, outputs[0].type));
  TENON_RETURN_IF_ERROR(ReadSize(node, inputs, 0, "size", size));
  outputs[0].shape = Shape{size};
  return {};
}

Status InferMel(const NodeView& node, std::span<const InferInput> inputs,
                std::span<InferOutput> outputs) {
  int64_t bands = 0, length = 0;
  TENON_RETURN_IF_ERROR(ReadType(node, outputs[0].type));
  TENON_RETURN_IF_ERROR(ReadSize(node, inputs, 0, "num_mel_bins", bands));
  TENON_RETURN_IF_ERROR(ReadSize(node, inputs, 1, "dft_length", length));
  int64_t rate = 0;
  TENON_RETURN_IF_ERROR(ReadSize(node, inputs, 2, "sample_rate", rate));
  TENON_RETURN_IF_ERROR(CheckScalar(node, inputs, 3, "lower_edge_hertz"));
  TENON_RETURN_IF_ERROR(CheckScalar(node, inputs, 4, "upper_edge_hertz"));
  TENON_RETURN_IF_ERROR(IndexType(node, inputs, 0));
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, {0, 1, 2}));
  TENON_RETURN_IF_ERROR(FloatTypes(node, inputs, 3, 5));
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, {3, 4}));
  outputs[0].shape = Shape{length < 0 ? kUnknownDim : length / 2 + 1, bands};
  return {};
}

Cost WindowCost(const NodeView&, std::span<const InferInput> inputs,
                std::span<const InferOutput> outputs) {
  return CostOf(20 * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<InferWindow, Arity{1, 1}, kOnce<17>>(
        {.name = "BlackmanWindow", .cost = WindowCost, .shape_inputs = 0b1}),
    Define<InferWindow, Arity{1, 1}, kOnce<17>>(
        {.name = "HammingWindow", .cost = WindowCost, .shape_inputs = 0b1}),
    Define<InferWindow, Arity{1, 1}, kOnce<17>>(
        {.name = "HannWindow", .cost = WindowCost, .shape_inputs = 0b1}),
    Define<InferMel, Arity{5, 5}, kOnce<17>>(
        {.name = "MelWeightMatrix", .cost = WindowCost, .shape_inputs = 0b11}),
};

}  // namespace

Rows window_function_rows() { return kRows; }

}  // namespace tenon::operators
