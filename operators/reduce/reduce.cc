// Reductions over axes.
#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  SmallInts axes;
  Known known;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 1, "axes", axes, known));
  if (!x.has_rank()) return {};
  const bool keep = node.Int("keepdims", 1) != 0;
  if (known == Known::kUnknown) {
    if (!keep) return {};
    outputs[0].shape.Resize(x.rank());
    for (int i = 0; i < x.rank(); ++i) outputs[0].shape[i] = kUnknownDim;
    return {};
  }
  uint32_t reduced = 0;
  for (int i = 0; i < axes.count; ++i) {
    int axis = 0;
    TENON_RETURN_IF_ERROR(NormalizeAxis(node, axes[i], x.rank(), axis));
    reduced |= 1u << axis;
  }
  if (axes.count == 0 && node.Int("noop_with_empty_axes", 0) == 0) reduced = ~0u;
  Shape y;
  for (int i = 0; i < x.rank(); ++i) {
    if ((reduced >> i & 1) == 0) {
      y.Append(x[i]);
    } else if (keep) {
      y.Append(1);
    }
  }
  outputs[0].shape = y;
  return {};
}

Status AxesToInput(Rewriter& rewriter) {
  AttributeToInput(rewriter, "axes", 1);
  return {};
}
Status AxesToAttribute(Rewriter& rewriter) {
  std::vector<int64_t> axes;
  TENON_RETURN_IF_ERROR(ConstantInts(rewriter, 1, "axes", axes));
  if (axes.empty() && rewriter.node().Int("noop_with_empty_axes", 0) != 0) {
    return CannotSay(rewriter,
                     "axes is empty and reduces nothing (the older revision then reduces all)");
  }
  rewriter.RemoveAttribute("noop_with_empty_axes");
  if (rewriter.input(1).present) rewriter.RemoveInput(1);
  if (!axes.empty()) rewriter.SetInts("axes", axes);
  return {};
}

// The opset in which axes became an input.
template <int version>
inline constexpr Revision kRevisions[] = {Since(1), Since(version, AxesToInput, AxesToAttribute)};

template <int version = 18>
consteval Operator Reduce(std::string_view name, uint32_t flags = 0) {
  return Define<Infer, Arity{1, 2}, kRevisions<version>>(
      {.name = name, .cost = InputElementCost, .flags = flags, .shape_inputs = 1u << 1});
}

constexpr Operator kRows[] = {
    Reduce("ReduceL1"),
    Reduce("ReduceL2"),
    Reduce("ReduceLogSum"),
    Reduce("ReduceLogSumExp"),
    Reduce("ReduceMax", kHostArithmetic),
    Reduce("ReduceMean"),
    Reduce("ReduceMin", kHostArithmetic),
    Reduce("ReduceProd", kHostArithmetic),
    Reduce<13>("ReduceSum", kHostArithmetic),
    Reduce("ReduceSumSquare"),
};

}  // namespace

Rows reduce_rows() { return kRows; }

}  // namespace tenon::operators
