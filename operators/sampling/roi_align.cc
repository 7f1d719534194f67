// RoiAlign: regions of X [N, C, H, W] pooled to one size, Y [regions, C, output_height, output_width].
#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  for (size_t i = 1; i < 3; ++i) {
    if (!Has(inputs, i)) return Invalid(node, i == 1 ? "rois is" : "batch_indices is", " missing");
  }
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, 2));
  const Shape& x = inputs[0].shape;
  const Shape& rois = inputs[1].shape;
  const Shape& indices = inputs[2].shape;
  const std::string_view mode = node.String("mode", "avg");
  if (mode != "avg" && mode != "max")
    return Invalid(node, "attribute mode is \"", mode, "\" (expected avg or max)");
  const std::string_view pixels = node.String("coordinate_transformation_mode", "half_pixel");
  if (pixels != "half_pixel" && pixels != "output_half_pixel")
    return Invalid(node, "attribute coordinate_transformation_mode is \"", pixels,
                   "\" (expected half_pixel or output_half_pixel)");
  const int64_t height = node.Int("output_height", 1), width = node.Int("output_width", 1);
  if (height < 1 || width < 1 || node.Int("sampling_ratio", 0) < 0)
    return Invalid(node, "pools to ", std::to_string(height), " x ", std::to_string(width),
                   " (expected at least 1, and a sampling_ratio of at least 0)");
  if (x.has_rank() && x.rank() != 4)
    return Invalid(node, "X has shape ", x, " (expected [N, C, H, W])");
  int64_t count = kUnknownDim, four = 0;
  if (rois.has_rank()) {
    if (rois.rank() != 2 || !MergeDim(rois[1], 4, four))
      return Invalid(node, "rois has shape ", rois, " (expected [regions, 4])");
    count = rois[0];
  }
  if (indices.has_rank() && (indices.rank() != 1 || !MergeDim(count, indices[0], count)))
    return Invalid(node, "batch_indices has shape ", indices, " (expected [", count, "])");
  if (inputs[2].type != DataType::kInt64)
    return Invalid(node, "batch_indices is ", inputs[2].type, " (expected int64)");
  outputs[0] = {inputs[0].type, {count, x.has_rank() ? x[1] : kUnknownDim, height, width}};
  return {};
}

// About 10 for each sample; how many there are may depend on the regions.
Cost RoiCost(const NodeView& node, std::span<const InferInput> inputs,
             std::span<const InferOutput> outputs) {
  const auto ratio = static_cast<double>(std::max<int64_t>(2, node.Int("sampling_ratio", 0)));
  return CostOf(10 * ratio * ratio * static_cast<double>(outputs[0].shape.ElementCount()), inputs,
                outputs);
}

// Revision 16 shifts by half a pixel unless told otherwise.
Status NoShift(Rewriter& rewriter) {
  rewriter.SetString("coordinate_transformation_mode", "output_half_pixel");
  return {};
}
Status OnlyNoShift(Rewriter& rewriter) {
  if (rewriter.node().String("coordinate_transformation_mode", "half_pixel") != "output_half_pixel")
    return CannotSay(rewriter,
                     "coordinate_transformation_mode is half_pixel (revision 10 has none)");
  rewriter.RemoveAttribute("coordinate_transformation_mode");
  return {};
}

constexpr Revision kRevisions[] = {Since(10), Since(16, NoShift, OnlyNoShift)};
constexpr Operator kRows[] = {
    Define<Infer, Arity{3, 3}, kRevisions>({.name = "RoiAlign", .cost = RoiCost})};

}  // namespace

Rows roi_align_rows() { return kRows; }

}  // namespace tenon::operators
