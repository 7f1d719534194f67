// Constant (which the importer turns into an initializer) and ConstantOfShape.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status InferConstant(const NodeView& node, std::span<const InferInput>,
                     std::span<InferOutput> outputs) {
  using Kind = AttributeView::Kind;
  const auto vector = [](size_t count) { return Shape{static_cast<int64_t>(count)}; };
  for (const AttributeView& attribute : node.attributes) {
    if (attribute.name == "value" && attribute.kind == Kind::kTensor) {
      outputs[0] = {attribute.tensor.type, attribute.tensor.shape};
    } else if (attribute.name == "value_float") {
      outputs[0] = {DataType::kFloat32, Shape()};
    } else if (attribute.name == "value_int") {
      outputs[0] = {DataType::kInt64, Shape()};
    } else if (attribute.name == "value_floats") {
      outputs[0] = {DataType::kFloat32, vector(attribute.floats.size())};
    } else if (attribute.name == "value_ints") {
      outputs[0] = {DataType::kInt64, vector(attribute.ints.size())};
    } else if (attribute.name == "value_string") {
      outputs[0] = {DataType::kString, Shape()};
    } else if (attribute.name == "value_strings") {
      outputs[0] = {DataType::kString, vector(attribute.strings.size())};
    } else {
      continue;
    }
    return {};
  }
  return Unsupported(
      node,
      "has none of the attributes value, value_float, value_int, value_string and their plurals");
}

Status InferConstantOfShape(const NodeView& node, std::span<const InferInput> inputs,
                            std::span<InferOutput> outputs) {
  const AttributeView* value = node.Find("value");
  outputs[0].type = value == nullptr ? DataType::kFloat32 : value->tensor.type;
  if (value != nullptr && value->tensor.shape.ElementCount() != 1) {
    return Invalid(node, "value has shape ", value->tensor.shape, " (expected one element)");
  }
  SmallInts sizes;
  Known known;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 0, "input", sizes, known));
  if (known == Known::kUnknown) {
    const int64_t rank = inputs[0].shape.rank() == 1 ? inputs[0].shape[0] : kUnknownDim;
    if (rank < 0 || rank > kMaxRank) return {};
    outputs[0].shape.Resize(static_cast<int>(rank));
    for (int i = 0; i < outputs[0].shape.rank(); ++i) outputs[0].shape[i] = kUnknownDim;
    return {};
  }
  if (sizes.count > kMaxRank)
    return Invalid(node, "input has ", sizes.count, " elements (expected at most ", kMaxRank, ")");
  for (const int64_t size : sizes.span()) {
    if (size < 0) return Invalid(node, "input has the size ", std::to_string(size));
  }
  outputs[0].shape = Shape(sizes.span());
  return {};
}

constexpr Operator kRows[] = {
    Define<InferConstant, Arity{0, 0}, kOnce<1>>(
        {.name = "Constant", .cost = NoCost, .flags = kHostArithmetic}),
    Define<InferConstantOfShape, Arity{1, 1}, kOnce<9>>({.name = "ConstantOfShape",
                                                         .cost = CopyCost,
                                                         .flags = kHostArithmetic,
                                                         .shape_inputs = 1u << 0}),
};

}  // namespace

Rows constant_rows() { return kRows; }

}  // namespace tenon::operators
