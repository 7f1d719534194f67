// Slice: every `steps`-th element from `starts` to before `ends`, along `axes`.
#include "structure/slice.h"

#include <limits>

#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  SmallInts starts, ends, axes, steps;
  Known has_starts, has_ends, has_axes, has_steps;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 1, "starts", starts, has_starts));
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 2, "ends", ends, has_ends));
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 3, "axes", axes, has_axes));
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 4, "steps", steps, has_steps));
  if (has_starts == Known::kAbsent || has_ends == Known::kAbsent)
    return Invalid(node, "has no starts or no ends");
  if (!x.has_rank()) return {};
  Shape& y = outputs[0].shape;
  y = x;
  if (has_axes == Known::kUnknown) {
    for (int i = 0; i < y.rank(); ++i) y[i] = kUnknownDim;
    return {};
  }
  const bool known =
      has_starts == Known::kKnown && has_ends == Known::kKnown && has_steps != Known::kUnknown;
  const int count = has_axes == Known::kKnown     ? axes.count
                    : has_starts == Known::kKnown ? starts.count
                                                  : x.rank();
  if (count > x.rank()) return Invalid(node, "has ", count, " axes, data has shape ", x);
  if (known && (starts.count != count || ends.count != count ||
                (has_steps == Known::kKnown && steps.count != count))) {
    return Invalid(node, "starts, ends, axes and steps have ", starts.count, ", ", ends.count, ", ",
                   count, " and ", steps.count, " elements (expected the same)");
  }
  uint32_t seen = 0;
  for (int i = 0; i < count; ++i) {
    int axis = i;
    if (has_axes == Known::kKnown)
      TENON_RETURN_IF_ERROR(NormalizeAxis(node, axes[i], x.rank(), axis));
    if ((seen >> axis & 1) != 0) return Invalid(node, "axes has ", axis, " twice");
    seen |= 1u << axis;
    const int64_t step = has_steps == Known::kKnown ? steps[i] : 1;
    if (known && step == 0) return Invalid(node, "steps has a 0 for axis ", axis);
    if (!known) {
      y[axis] = kUnknownDim;
    } else if (x[axis] >= 0) {
      y[axis] = ResolveSlice(x[axis], starts[i], ends[i], step).count;
    } else if (step != 1 || starts[i] != 0 || ends[i] < std::numeric_limits<int32_t>::max()) {
      y[axis] = kUnknownDim;  // but all of a symbol stays the symbol
    }
  }
  return {};
}

Status AttributesToInputs(Rewriter& rewriter) {
  AttributeToInput(rewriter, "starts", 1);
  AttributeToInput(rewriter, "ends", 2);
  AttributeToInput(rewriter, "axes", 3);
  return {};
}
Status InputsToAttributes(Rewriter& rewriter) {
  std::vector<int64_t> starts, ends, axes, steps;
  TENON_RETURN_IF_ERROR(ConstantInts(rewriter, 1, "starts", starts));
  TENON_RETURN_IF_ERROR(ConstantInts(rewriter, 2, "ends", ends));
  TENON_RETURN_IF_ERROR(ConstantInts(rewriter, 3, "axes", axes));
  TENON_RETURN_IF_ERROR(ConstantInts(rewriter, 4, "steps", steps));
  for (const int64_t step : steps) {
    if (step != 1)
      return CannotSay(rewriter, "steps has ", std::to_string(step), " (revision 1 only has 1)");
  }
  const bool has_axes = rewriter.input(3).present;
  for (int i = 4; i >= 1; --i) {
    if (rewriter.input(i).present) rewriter.RemoveInput(i);
  }
  rewriter.SetInts("starts", starts);
  rewriter.SetInts("ends", ends);
  if (has_axes) rewriter.SetInts("axes", axes);
  return {};
}

constexpr Revision kRevisions[] = {Since(1), Since(10, AttributesToInputs, InputsToAttributes)};
constexpr Operator kRows[] = {Define<Infer, Arity{3, 5}, kRevisions>(
    {.name = "Slice", .cost = CopyCost, .flags = kHostArithmetic, .shape_inputs = 0b11110})};

}  // namespace

Rows slice_rows() { return kRows; }

}  // namespace tenon::operators
