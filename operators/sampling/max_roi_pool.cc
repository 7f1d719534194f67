// MaxRoiPool: the largest elements of regions of X [N, C, H, W] in bins, Y [regions, C, bins down, bins across].
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, 2));
  const Shape& x = inputs[0].shape;
  const Shape& rois = inputs[1].shape;
  const std::span<const int64_t> bins = node.Ints("pooled_shape");
  if (bins.size() != 2 || bins[0] < 1 || bins[1] < 1)
    return Invalid(node, "attribute pooled_shape has ", static_cast<int>(bins.size()),
                   " values (expected two of at least 1)");
  if (x.has_rank() && x.rank() != 4)
    return Invalid(node, "X has shape ", x, " (expected [N, C, H, W])");
  int64_t five = 0;
  if (rois.has_rank() && (rois.rank() != 2 || !MergeDim(rois[1], 5, five)))
    return Invalid(node, "rois has shape ", rois, " (expected [regions, 5])");
  outputs[0] = {inputs[0].type,
                {rois.has_rank() ? rois[0] : kUnknownDim, x.has_rank() ? x[1] : kUnknownDim,
                 bins[0], bins[1]}};
  return {};
}

constexpr Operator kRows[] = {
    Define<Infer, Arity{2, 2}, kOnce<1>>({.name = "MaxRoiPool", .cost = InputElementCost})};

}  // namespace

Rows max_roi_pool_rows() { return kRows; }

}  // namespace tenon::operators
