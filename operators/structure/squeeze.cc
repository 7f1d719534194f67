// Squeeze and Unsqueeze: dimensions of size 1 away and in.
#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

// Axes of a tensor of `rank` as bits.
Status AxisBits(const NodeView& node, const SmallInts& axes, int rank, uint32_t& bits) {
  bits = 0;
  for (int i = 0; i < axes.count; ++i) {
    int axis = 0;
    TENON_RETURN_IF_ERROR(NormalizeAxis(node, axes[i], rank, axis));
    if ((bits >> axis & 1) != 0) return Invalid(node, "axes has ", axis, " twice");
    bits |= 1u << axis;
  }
  return {};
}

Status InferSqueeze(const NodeView& node, std::span<const InferInput> inputs,
                    std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  SmallInts axes;
  Known known;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 1, "axes", axes, known));
  if (!x.has_rank() || known == Known::kUnknown) return {};
  uint32_t bits = 0;
  TENON_RETURN_IF_ERROR(AxisBits(node, axes, x.rank(), bits));
  Shape y;
  for (int i = 0; i < x.rank(); ++i) {
    if (known == Known::kAbsent) {
      if (x[i] < 0) return {};  // whether it goes depends on its size
      if (x[i] != 1) y.Append(x[i]);
    } else if ((bits >> i & 1) == 0) {
      y.Append(x[i]);
    } else if (x[i] >= 0 && x[i] != 1) {
      return Invalid(node, "data has size ", x[i], " in axis ", i, " (expected 1)");
    }
  }
  outputs[0].shape = y;
  return {};
}

Status InferUnsqueeze(const NodeView& node, std::span<const InferInput> inputs,
                      std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  SmallInts axes;
  Known known;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 1, "axes", axes, known));
  if (known == Known::kAbsent) return Invalid(node, "has no axes");
  if (!x.has_rank() || known == Known::kUnknown) return {};
  const int rank = x.rank() + axes.count;
  if (rank > kMaxRank)
    return Invalid(node, "makes ", rank, " dimensions (expected at most ", kMaxRank, ")");
  uint32_t bits = 0;
  TENON_RETURN_IF_ERROR(AxisBits(node, axes, rank, bits));
  Shape y;
  for (int i = 0, from = 0; i < rank; ++i) y.Append((bits >> i & 1) != 0 ? 1 : x[from++]);
  outputs[0].shape = y;
  return {};
}

Status AxesToInput(Rewriter& rewriter) {
  AttributeToInput(rewriter, "axes", 1);
  return {};
}
Status AxesToAttribute(Rewriter& rewriter) { return InputToAttribute(rewriter, 1, "axes"); }

constexpr Revision kRevisions[] = {Since(1), Since(13, AxesToInput, AxesToAttribute)};
constexpr uint32_t kFlags = kView | kHostArithmetic;
constexpr Operator kRows[] = {
    Define<InferSqueeze, Arity{1, 2}, kRevisions>({.name = "Squeeze",
                                                   .cost = CopyCost,
                                                   .flags = kFlags,
                                                   .in_place = kFirstInPlace,
                                                   .shape_inputs = 1u << 1}),
    Define<InferUnsqueeze, Arity{2, 2}, kRevisions>({.name = "Unsqueeze",
                                                     .cost = CopyCost,
                                                     .flags = kFlags,
                                                     .in_place = kFirstInPlace,
                                                     .shape_inputs = 1u << 1}),
};

}  // namespace

Rows squeeze_rows() { return kRows; }

}  // namespace tenon::operators
