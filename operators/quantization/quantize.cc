// QuantizeLinear: saturate(round(x / scale) + zero_point); DequantizeLinear: (x - zero_point) * scale;
// DynamicQuantizeLinear: to uint8, by the range of x.
#include "quantization/quantize.h"

#include <vector>

#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

// The type that an attribute names, or `otherwise` where it is 0.
DataType TypeAttribute(const NodeView& node, std::string_view name, DataType otherwise) {
  const int64_t number = node.Int(name, 0);
  return number == 0 ? otherwise : DataTypeOf(number);
}

Status CheckOutputType(const NodeView& node) {
  const int64_t number = node.Int("output_dtype", 0);
  if (number == 0 || DataTypeOf(number) != DataType::kUndefined) return {};
  return Invalid(node, "attribute output_dtype is ", std::to_string(number),
                 ", which is no element type");
}

Status InferQuantize(const NodeView& node, std::span<const InferInput> inputs,
                     std::span<InferOutput> outputs) {
  Granularity granularity;
  TENON_RETURN_IF_ERROR(ReadGranularity(node, inputs, granularity));
  TENON_RETURN_IF_ERROR(CheckOutputType(node));
  const DataType wanted = TypeAttribute(node, "output_dtype", DataType::kUndefined);
  outputs[0].shape = inputs[0].shape;
  outputs[0].type = Has(inputs, 2)                   ? inputs[2].type
                    : wanted != DataType::kUndefined ? wanted
                                                     : DataType::kUint8;
  if (wanted != DataType::kUndefined && wanted != outputs[0].type)
    return Invalid(node, "attribute output_dtype is ", wanted, ", y_zero_point is ",
                   inputs[2].type);
  return {};
}

Status InferDequantize(const NodeView& node, std::span<const InferInput> inputs,
                       std::span<InferOutput> outputs) {
  Granularity granularity;
  TENON_RETURN_IF_ERROR(ReadGranularity(node, inputs, granularity));
  TENON_RETURN_IF_ERROR(CheckOutputType(node));
  if (Has(inputs, 2) && inputs[2].type != inputs[0].type)
    return Invalid(node, "x_zero_point is ", inputs[2].type, ", x is ", inputs[0].type);
  outputs[0] = {TypeAttribute(node, "output_dtype", inputs[1].type), inputs[0].shape};
  if (outputs[0].type == DataType::kFloat8E8M0)
    return Invalid(node, "x_scale is float8e8m0 (expected attribute output_dtype)");
  return {};
}

Status InferDynamic(const NodeView&, std::span<const InferInput> inputs,
                    std::span<InferOutput> outputs) {
  outputs[0] = {DataType::kUint8, inputs[0].shape};
  if (outputs.size() > 1) outputs[1] = {DataType::kFloat32, Shape()};
  if (outputs.size() > 2) outputs[2] = {DataType::kUint8, Shape()};
  return {};
}

Cost QuantizeCost(const NodeView&, std::span<const InferInput> inputs,
                  std::span<const InferOutput> outputs) {
  return CostOf(3 * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

// Revision 13 has one scale for each index of an axis.
Status OneScale(Rewriter& rewriter) {
  if (rewriter.input(1).shape.ElementCount() != 1)
    return CannotSay(rewriter, "scale has shape ", rewriter.input(1).shape,
                     " (revision 10 has one scale)");
  rewriter.RemoveAttribute("axis");
  return {};
}
// Revision 19 quantises to float8.
Status Saturates(Rewriter& rewriter) {
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, "saturate", 1, 1));
  rewriter.RemoveAttribute("saturate");
  return {};
}
Status NoBlocks(Rewriter& rewriter) {
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, "block_size", 0, 0));
  rewriter.RemoveAttribute("block_size");
  return {};
}
// Before 21 the zero point alone says the type.
Status ZeroPointSaysType(Rewriter& rewriter) {
  const DataType type = TypeAttribute(rewriter.node(), "output_dtype", DataType::kUndefined);
  const Shape scale = rewriter.input(1).shape;
  const bool adds = type != DataType::kUndefined && !rewriter.input(2).present;
  if (adds && !scale.IsStatic())
    return CannotSay(rewriter, "output_dtype is given, the shape of its zero point is not known");
  TENON_RETURN_IF_ERROR(NoBlocks(rewriter));
  if (adds) {
    const auto bits = static_cast<size_t>(scale.ElementCount()) * BitWidth(type);
    const std::vector<std::byte> zeros(bits / 8 + 1);
    rewriter.SetConstantInput(2, type, scale, zeros.data());
  }
  rewriter.RemoveAttribute("output_dtype");
  return {};
}
Status DefaultPrecision(Rewriter& rewriter) {
  const DataType precision = TypeAttribute(rewriter.node(), "precision", rewriter.input(1).type);
  if (precision != rewriter.input(1).type || rewriter.input(1).type != rewriter.input(0).type)
    return CannotSay(rewriter, "y_scale is ", rewriter.input(1).type, ", x is ",
                     rewriter.input(0).type, ", the precision is ", precision,
                     " (expected the same)");
  rewriter.RemoveAttribute("precision");
  return {};
}
Status ScaleSaysType(Rewriter& rewriter) {
  const DataType type = TypeAttribute(rewriter.node(), "output_dtype", rewriter.input(1).type);
  if (type != rewriter.input(1).type)
    return CannotSay(rewriter, "output_dtype is ", type, ", x_scale is ", rewriter.input(1).type);
  rewriter.RemoveAttribute("output_dtype");
  return {};
}

