// Resize and Upsample: other spatial sizes by interpolation. Upsample ended in opset 9 and is
// rewritten to Resize; what older revisions of Resize could say and the newest cannot lives on in the
// domain ai.tenon: the coordinate mode tf_half_pixel_for_nn of 11, and as nearest_mode "simple" what
// 10 does (the next element along an axis that shrinks, the one before along others).
#include "nn/resize.h"

#include <algorithm>
#include <cmath>

#include "support/definition.h"
#include "support/half.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

const TensorView* ContentsOf(std::span<const InferInput> inputs, size_t index) {
  if (!Has(inputs, index)) return nullptr;
  const TensorView* value = inputs[index].value;
  return value != nullptr && value->data != nullptr ? value : nullptr;
}
bool IsEmpty(const InferInput& input) { return input.shape.ElementCount() == 0; }
bool IsGiven(std::span<const InferInput> inputs, size_t index) {
  return Has(inputs, index) && !IsEmpty(inputs[index]);
}

void AllUnknown(const Shape& x, Shape& y) {
  y = x;
  for (int i = 0; i < y.rank(); ++i) y[i] = kUnknownDim;
}

Status InferResize(const NodeView& node, std::span<const InferInput> inputs,
                   std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  if (!x.has_rank()) return {};
  AllUnknown(x, outputs[0].shape);
  // Resize 10 has its scales where roi came to be.
  const size_t scales = node.revision == 10 ? 1 : 2;
  const bool has_scales = IsGiven(inputs, scales),
             has_sizes = node.revision != 10 && IsGiven(inputs, 3);
  if (has_scales == has_sizes) return Invalid(node, "needs either scales or sizes");
  const ResizeInputs values = {node.revision == 10 ? nullptr : ContentsOf(inputs, 1),
                               has_scales ? ContentsOf(inputs, scales) : nullptr,
                               has_sizes ? ContentsOf(inputs, 3) : nullptr};
  if (values.scales == nullptr && values.sizes == nullptr) return {};
  const bool crops = node.String("coordinate_transformation_mode", "") == "tf_crop_and_resize";
  if (crops && values.roi == nullptr && has_scales) return {};
  std::array<ResizeAxis, kMaxRank> axes;
  TENON_RETURN_IF_ERROR(ResolveResize(node, x, values, axes));
  for (int i = 0; i < x.rank(); ++i) outputs[0].shape[i] = axes[static_cast<size_t>(i)].size;
  return {};
}

Status InferUpsample(const NodeView& node, std::span<const InferInput> inputs,
                     std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  if (!x.has_rank()) return {};
  AllUnknown(x, outputs[0].shape);
  const TensorView* value = ContentsOf(inputs, 1);
  const AttributeView* attribute = node.Find("scales");
  std::span<const float> scales =
      attribute != nullptr ? attribute->floats : std::span<const float>();
  std::array<float, 4> old = {1, 1, node.Float("height_scale", 1), node.Float("width_scale", 1)};
  if (value != nullptr && value->type == DataType::kFloat32) {
    scales = {value->as<float>(), static_cast<size_t>(value->shape.ElementCount())};
  } else if (Has(inputs, 1)) {
    return {};
  } else if (node.revision < 7) {
    scales = old;
  }
  if (scales.size() != static_cast<size_t>(x.rank())) {
    return Invalid(node, "has ", static_cast<int>(scales.size()), " scales, X has shape ", x);
  }
  for (int i = 0; i < x.rank(); ++i) {
    const float scale = scales[static_cast<size_t>(i)];
    if (!(scale > 0 && scale < 0x1p31F))
      return Invalid(node, "scales has an unusable value for axis ", i);
    const double size = std::floor(static_cast<float>(x[i]) * scale);  // float, as ONNX has it
    if (size >= 0x1p62) return Invalid(node, "axis ", i, " of ", x, " becomes too large");
    outputs[0].shape[i] = x[i] < 0 ? (scale == 1 ? x[i] : kUnknownDim) : static_cast<int64_t>(size);
  }
  return {};
}

