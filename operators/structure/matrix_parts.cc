// Trilu: the upper or lower triangle of matrices. EyeLike: ones on a diagonal.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status InferTrilu(const NodeView& node, std::span<const InferInput> inputs,
                  std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  if (x.has_rank() && x.rank() < 2)
    return Invalid(node, "input has shape ", x, " (expected [..., rows, columns])");
  if (Has(inputs, 1)) {
    const int64_t count = inputs[1].shape.ElementCount();
    if (inputs[1].type != DataType::kInt64 || (count != 1 && count != kUnknownDim))
      return Invalid(node, "k is ", inputs[1].type, inputs[1].shape, " (expected one int64)");
  }
  return InferSame(node, inputs, outputs);
}

Status InferEyeLike(const NodeView& node, std::span<const InferInput> inputs,
                    std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  if (x.has_rank() && x.rank() != 2)
    return Invalid(node, "input has shape ", x, " (expected [rows, columns])");
  const int64_t type = node.Int("dtype", static_cast<int64_t>(inputs[0].type));
  outputs[0].type = DataTypeOf(type);
  if (BitWidth(outputs[0].type) == 0)
    return Invalid(node, "dtype is ", std::to_string(type), ", which is no type of numbers");
  outputs[0].shape = x.has_rank() ? x : Shape{kUnknownDim, kUnknownDim};
  return {};
}

constexpr Operator kRows[] = {
    Define<InferEyeLike, Arity{1, 1}, kOnce<9>>({.name = "EyeLike", .cost = CopyCost}),
    Define<InferTrilu, Arity{1, 2}, kOnce<14>>(
        {.name = "Trilu", .cost = CopyCost, .in_place = kFirstInPlace}),
};

}  // namespace

Rows matrix_parts_rows() { return kRows; }

}  // namespace tenon::operators