constexpr Revision kQuantize[] = {
    Since(10), Since(13, nullptr, OneScale), Since(19, nullptr, Saturates),
    Since(21, nullptr, ZeroPointSaysType), Since(23, nullptr, DefaultPrecision)};
constexpr Revision kDequantize[] = {Since(10), Since(13, nullptr, OneScale),
                                    Since(21, nullptr, NoBlocks),
                                    Since(23, nullptr, ScaleSaysType)};
constexpr Operator kRows[] = {
    Define<InferQuantize, Arity{2, 3}, kQuantize>({.name = "QuantizeLinear", .cost = QuantizeCost}),
    Define<InferDequantize, Arity{2, 3}, kDequantize>(
        {.name = "DequantizeLinear", .cost = QuantizeCost}),
    Define<InferDynamic, Arity{1, 1, 1, 3}, kOnce<11>>(
        {.name = "DynamicQuantizeLinear", .cost = QuantizeCost}),
};

}  // namespace

Status ReadGranularity(const NodeView& node, std::span<const InferInput> inputs, Granularity& g) {
  if (!Has(inputs, 1)) return Invalid(node, "scale is missing");
  const Shape& x = inputs[0].shape;
  const Shape& scale = inputs[1].shape;
  if (Has(inputs, 2)) {
    const Shape& zero = inputs[2].shape;
    bool fits = !zero.has_rank() || !scale.has_rank() || zero.rank() == scale.rank() ||
                (zero.ElementCount() == 1 && scale.ElementCount() == 1);
    for (int i = 0; fits && zero.rank() == scale.rank() && i < zero.rank(); ++i) {
      int64_t merged = 0;
      fits = MergeDim(zero[i], scale[i], merged);
    }
    if (!fits)
      return Invalid(node, "the zero point has shape ", zero, ", scale has ", scale,
                     " (expected the same)");
  }
  g.block = node.Int("block_size", 0);
  if (g.block < 0)
    return Invalid(node, "attribute block_size is ", std::to_string(g.block),
                   " (expected at least 0)");
  if (!x.has_rank() || !scale.has_rank()) return {};
  g.per_tensor = scale.rank() == 0 || (scale.rank() == 1 && scale[0] == 1 && g.block == 0);
  if (g.per_tensor) return {};
  if (node.revision < 13) return Invalid(node, "scale has shape ", scale, " (expected one value)");
  if (x.rank() > 1)
    TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", 1), x.rank(), g.axis));
  int64_t merged = 0;
  if (g.block == 0) {
    if (scale.rank() == 1 && x.rank() > 0 && MergeDim(scale[0], x[g.axis], merged)) return {};
    return Invalid(node, "scale has shape ", scale, ", x has ", x,
                   " (expected one value, or one for each index of axis ", g.axis, ")");
  }
  bool fits = scale.rank() == x.rank();
  for (int i = 0; fits && i < x.rank(); ++i) {
    const int64_t size = i == g.axis && x[i] >= 0 ? x[i] / g.block + (x[i] % g.block != 0) : x[i];
    fits = (i == g.axis && x[i] < 0) || MergeDim(scale[i], size, merged);
  }
  if (fits) return {};
  return Invalid(node, "scale has shape ", scale, ", x has ", x, " (expected blocks of ", g.block,
                 " in axis ", g.axis, ")");
}

Rows quantize_rows() { return kRows; }

}  // namespace tenon::operators