// Linear interpolation meets the corners of a cell, cubic four times as many; twice as much with
// the weights.
Cost ResizeCost(const NodeView& node, std::span<const InferInput> inputs,
                std::span<const InferOutput> outputs) {
  const std::string_view mode = node.String("mode", "nearest");
  const double flops = mode == "cubic" ? 32 : mode == "linear" ? 8 : 0;
  return CostOf(flops * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

// Upsample 1 -> 7: two attributes -> scales.
Status ScalesFromSides(Rewriter& rewriter) {
  const NodeView& node = rewriter.node();
  const float scales[] = {1, 1, node.Float("height_scale", 1), node.Float("width_scale", 1)};
  rewriter.RemoveAttribute("height_scale");
  rewriter.RemoveAttribute("width_scale");
  rewriter.RemoveAttribute("scales");
  rewriter.SetConstantInput(1, DataType::kFloat32, Shape{4}, scales);
  // Revision 9 has what 7 says in an attribute as an input.
  rewriter.SetOperator("", "Upsample", 9);
  return {};
}
Status ScalesToInput(Rewriter& rewriter) {
  const AttributeView* attribute = rewriter.node().Find("scales");
  if (attribute == nullptr) return Invalid(rewriter.node(), "has no attribute scales");
  const std::vector<float> scales(attribute->floats.begin(), attribute->floats.end());
  rewriter.RemoveAttribute("scales");
  rewriter.SetConstantInput(1, DataType::kFloat32, Shape{static_cast<int64_t>(scales.size())},
                            scales.data());
  return {};
}
void SayAsymmetric(Rewriter& rewriter, std::string_view nearest_mode) {
  rewriter.MoveInput(1, 2);
  rewriter.SetString("coordinate_transformation_mode", "asymmetric");
  rewriter.SetString("nearest_mode", nearest_mode);
}
// The nearest_mode of revision 10 with these scales; empty where they are not known, or some axes
// grow and others shrink.
std::string_view RoundingOf(const InferInput& scales) {
  const TensorView* value = scales.present ? scales.value : nullptr;
  if (value == nullptr || value->data == nullptr || value->type != DataType::kFloat32) return {};
  const std::span<const float> all = {value->as<float>(),
                                      static_cast<size_t>(value->shape.ElementCount())};
  if (std::ranges::none_of(all, [](float scale) { return scale < 1; })) return "floor";
  return std::ranges::none_of(all, [](float scale) { return scale > 1; }) ? "ceil" : "";
}
Status UpsampleToResize(Rewriter& rewriter) {
  const std::string_view mode = rewriter.node().String("mode", "nearest");
  if (mode == "bilinear") rewriter.SetString("mode", "linear");
  SayAsymmetric(rewriter, "floor");
  rewriter.SetOperator("", "Resize", 11);
  return {};
}

// Resize 10 -> 11: where it is sampled is said, a region of interest comes in between. Revision 10
// takes the next element along an axis that shrinks and the one before along others (as ONNX
// Runtime has it), which later ones can say for all axes only.
Status SayCoordinates(Rewriter& rewriter) {
  if (rewriter.node().String("mode", "nearest") != "nearest") {
    SayAsymmetric(rewriter, "floor");
    return {};
  }
  const std::string_view rounding = RoundingOf(rewriter.input(1));
  if (rounding.empty() && rewriter.MayKnowMore())
    return CannotSay(rewriter, "the scales are not known");
  SayAsymmetric(rewriter, rounding.empty() ? "simple" : rounding);
  if (rounding.empty()) rewriter.SetOperator("ai.tenon", "Resize", 1);
  return {};
}
Status OnlyAsymmetric(Rewriter& rewriter) {
  const NodeView& node = rewriter.node();
  const std::string_view mode = node.String("mode", "nearest");
  if (rewriter.input(3).present || !rewriter.input(2).present)
    return CannotSay(rewriter, "has no scales");
  if (node.String("coordinate_transformation_mode", "half_pixel") != "asymmetric" ||
      mode == "cubic") {
    return CannotSay(rewriter, "is not asymmetric (revision 10 has no other)");
  }
  const std::string_view rounding = RoundingOf(rewriter.input(2));
  if (mode == "nearest" &&
      (rounding.empty() || node.String("nearest_mode", "round_prefer_floor") != rounding)) {
    return CannotSay(rewriter,
                     "its nearest_mode is not floor where all axes grow, ceil where all shrink "
                     "(revision 10 has no other)");
  }
  if (rewriter.input(1).present) rewriter.RemoveInput(1);
  rewriter.MoveInput(2, 1);
  for (const char* name : {"coordinate_transformation_mode", "nearest_mode", "cubic_coeff_a",
                           "exclude_outside", "extrapolation_value"}) {
    rewriter.RemoveAttribute(name);
  }
  return {};
}

// Resize 11 -> 13: what is not given is absent, no longer empty.
Status DropEmptyInputs(Rewriter& rewriter) {
  for (int i = 2; i >= 1; --i) {
    const InferInput input = rewriter.input(i);
    if (input.present && IsEmpty(input)) rewriter.RemoveInput(i);
  }
  if (rewriter.node().String("coordinate_transformation_mode", "") == "tf_half_pixel_for_nn") {
    rewriter.SetOperator("ai.tenon", "Resize", 1);
  }
  return {};
}
Status AddEmptyInputs(Rewriter& rewriter) {
  const float none = 0;
  for (int i = 1; i <= 2; ++i) {
    if (!rewriter.input(i).present)
      rewriter.SetConstantInput(i, DataType::kFloat32, Shape{0}, &none);
  }
  return {};
}
// Resize 18 knows axes, antialiasing and aspect ratios, 19 half_pixel_symmetric.
Status NotSymmetric(Rewriter& rewriter) {
  if (rewriter.node().String("coordinate_transformation_mode", "") != "half_pixel_symmetric")
    return {};
  return CannotSay(rewriter, "is half_pixel_symmetric");
}
Status DropNew(Rewriter& rewriter) {
  const NodeView& node = rewriter.node();
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, "antialias", 0, 0));
  if (node.Find("axes") != nullptr) return CannotSay(rewriter, "has the attribute axes");
  if (node.String("keep_aspect_ratio_policy", "stretch") != "stretch")
    return CannotSay(rewriter, "keeps the aspect ratio");
  rewriter.RemoveAttribute("antialias");
  rewriter.RemoveAttribute("keep_aspect_ratio_policy");
  return {};
}

