// MatMulInteger: (A - a_zero) (B - b_zero) in int32; QLinearMatMul: the same scaled and quantised again.
#include "linear/matmul.h"
#include "support/definition.h"

namespace tenon::operators {
namespace {

// A zero point or scale: one value, one for each of A's rows (B's columns), or one for each of
// every matrix, with 1 in the other of the last two dimensions.
Status CheckPerLine(const NodeView& node, std::span<const InferInput> inputs, size_t index,
                    const Shape& matrix, bool rows, std::string_view name) {
  if (!Has(inputs, index)) return {};
  const Shape& shape = inputs[index].shape;
  if (!shape.has_rank() || !matrix.has_rank() || shape.rank() == 0) return {};
  if (shape.rank() == 1 && shape[0] == 1) return {};
  const int lines = rows ? matrix.rank() - 2 : matrix.rank() - 1;
  int64_t merged = 0;
  bool fits = matrix.rank() >= 2;
  if (fits && shape.rank() == 1) {
    fits = MergeDim(shape[0], matrix[lines], merged);
  } else if (fits) {
    fits = shape.rank() == matrix.rank();
    for (int i = 0; fits && i < shape.rank(); ++i)
      fits = MergeDim(shape[i], i < shape.rank() - 2 || i == lines ? matrix[i] : 1, merged);
  }
  if (fits) return {};
  return Invalid(node, name, " has shape ", shape, ", its matrix ", matrix,
                 " (expected one value, or one for each ", rows ? "row)" : "column)");
}

Status InferInteger(const NodeView& node, std::span<const InferInput> inputs,
                    std::span<InferOutput> outputs) {
  for (size_t i = 0; i < 2; ++i)
    TENON_RETURN_IF_ERROR(OneOf(node, inputs, i, {DataType::kInt8, DataType::kUint8}));
  outputs[0].type = DataType::kInt32;
  const Shape& a = inputs[0].shape;
  const Shape& b = inputs[1].shape;
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, {0, 2}));
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, {1, 3}));
  TENON_RETURN_IF_ERROR(InferMatMulShape(node, a, b, outputs[0].shape));
  TENON_RETURN_IF_ERROR(CheckPerLine(node, inputs, 2, a, true, "a_zero_point"));
  return CheckPerLine(node, inputs, 3, b, false, "b_zero_point");
}

Status InferQLinear(const NodeView& node, std::span<const InferInput> inputs,
                    std::span<InferOutput> outputs) {
  outputs[0].type = inputs[7].type;
  const Shape& a = inputs[0].shape;
  const Shape& b = inputs[3].shape;
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, {0, 2}));
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, {3, 5}));
  TENON_RETURN_IF_ERROR(InferMatMulShape(node, a, b, outputs[0].shape));
  TENON_RETURN_IF_ERROR(CheckPerLine(node, inputs, 1, a, true, "a_scale"));
  TENON_RETURN_IF_ERROR(CheckPerLine(node, inputs, 2, a, true, "a_zero_point"));
  TENON_RETURN_IF_ERROR(CheckPerLine(node, inputs, 4, b, false, "b_scale"));
  TENON_RETURN_IF_ERROR(CheckPerLine(node, inputs, 5, b, false, "b_zero_point"));
  TENON_RETURN_IF_ERROR(
      OneOf(node, inputs, 1, {DataType::kFloat32, DataType::kFloat16, DataType::kBfloat16}));
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, {1, 4, 6}));
  for (size_t i = 6; i < 8; ++i) {
    if (inputs[i].shape.IsStatic() && inputs[i].shape.ElementCount() != 1)
      return Invalid(node, i == 6 ? "y_scale" : "y_zero_point", " has shape ", inputs[i].shape,
                     " (expected one value)");
  }
  return {};
}

Cost IntegerCost(const NodeView&, std::span<const InferInput> inputs,
                 std::span<const InferOutput> outputs) {
  const Shape& a = inputs[0].shape;
  const auto depth = static_cast<double>(a[a.rank() - 1]);
  return CostOf(2 * depth * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<InferInteger, Arity{2, 4}, kOnce<10>>({.name = "MatMulInteger", .cost = IntegerCost}),
    Define<InferQLinear, Arity{8, 8}, kOnce<10>>({.name = "QLinearMatMul", .cost = IntegerCost}),
};

}  // namespace

Rows integer_matmul_rows() { return kRows; }

}  // namespace tenon::operators
