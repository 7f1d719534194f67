// RotaryEmbedding: pairs of values in each head of X, [B, H, S, D] or [B, S, H * D], turned by the angles of their position.
#include "support/definition.h"

namespace tenon::operators {
namespace {

// cos_cache and sin_cache: [B, S, half], or [positions, half] with position_ids [B, S].
Status CheckCache(const NodeView& node, std::span<const InferInput> inputs, size_t index,
                  int64_t batch, int64_t sequence, int64_t half) {
  const Shape& shape = inputs[index].shape;
  if (!shape.has_rank()) return {};
  const bool indexed = Has(inputs, 3);
  int64_t merged = 0;
  bool fits = shape.rank() == (indexed ? 2 : 3) && MergeDim(shape[shape.rank() - 1], half, merged);
  if (fits && !indexed)
    fits = MergeDim(shape[0], batch, merged) && MergeDim(shape[1], sequence, merged);
  if (fits) return {};
  const char* name = index == 1 ? "cos_cache" : "sin_cache";
  if (indexed)
    return Invalid(node, name, " has shape ", shape, " (expected [positions, ", half, "])");
  return Invalid(node, name, " has shape ", shape, " (expected ", Shape{batch, sequence, half},
                 ")");
}

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, 3));
  const Shape& x = inputs[0].shape;
  TENON_RETURN_IF_ERROR(InferSame(node, inputs, outputs));
  if (!x.has_rank()) return {};
  if (x.rank() != 3 && x.rank() != 4)
    return Invalid(node, "X has shape ", x, " (expected [B, H, S, D] or [B, S, H * D])");
  int64_t size = x[x.rank() - 1];
  if (x.rank() == 3) {
    const int64_t heads = node.Int("num_heads", 0);
    if (heads < 1) return Invalid(node, "X has three dimensions (expected attribute num_heads)");
    if (size >= 0 && size % heads != 0)
      return Invalid(node, "X has shape ", x, " (expected a last dimension of ", heads, " heads)");
    if (size >= 0) size /= heads;
  }
  const int64_t rotated = node.Int("rotary_embedding_dim", 0);
  if (rotated < 0 || rotated % 2 != 0 || (size >= 0 && rotated > size))
    return Invalid(node, "attribute rotary_embedding_dim is ", std::to_string(rotated),
                   " (expected an even number up to the head size ", size, ")");
  if (rotated == 0 && size >= 0 && size % 2 != 0)
    return Invalid(node, "the head size is ", size, " (expected an even number)");
  const int64_t half = rotated > 0 ? rotated / 2 : size >= 0 ? size / 2 : kUnknownDim;
  const int64_t sequence = x.rank() == 3 ? x[1] : x[2];
  TENON_RETURN_IF_ERROR(CheckCache(node, inputs, 1, x[0], sequence, half));
  TENON_RETURN_IF_ERROR(CheckCache(node, inputs, 2, x[0], sequence, half));
  if (!Has(inputs, 3)) return {};
  int64_t merged = 0;
  if (inputs[1].shape.has_rank() && inputs[2].shape.has_rank() &&
      !MergeDim(inputs[1].shape[0], inputs[2].shape[0], merged))
    return Invalid(node, "sin_cache has shape ", inputs[2].shape, ", cos_cache has ",
                   inputs[1].shape, " (expected the same)");
  const Shape& ids = inputs[3].shape;
  if (inputs[3].type == DataType::kInt64 &&
      (!ids.has_rank() ||
       (ids.rank() == 2 && MergeDim(ids[0], x[0], merged) && MergeDim(ids[1], sequence, merged))))
    return {};
  return Invalid(node, "position_ids is ", inputs[3].type, ids, " (expected int64 ",
                 Shape{x[0], sequence}, ")");
}

Cost RotaryCost(const NodeView&, std::span<const InferInput> inputs,
                std::span<const InferOutput> outputs) {
  return CostOf(3 * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {Define<Infer, Arity{3, 4}, kOnce<23>>(
    {.name = "RotaryEmbedding", .cost = RotaryCost, .in_place = kFirstInPlace})};

}  // namespace

Rows rotary_embedding_rows() { return kRows; }

}  // namespace tenon::operators