constexpr Revision kResize[] = {Since(10), Since(11, SayCoordinates, OnlyAsymmetric),
                                Since(13, DropEmptyInputs, AddEmptyInputs),
                                Since(18, nullptr, DropNew), Since(19, nullptr, NotSymmetric)};
constexpr Revision kUpsample[] = {Since(1), Since(7, ScalesFromSides), Since(9, ScalesToInput),
                                  Since(10, UpsampleToResize)};
constexpr uint32_t kShapeInputs = 0b1110;
constexpr Operator kRows[] = {
    Define<InferResize, Arity{1, 4}, kResize>(
        {.name = "Resize", .cost = ResizeCost, .shape_inputs = kShapeInputs}),
    Define<InferResize, Arity{1, 4}, kOnce<1>>(
        {.domain = "ai.tenon", .name = "Resize", .cost = ResizeCost, .shape_inputs = kShapeInputs}),
    Define<InferUpsample, Arity{1, 2}, kUpsample>(
        {.name = "Upsample", .cost = ResizeCost, .shape_inputs = 0b10}),
};

// Which axes scales, sizes and roi speak about: all, or the attribute axes (negative ones from the
// end).
Status ReadAxes(const NodeView& node, int rank, SmallInts& axes) {
  Known known;
  TENON_RETURN_IF_ERROR(ReadInts(node, {}, -1, "axes", axes, known));
  if (known != Known::kKnown) {
    for (int i = 0; i < rank; ++i) axes[axes.count++] = i;
    return {};
  }
  uint32_t seen = 0;
  for (int i = 0; i < axes.count; ++i) {
    int axis = 0;
    TENON_RETURN_IF_ERROR(NormalizeAxis(node, axes[i], rank, axis));
    if ((seen >> axis & 1) != 0) return Invalid(node, "axes has ", axis, " twice");
    seen |= 1u << axis;
    axes[i] = axis;
  }
  return {};
}

