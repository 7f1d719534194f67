// Expand and Tile: elements repeated along dimensions of size 1, and whole tensors.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status InferExpand(const NodeView& node, std::span<const InferInput> inputs,
                   std::span<InferOutput> outputs) {
  outputs[0].type = inputs[0].type;
  SmallInts sizes;
  Known known;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 1, "shape", sizes, known));
  if (known == Known::kUnknown) {
    const int64_t rank = inputs[1].shape.rank() == 1 ? inputs[1].shape[0] : kUnknownDim;
    if (rank < 0 || !inputs[0].shape.has_rank()) return {};
    outputs[0].shape.Resize(
        std::max(static_cast<int>(std::min<int64_t>(rank, kMaxRank)), inputs[0].shape.rank()));
    for (int i = 0; i < outputs[0].shape.rank(); ++i) outputs[0].shape[i] = kUnknownDim;
    return {};
  }
  if (sizes.count > kMaxRank)
    return Invalid(node, "shape has ", sizes.count, " elements (expected at most ", kMaxRank, ")");
  for (const int64_t size : sizes.span()) {
    if (size < 0) return Invalid(node, "shape has the size ", std::to_string(size));
  }
  outputs[0].shape = Shape(sizes.span());
  if (!BroadcastShape(inputs[0].shape, outputs[0].shape)) {
    return Invalid(node, "input has shape ", inputs[0].shape, ", which does not broadcast with ",
                   outputs[0].shape);
  }
  return {};
}

Status InferTile(const NodeView& node, std::span<const InferInput> inputs,
                 std::span<InferOutput> outputs) {
  outputs[0].type = inputs[0].type;
  const Shape& x = inputs[0].shape;
  SmallInts repeats;
  Known known;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 1, "repeats", repeats, known));
  if (!x.has_rank()) return {};
  Shape& y = outputs[0].shape;
  y = x;
  if (known == Known::kKnown && repeats.count != x.rank()) {
    return Invalid(node, "repeats has ", repeats.count, " elements, input has shape ", x);
  }
  for (int i = 0; i < x.rank(); ++i) {
    if (known != Known::kKnown) {
      y[i] = kUnknownDim;
    } else if (repeats[i] < 0 || (x[i] > 0 && __builtin_mul_overflow(x[i], repeats[i], &y[i]))) {
      return Invalid(node, "repeats has the value ", std::to_string(repeats[i]), " for axis ", i,
                     " of ", x);
    } else if (x[i] < 0) {
      y[i] = repeats[i] == 1 ? x[i] : repeats[i] == 0 ? 0 : kUnknownDim;
    }
  }
  return {};
}

constexpr Operator kRows[] = {
    Define<InferExpand, Arity{2, 2}, kOnce<8>>(
        {.name = "Expand", .cost = CopyCost, .flags = kHostArithmetic, .shape_inputs = 1u << 1}),
    Define<InferTile, Arity{2, 2}, kOnce<1>>(
        {.name = "Tile", .cost = CopyCost, .flags = kHostArithmetic, .shape_inputs = 1u << 1}),
};

}  // namespace

Rows expand_rows() { return kRows; }

}  // namespace tenon::operators
