// BatchNormalization, InstanceNormalization and LayerNormalization.
#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

constexpr const char* kBatchInputs[] = {"X", "scale", "B", "input_mean", "input_var"};

// Inputs [1, count) are vectors of X's channels.
Status CheckChannels(const NodeView& node, std::span<const InferInput> inputs, size_t count) {
  const Shape& x = inputs[0].shape;
  if (x.rank() < 2 && x.has_rank())
    return Invalid(node, "X has shape ", x, " (expected [N, C, ...])");
  for (size_t i = 1; i < count; ++i) {
    const Shape& shape = inputs[i].shape;
    int64_t merged = 0;
    if (!shape.has_rank() || !x.has_rank() ||
        (shape.rank() == 1 && MergeDim(shape[0], x[1], merged)))
      continue;
    return Invalid(node, kBatchInputs[i], " has shape ", shape, " (expected [", x[1],
                   "], X's channels)");
  }
  return {};
}

Status InferBatch(const NodeView& node, std::span<const InferInput> inputs,
                  std::span<InferOutput> outputs) {
  const bool trains = node.Int("training_mode", 0) != 0;
  if (outputs.size() > 1 && !trains)
    return Unsupported(node, "has outputs of training, but training_mode is not set");
  if (inputs.size() < 5) return Invalid(node, "has less than 5 inputs");
  TENON_RETURN_IF_ERROR(FloatTypes(node, inputs, 0, 5));
  // With spatial = 0 (before revision 9) there is one value for every element of a sample.
  if (node.Int("spatial", 1) != 0) TENON_RETURN_IF_ERROR(CheckChannels(node, inputs, 5));
  for (size_t i = 1; i < outputs.size(); ++i)
    outputs[i] = {inputs[i + 2].type, inputs[i + 2].shape};  // the running mean and variance
  return InferSame(node, inputs, outputs);
}

Status InferInstance(const NodeView& node, std::span<const InferInput> inputs,
                     std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, 3));
  TENON_RETURN_IF_ERROR(CheckChannels(node, inputs, 3));
  return InferSame(node, inputs, outputs);
}

// Over the dimensions from `axis` on; Mean and InvStdDev have 1 there.
Status InferLayer(const NodeView& node, std::span<const InferInput> inputs,
                  std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, inputs.size()));
  const Shape& x = inputs[0].shape;
  const auto stash = DataTypeOf(node.Int("stash_type", 1));
  for (size_t i = 1; i < outputs.size(); ++i) outputs[i].type = stash;
  TENON_RETURN_IF_ERROR(InferSame(node, inputs, outputs));
  if (!x.has_rank()) return {};
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", -1), x.rank(), axis));
  const Shape normalized(x.dims().subspan(static_cast<size_t>(axis)));
  for (size_t i = 1; i < inputs.size(); ++i) {
    Shape result = normalized;
    if (!inputs[i].present || !inputs[i].shape.has_rank()) continue;
    if (!BroadcastShape(inputs[i].shape, result) || result.rank() != normalized.rank()) {
      return Invalid(node, i == 1 ? "Scale" : "B", " has shape ", inputs[i].shape,
                     ", which does not broadcast to ", normalized);
    }
    for (int d = 0; d < result.rank(); ++d) {
      if (normalized[d] == 1 && result[d] != 1)
        return Invalid(node, "input ", static_cast<int>(i), " is too large");
    }
  }
  for (size_t i = 1; i < outputs.size(); ++i) {
    outputs[i].shape = x;
    for (int d = axis; d < x.rank(); ++d) outputs[i].shape[d] = 1;
  }
  return {};
}

template <int flops>
Cost FlopsPerElement(const NodeView&, std::span<const InferInput> inputs,
                     std::span<const InferOutput> outputs) {
  return CostOf(flops * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

// Opset 6 trains unless told otherwise.
Status RequireTest(Rewriter& rewriter) {
  if (rewriter.node().Int("is_test", 0) == 0) return CannotSay(rewriter, "is_test is 0: training");
  rewriter.RemoveAttribute("is_test");
  return {};
}
Status SetTest(Rewriter& rewriter) {
  rewriter.SetInt("is_test", 1);
  return {};
}
Status OneOutput(Rewriter& rewriter) {
  for (int i = 1; i < rewriter.output_count(); ++i) {
    if (rewriter.OutputUsed(i)) return CannotSay(rewriter, "output ", i, " of training is used");
  }
  if (rewriter.output_count() > 1) rewriter.RemoveOutputs(1);
  return {};
}
// Without `spatial` every element of a sample is a channel of its own.
Status ElementsToChannels(Rewriter& rewriter) {
  if (rewriter.node().Int("spatial", 1) == 0) {
    TENON_RETURN_IF_ERROR(OneOutput(rewriter));
    rewriter.FlattenInput(0, 1);
    constexpr int64_t kVector[] = {-1};
    for (int i = 1; i < rewriter.input_count(); ++i) rewriter.ReshapeInput(i, kVector);
    rewriter.ReshapeOutputBack(0, 0);
  }
  rewriter.RemoveAttribute("spatial");
  return {};
}
// Revision 14 has an attribute for training, and no longer the batch's own mean and variance.
Status SayTraining(Rewriter& rewriter) {
  if (!rewriter.OutputUsed(1) && !rewriter.OutputUsed(2)) return OneOutput(rewriter);
  if (rewriter.OutputUsed(3) || rewriter.OutputUsed(4))
    return CannotSay(rewriter, "saved_mean or saved_var is used (revision 14 has none)");
  if (rewriter.output_count() > 3) rewriter.RemoveOutputs(3);
  rewriter.SetInt("training_mode", 1);
  return {};
}
Status NoTraining(Rewriter& rewriter) {
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, "training_mode", 0, 0));
  TENON_RETURN_IF_ERROR(OneOutput(rewriter));
  rewriter.RemoveAttribute("training_mode");
  return {};
}

constexpr Revision kBatch[] = {Since(1), Since(7, RequireTest, SetTest),
                               Since(9, ElementsToChannels, Unchanged),
                               Since(14, SayTraining, NoTraining)};
constexpr Operator kRows[] = {
    Define<InferBatch, Arity{5, 5, 1, 3}, kBatch>(
        {.name = "BatchNormalization", .cost = FlopsPerElement<2>, .in_place = kFirstInPlace}),
    Define<InferInstance, Arity{3, 3}, kOnce<1>>(
        {.name = "InstanceNormalization", .cost = FlopsPerElement<6>}),
    Define<InferLayer, Arity{2, 3, 1, 3}, kOnce<17>>(
        {.name = "LayerNormalization", .cost = FlopsPerElement<6>}),
};

}  // namespace

Rows normalization_rows() { return kRows; }

}  // namespace tenon::operators
