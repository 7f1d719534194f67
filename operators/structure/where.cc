// Where: X where the condition holds, else Y; all broadcast.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  if (inputs[0].type != DataType::kBool)
    return Invalid(node, "condition is ", inputs[0].type, " (expected bool)");
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 1, 3));
  outputs[0].type = inputs[1].type;
  return BroadcastInputs(node, inputs, 0, 3, outputs[0].shape);
}

constexpr Operator kRows[] = {Define<Infer, Arity{3, 3}, kOnce<9>>(
    {.name = "Where", .cost = CopyCost, .flags = kHostArithmetic})};

}  // namespace

Rows where_rows() { return kRows; }

}  // namespace tenon::operators
