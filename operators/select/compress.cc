// Compress: the slices along `axis` (without it: the elements) for which the condition holds. What
// lies beyond the condition's end is left out.
#include <algorithm>

#include "support/definition.h"

namespace tenon::operators {
namespace {

// How many of the first `size` conditions hold.
int64_t CountTrue(const TensorView& condition, int64_t size) {
  const int64_t end = std::min(condition.shape.ElementCount(), size);
  int64_t count = 0;
  for (int64_t i = 0; i < end; ++i) count += condition.as<uint8_t>()[i] != 0;
  return count;
}

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  const InferInput& condition = inputs[1];
  outputs[0].type = inputs[0].type;
  if (condition.type != DataType::kBool ||
      (condition.shape.has_rank() && condition.shape.rank() != 1)) {
    return Invalid(node, "condition is ", condition.type, condition.shape,
                   " (expected a bool vector)");
  }
  const bool known = condition.value != nullptr && condition.value->data != nullptr;
  const bool flat = node.Find("axis") == nullptr;
  if (flat) outputs[0].shape = Shape{kUnknownDim};
  if (!x.has_rank()) return {};
  int axis = 0;
  if (!flat) {
    TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", 0), x.rank(), axis));
    outputs[0].shape = x;
    outputs[0].shape[axis] = kUnknownDim;
  }
  const int64_t size = flat ? x.ElementCount() : x[axis];
  if (known && size >= 0) outputs[0].shape[axis] = CountTrue(*condition.value, size);
  return {};
}

constexpr Operator kRows[] = {Define<Infer, Arity{2, 2}, kOnce<9>>(
    {.name = "Compress", .cost = CopyCost, .flags = kDataDependent})};

}  // namespace

Rows compress_rows() { return kRows; }

}  // namespace tenon::operators
