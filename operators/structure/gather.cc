// Gather, GatherElements and GatherND: elements picked by index.
#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

// data[..., axis, ...] -> data[..., indices..., ...].
Status InferGather(const NodeView& node, std::span<const InferInput> inputs,
                   std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(IndexType(node, inputs, 1));
  const Shape& x = inputs[0].shape;
  const Shape& indices = inputs[1].shape;
  outputs[0].type = inputs[0].type;
  if (!x.has_rank() || !indices.has_rank()) return {};
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", 0), x.rank(), axis));
  if (x.rank() - 1 + indices.rank() > kMaxRank) {
    return Invalid(node, "data ", x, " by indices ", indices, " has more than ", kMaxRank,
                   " dimensions");
  }
  Shape y;
  for (int i = 0; i < axis; ++i) y.Append(x[i]);
  for (const int64_t dim : indices.dims()) y.Append(dim);
  for (int i = axis + 1; i < x.rank(); ++i) y.Append(x[i]);
  outputs[0].shape = y;
  return {};
}

Status InferGatherElements(const NodeView& node, std::span<const InferInput> inputs,
                           std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(IndexType(node, inputs, 1));
  const Shape& x = inputs[0].shape;
  const Shape& indices = inputs[1].shape;
  outputs[0] = {inputs[0].type, indices};
  if (!x.has_rank() || !indices.has_rank()) return {};
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", 0), x.rank(), axis));
  bool fits = x.rank() == indices.rank();
  for (int i = 0; fits && i < x.rank(); ++i)
    fits = i == axis || x[i] < 0 || indices[i] < 0 || indices[i] <= x[i];
  if (!fits)
    return Invalid(node, "indices has shape ", indices, ", data has ", x,
                   " (expected to lie within it)");
  return {};
}

// The last dimension of indices addresses a slice of data, behind `batch_dims` common dimensions.
Status InferGatherND(const NodeView& node, std::span<const InferInput> inputs,
                     std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(IndexType(node, inputs, 1));
  const Shape& x = inputs[0].shape;
  const Shape& indices = inputs[1].shape;
  outputs[0].type = inputs[0].type;
  if (!x.has_rank() || !indices.has_rank()) return {};
  const int64_t batch = node.Int("batch_dims", 0);
  if (indices.rank() < 1 || batch < 0 || batch >= std::min(x.rank(), indices.rank())) {
    return Invalid(node, "batch_dims is ", std::to_string(batch), " for data ", x, " and indices ",
                   indices);
  }
  const int64_t width = indices[indices.rank() - 1];
  if (width < 0) return {};
  if (width < 1 || width > x.rank() - batch) {
    return Invalid(node, "indices has shape ", indices, ", which addresses ", width,
                   " dimensions of data ", x);
  }
  const auto first = static_cast<int>(batch + width);
  if (indices.rank() - 1 + x.rank() - first > kMaxRank) {
    return Invalid(node, "data ", x, " by indices ", indices, " has more than ", kMaxRank,
                   " dimensions");
  }
  Shape y;
  for (int i = 0; i < indices.rank() - 1; ++i) {
    y.Append(indices[i]);
    if (i < batch && !MergeDim(indices[i], x[i], y[i])) {
      return Invalid(node, "indices has shape ", indices, ", data has ", x,
                     " (expected equal batch dimensions)");
    }
  }
  for (int i = first; i < x.rank(); ++i) y.Append(x[i]);
  outputs[0].shape = y;
  return {};
}

Status NoBatch(Rewriter& rewriter) {
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, "batch_dims", 0, 0));
  rewriter.RemoveAttribute("batch_dims");
  return {};
}

constexpr Revision kGatherND[] = {Since(11), Since(12, nullptr, NoBatch)};
constexpr Operator kRows[] = {
    Define<InferGather, Arity{2, 2}, kOnce<1>>(
        {.name = "Gather", .cost = CopyCost, .flags = kHostArithmetic}),
    Define<InferGatherElements, Arity{2, 2}, kOnce<11>>(
        {.name = "GatherElements", .cost = CopyCost}),
    Define<InferGatherND, Arity{2, 2}, kGatherND>({.name = "GatherND", .cost = CopyCost}),
};

}  // namespace

Rows gather_rows() { return kRows; }

}  // namespace tenon::operators
