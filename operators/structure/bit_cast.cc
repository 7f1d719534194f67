// BitCast: the same bits as another element type of the same width; as bool, all bytes but 0 are
// true.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const int64_t to = node.Int("to", 0);
  const DataType type = DataTypeOf(to);
  if (BitWidth(type) == 0 || BitWidth(type) != BitWidth(inputs[0].type)) {
    return Invalid(node, "attribute to is ", std::to_string(to), ", input is ", inputs[0].type,
                   " (expected a type of the same width)");
  }
  outputs[0] = {type, inputs[0].shape};
  return {};
}

constexpr Operator kRows[] = {Define<Infer, Arity{1, 1}, kOnce<26>>(
    {.name = "BitCast", .cost = CopyCost, .flags = kHostArithmetic, .in_place = kFirstInPlace})};

}  // namespace

Rows bit_cast_rows() { return kRows; }

}  // namespace tenon::operators