Status SizesToAxes(const NodeView& node, const Shape& x, const SmallInts& axes,
                   const TensorView& sizes, std::array<ResizeAxis, kMaxRank>& result) {
  const std::string_view policy = node.String("keep_aspect_ratio_policy", "stretch");
  float chosen = 0;
  for (int i = 0; i < axes.count; ++i) {
    ResizeAxis& axis = result[static_cast<size_t>(axes[i])];
    const int64_t from = x[static_cast<int>(axes[i])];
    axis.size = IntAt(sizes, i);
    if (axis.size < 0 || (from == 0 && axis.size > 0)) {
      return Invalid(node, "sizes has ", std::to_string(axis.size), " for axis ", axes[i], " of ",
                     x);
    }
    axis.scale = from > 0 ? static_cast<float>(axis.size) / static_cast<float>(from) : 1.0F;
    const bool better = policy == "not_larger" ? axis.scale < chosen : axis.scale > chosen;
    if (i == 0 || better) chosen = axis.scale;
  }
  if (policy == "stretch") return {};
  if (policy != "not_larger" && policy != "not_smaller")
    return Invalid(node, "keep_aspect_ratio_policy is ", policy);
  for (int i = 0; i < axes.count; ++i) {
    ResizeAxis& axis = result[static_cast<size_t>(axes[i])];
    const int64_t from = x[static_cast<int>(axes[i])];
    axis.scale = chosen;
    const double size = std::floor(static_cast<float>(from) * chosen + 0.5F);
    if (size >= 0x1p62) return Invalid(node, "sizes make axis ", axes[i], " of ", x, " too large");
    axis.size = from < 0 ? kUnknownDim : static_cast<int64_t>(size);
  }
  return {};
}

bool IsRoi(DataType type) {
  return type == DataType::kFloat32 || type == DataType::kFloat64 || type == DataType::kFloat16 ||
         type == DataType::kBfloat16;
}

}  // namespace

float RoiAt(const TensorView& roi, int64_t index) {
  switch (roi.type) {
    case DataType::kFloat64:
      return static_cast<float>(roi.as<const double>()[index]);
    case DataType::kFloat16:
      return FloatFromHalf(roi.as<const uint16_t>()[index]);
    case DataType::kBfloat16:
      return FloatFromBfloat16(roi.as<const uint16_t>()[index]);
    default:
      return roi.as<const float>()[index];
  }
}

Status ResolveResize(const NodeView& node, const Shape& x, const ResizeInputs& inputs,
                     std::array<ResizeAxis, kMaxRank>& result) {
  SmallInts axes;
  TENON_RETURN_IF_ERROR(ReadAxes(node, x.rank(), axes));
  for (int i = 0; i < x.rank(); ++i) result[static_cast<size_t>(i)] = {x[i], 1.0F};
  const TensorView& given = inputs.sizes != nullptr ? *inputs.sizes : *inputs.scales;
  const bool typed =
      inputs.sizes != nullptr ? given.type == DataType::kInt64 : given.type == DataType::kFloat32;
  if (!typed || given.shape.ElementCount() != axes.count) {
    return Invalid(node, inputs.sizes != nullptr ? "sizes is " : "scales is ", given.type,
                   given.shape, " (expected ", axes.count, " elements of ",
                   inputs.sizes != nullptr ? "int64)" : "float32)");
  }
  const bool crops = node.String("coordinate_transformation_mode", "") == "tf_crop_and_resize";
  const bool fits = inputs.roi == nullptr ? inputs.sizes != nullptr
                                          : IsRoi(inputs.roi->type) &&
                                                inputs.roi->shape.ElementCount() == 2 * axes.count;
  if (crops && !fits)
    return Invalid(node, "tf_crop_and_resize needs a roi of ", 2 * axes.count, " floats");
  if (inputs.sizes != nullptr) return SizesToAxes(node, x, axes, given, result);
  for (int i = 0; i < axes.count; ++i) {
    ResizeAxis& axis = result[static_cast<size_t>(axes[i])];
    const int64_t from = x[static_cast<int>(axes[i])];
    axis.scale = given.as<float>()[i];
    float room = 1;
    if (crops) room = RoiAt(*inputs.roi, i + axes.count) - RoiAt(*inputs.roi, i);
    const double size =
        std::floor(static_cast<float>(from) * room * axis.scale);  // float, as ONNX has it
    if (!(axis.scale > 0) || !(size < 0x1p62) || (from >= 0 && size < 0)) {
      return Invalid(node, "scales has an unusable value for axis ", axes[i], " of ", x);
    }
    axis.size = from >= 0                      ? static_cast<int64_t>(size)
                : axis.scale == 1 && room == 1 ? from
                                               : kUnknownDim;
  }
  return {};
}

Rows resize_rows() { return kRows; }

}  // namespace tenon::operators
