// Range: start, start + delta ... before limit.
#include "structure/range.h"

#include <algorithm>
#include <cmath>

#include "support/definition.h"
#include "support/half_types.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

template <typename T>
int64_t CountFloats(const void* start, const void* limit, const void* delta) {
  const auto number = [](const void* value) -> double {
    return static_cast<Comparable<T>>(*static_cast<const T*>(value));
  };
  const double from = number(start), to = number(limit), step = number(delta);
  const double count = std::ceil((to - from) / step);
  if (step == 0 || !(count < 0x1p62)) return -1;
  return count > 0 ? static_cast<int64_t>(count) : 0;
}

template <typename T>
int64_t CountInts(const void* start, const void* limit, const void* delta) {
  const int64_t from = *static_cast<const T*>(start), to = *static_cast<const T*>(limit);
  const int64_t step = *static_cast<const T*>(delta);
  if (step == 0) return -1;
  if (from == to || (from < to) != (step > 0)) return 0;
  // Unsigned: a span or a step may be larger than the largest int64.
  const auto distance = [](int64_t low, int64_t high) {
    return static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  };
  const uint64_t span = step > 0 ? distance(from, to) : distance(to, from);
  const uint64_t stride = step > 0 ? distance(0, step) : distance(step, 0);
  const uint64_t count = span / stride + (span % stride != 0);
  return count > INT64_MAX ? -1 : static_cast<int64_t>(count);
}

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, 3));
  outputs[0].type = inputs[0].type;
  outputs[0].shape = Shape{kUnknownDim};
  bool known = true;
  for (size_t i = 0; i < 3; ++i) {
    const TensorView* value = inputs[i].value;
    const bool given = value != nullptr && value->data != nullptr;
    const Shape& shape = given ? value->shape : inputs[i].shape;
    if (shape.IsStatic() && shape.ElementCount() != 1)
      return Invalid(node, "input ", static_cast<int>(i), " has shape ", shape,
                     " (expected one value)");
    known = known && given;
  }
  if (!known) return {};
  constexpr DataType kComputed[] = {DataType::kFloat32,  DataType::kFloat64, DataType::kFloat16,
                                    DataType::kBfloat16, DataType::kInt16,   DataType::kInt32,
                                    DataType::kInt64};
  if (std::ranges::find(kComputed, inputs[0].type) == std::end(kComputed)) return {};
  const int64_t count = RangeCount(inputs[0].type, inputs[0].value->data, inputs[1].value->data,
                                   inputs[2].value->data);
  if (count < 0) return Invalid(node, "delta is 0 or the range is too long");
  outputs[0].shape[0] = count;
  return {};
}

// Revision 27 says in which type 16-bit floats are counted.
Status DropStashType(Rewriter& rewriter) {
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, "stash_type", 1, 1));
  rewriter.RemoveAttribute("stash_type");
  return {};
}
constexpr Revision kRevisions[] = {Since(11), Since(27, nullptr, DropStashType)};
constexpr Operator kRows[] = {Define<Infer, Arity{3, 3}, kRevisions>(
    {.name = "Range", .cost = CopyCost, .flags = kHostArithmetic, .shape_inputs = 0b111})};

}  // namespace

int64_t RangeCount(DataType type, const void* start, const void* limit, const void* delta) {
  switch (type) {
    case DataType::kFloat32:
      return CountFloats<float>(start, limit, delta);
    case DataType::kFloat64:
      return CountFloats<double>(start, limit, delta);
    case DataType::kFloat16:
      return CountFloats<Float16>(start, limit, delta);
    case DataType::kBfloat16:
      return CountFloats<BFloat16>(start, limit, delta);
    case DataType::kInt16:
      return CountInts<int16_t>(start, limit, delta);
    case DataType::kInt32:
      return CountInts<int32_t>(start, limit, delta);
    case DataType::kInt64:
      return CountInts<int64_t>(start, limit, delta);
    default:
      return -1;
  }
}

Rows range_rows() { return kRows; }

}  // namespace tenon::operators
