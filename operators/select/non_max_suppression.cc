// NonMaxSuppression: of boxes [batches, N, 4] with scores [batches, classes, N] the best of each
// class that do not overlap, as rows (batch, class, box).
#include "support/definition.h"

namespace tenon::operators {
namespace {

constexpr const char* kScalars[] = {"", "", "max_output_boxes_per_class", "iou_threshold",
                                    "score_threshold"};

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& boxes = inputs[0].shape;
  const Shape& scores = inputs[1].shape;
  outputs[0] = {DataType::kInt64, Shape{kUnknownDim, 3}};
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, 2));
  int64_t merged = 0;
  if ((boxes.has_rank() && (boxes.rank() != 3 || !MergeDim(boxes[2], 4, merged))) ||
      (scores.has_rank() && scores.rank() != 3)) {
    return Invalid(node, "boxes has shape ", boxes, ", scores has ", scores,
                   " (expected [batches, N, 4] and [batches, classes, N])");
  }
  if (boxes.has_rank() && scores.has_rank() &&
      (!MergeDim(boxes[0], scores[0], merged) || !MergeDim(boxes[1], scores[2], merged))) {
    return Invalid(node, "boxes has shape ", boxes, ", scores has ", scores,
                   " (expected as many batches and boxes)");
  }
  for (size_t i = 2; i < inputs.size(); ++i) {
    const DataType wanted = i == 2 ? DataType::kInt64 : DataType::kFloat32;
    const int64_t count = inputs[i].shape.ElementCount();
    if (!inputs[i].present || (inputs[i].type == wanted && (count == 1 || count == kUnknownDim)))
      continue;
    return Invalid(node, kScalars[i], " is ", inputs[i].type, inputs[i].shape, " (expected one ",
                   wanted, ")");
  }
  return {};
}

// Each box meets some of those that were chosen before it.
Cost NmsCost(const NodeView&, std::span<const InferInput> inputs,
             std::span<const InferOutput> outputs) {
  return CostOf(200 * static_cast<double>(inputs[1].shape.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {Define<Infer, Arity{2, 5}, kOnce<10>>(
    {.name = "NonMaxSuppression", .cost = NmsCost, .flags = kDataDependent})};

}  // namespace

Rows non_max_suppression_rows() { return kRows; }

}  // namespace tenon::operators
