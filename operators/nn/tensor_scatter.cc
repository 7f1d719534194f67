// TensorScatter: a cache [B, ..., positions, ...] with new entries written from each sample's write index on.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, 2));
  TENON_RETURN_IF_ERROR(InferSame(node, inputs, outputs));
  const std::string_view mode = node.String("mode", "linear");
  if (mode != "linear" && mode != "circular")
    return Invalid(node, "attribute mode is \"", mode, "\" (expected linear or circular)");
  const Shape& cache = inputs[0].shape;
  const Shape& update = inputs[1].shape;
  if (!cache.has_rank()) return {};
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", -2), cache.rank(), axis));
  if (axis == 0) return Invalid(node, "axis is 0, the batch (expected another)");
  Shape& y = outputs[0].shape;
  if (update.has_rank()) {
    bool fits = update.rank() == cache.rank();
    for (int i = 0; fits && i < cache.rank(); ++i) {
      fits = i == axis ? update[i] < 0 || cache[i] < 0 || update[i] <= cache[i]
                       : MergeDim(cache[i], update[i], y[i]);
    }
    if (!fits)
      return Invalid(node, "update has shape ", update, ", past_cache has ", cache,
                     " (expected the same, not longer in axis ", axis, ")");
  }
  if (!Has(inputs, 2)) return {};
  int64_t merged = 0;
  const Shape& indices = inputs[2].shape;
  if (inputs[2].type == DataType::kInt64 &&
      (!indices.has_rank() || (indices.rank() == 1 && MergeDim(indices[0], y[0], merged))))
    return {};
  return Invalid(node, "write_indices is ", inputs[2].type, indices, " (expected int64 [", y[0],
                 "])");
}

constexpr Operator kRows[] = {Define<Infer, Arity{2, 3}, kOnce<24>>(
    {.name = "TensorScatter", .cost = CopyCost, .in_place = kFirstInPlace})};

}  // namespace

Rows tensor_scatter_rows() { return kRows; }

}  // namespace tenon::operators
