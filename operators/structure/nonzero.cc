// NonZero: the indices of the elements that are not zero, one column each, in row-major order.
#include "support/nonzero.h"

#include "support/definition.h"

namespace tenon::operators {
namespace {

int64_t CountIn(const TensorView& x) {
  const NonZeroRule rule = NonZeroRuleOf(x.type);
  const int64_t count = x.shape.ElementCount();
  switch (BitWidth(x.type)) {
    case 8:
      return CountNonZero(x.as<uint8_t>(), rule, count);
    case 16:
      return CountNonZero(x.as<uint16_t>(), rule, count);
    case 32:
      return CountNonZero(x.as<uint32_t>(), rule, count);
    case 64:
      return CountNonZero(x.as<uint64_t>(), rule, count);
    default:
      return kUnknownDim;
  }
}

// [rank, count]; of a scalar [0, count].
Status Infer(const NodeView&, std::span<const InferInput> inputs, std::span<InferOutput> outputs) {
  const InferInput& x = inputs[0];
  const bool known = x.value != nullptr && x.value->data != nullptr && x.shape.IsStatic();
  outputs[0] = {
      DataType::kInt64,
      {x.shape.has_rank() ? x.shape.rank() : kUnknownDim, known ? CountIn(*x.value) : kUnknownDim}};
  return {};
}

constexpr Operator kRows[] = {Define<Infer, Arity{1, 1}, kOnce<9>>(
    {.name = "NonZero", .cost = InputElementCost, .flags = kDataDependent})};

}  // namespace

Rows nonzero_rows() { return kRows; }

}  // namespace tenon::operators
