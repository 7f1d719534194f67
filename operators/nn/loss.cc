// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss: input [N, C, D1, ...], labels [N, D1, ...],
// weights [C]; the loss of each label, or their sum, or their (weighted) mean.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status CheckLabels(const NodeView& node, std::span<const InferInput> inputs) {
  const Shape& x = inputs[0].shape;
  const Shape& labels = inputs[1].shape;
  TENON_RETURN_IF_ERROR(IndexType(node, inputs, 1));
  if (x.has_rank() && x.rank() < 2)
    return Invalid(node, "input 0 has shape ", x, " (expected [N, C, ...])");
  int64_t merged = 0;
  if (x.has_rank() && labels.has_rank()) {
    bool fits = labels.rank() == x.rank() - 1;
    for (int i = 0; fits && i < labels.rank(); ++i)
      fits = MergeDim(labels[i], x[i == 0 ? 0 : i + 1], merged);
    if (!fits)
      return Invalid(node, "the labels have shape ", labels, ", input 0 has ", x,
                     " (expected [N, ...] for [N, C, ...])");
  }
  if (!Has(inputs, 2)) return {};
  const Shape& weights = inputs[2].shape;
  if (inputs[2].type != inputs[0].type)
    return Invalid(node, "the weights are ", inputs[2].type, " (expected ", inputs[0].type, ")");
  if (weights.has_rank() &&
      (weights.rank() != 1 || (x.has_rank() && !MergeDim(weights[0], x[1], merged)))) {
    return Invalid(node, "the weights have shape ", weights, ", input 0 has ", x,
                   " (expected one for each class)");
  }
  return {};
}

// Output 1 of SoftmaxCrossEntropyLoss: the logarithms of the probabilities.
Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(CheckLabels(node, inputs));
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  if (outputs.size() > 1) outputs[1] = {inputs[0].type, x};
  const std::string_view reduction = node.String("reduction", "mean");
  if (reduction == "mean" || reduction == "sum") {
    outputs[0].shape = Shape();
  } else if (reduction != "none") {
    return Invalid(node, "reduction is \"", reduction, "\" (expected none, sum or mean)");
  } else if (x.has_rank()) {
    outputs[0].shape = Shape{x[0]};
    for (int i = 2; i < x.rank(); ++i) outputs[0].shape.Append(x[i]);
  } else {
    outputs[0].shape = inputs[1].shape;
  }
  return {};
}

Cost SoftmaxCost(const NodeView&, std::span<const InferInput> inputs,
                 std::span<const InferOutput> outputs) {
  return CostOf(5 * static_cast<double>(inputs[0].shape.ElementCount()), inputs, outputs);
}
Cost PickCost(const NodeView&, std::span<const InferInput> inputs,
              std::span<const InferOutput> outputs) {
  return CostOf(2 * static_cast<double>(inputs[1].shape.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<Infer, Arity{2, 3}, kOnce<12>>({.name = "NegativeLogLikelihoodLoss", .cost = PickCost}),
    Define<Infer, Arity{2, 3, 1, 2}, kOnce<12>>(
        {.name = "SoftmaxCrossEntropyLoss", .cost = SoftmaxCost}),
};

}  // namespace

Rows loss_rows() { return kRows; }

}  // namespace tenon::operators
