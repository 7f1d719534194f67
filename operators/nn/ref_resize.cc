// Resize: every output element is a weighted sum over a box of input elements; indices and weights
// are made per axis when run, into the workspace.
#include <algorithm>
#include <cmath>
#include <vector>

#include "nn/resize.h"
#include "support/math.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

enum class Mode { kNearest, kLinear, kCubic };
enum class Coordinates {
  kHalfPixel,
  kHalfPixelSymmetric,
  kPytorchHalfPixel,
  kAlignCorners,
  kAsymmetric,
  kTfHalfPixelForNearest,
  kTfCropAndResize
};
enum class Rounding { kPreferFloor, kPreferCeil, kFloor, kCeil, kSimple };

template <typename E>
struct Named {
  std::string_view name;
  E value;
};
template <typename E, size_t n>
Status Find(const NodeView& node, std::string_view attribute, std::string_view otherwise,
            const Named<E> (&table)[n], E& value) {
  const std::string_view name = node.String(attribute, otherwise);
  for (const Named<E>& entry : table) {
    if (entry.name == name) return value = entry.value, Status();
  }
  return Unsupported(node, attribute, " is \"", name,
                     "\", which the reference kernel does not have");
}

constexpr Named<Mode> kModes[] = {
    {"nearest", Mode::kNearest}, {"linear", Mode::kLinear}, {"cubic", Mode::kCubic}};
constexpr Named<Coordinates> kCoordinates[] = {
    {"half_pixel", Coordinates::kHalfPixel},
    {"half_pixel_symmetric", Coordinates::kHalfPixelSymmetric},
    {"pytorch_half_pixel", Coordinates::kPytorchHalfPixel},
    {"align_corners", Coordinates::kAlignCorners},
    {"asymmetric", Coordinates::kAsymmetric},
    {"tf_half_pixel_for_nn", Coordinates::kTfHalfPixelForNearest},
    {"tf_crop_and_resize", Coordinates::kTfCropAndResize}};
constexpr Named<Rounding> kRoundings[] = {{"round_prefer_floor", Rounding::kPreferFloor},
                                          {"round_prefer_ceil", Rounding::kPreferCeil},
                                          {"floor", Rounding::kFloor},
                                          {"ceil", Rounding::kCeil},
                                          {"simple", Rounding::kSimple}};  // in ai.tenon

struct Settings {
  Mode mode;
  Coordinates coordinates;
  Rounding rounding;
  bool antialias, exclude_outside;
  float cubic_a, extrapolation;
};

// One axis of a run.
struct Axis {
  int64_t input, output;
  float scale, roi_begin = 0, roi_end = 1;
};

// The input coordinate of output position `i` (ONNX, Resize: coordinate_transformation_mode).
float CoordinateOf(Coordinates mode, const Axis& axis, int64_t i) {
  const auto x = static_cast<float>(i);
  const auto input = static_cast<float>(axis.input), output = static_cast<float>(axis.output);
  switch (mode) {
    case Coordinates::kHalfPixel:
      return (x + 0.5F) / axis.scale - 0.5F;
    case Coordinates::kHalfPixelSymmetric: {
      const float adjustment = output / (axis.scale * input);  // of the rounded size
      return input / 2 * (1 - adjustment) + (x + 0.5F) / axis.scale - 0.5F;
    }
    case Coordinates::kPytorchHalfPixel:
      return axis.output > 1 ? (x + 0.5F) / axis.scale - 0.5F : 0;
    case Coordinates::kAlignCorners:
      return axis.output == 1 ? 0 : x * (input - 1) / (output - 1);
    case Coordinates::kAsymmetric:
      return x / axis.scale;
    case Coordinates::kTfHalfPixelForNearest:
      return (x + 0.5F) / axis.scale;
    case Coordinates::kTfCropAndResize:
      break;
  }
  if (axis.output == 1) return 0.5F * (axis.roi_begin + axis.roi_end) * (input - 1);
  return axis.roi_begin * (input - 1) +
         x * (axis.roi_end - axis.roi_begin) * (input - 1) / (output - 1);
}

int64_t Round(Rounding rounding, float scale, float x) {
  switch (rounding) {
    case Rounding::kPreferFloor:
      return SaturateCast<int64_t>(std::ceil(x - 0.5F));
    case Rounding::kPreferCeil:
      return SaturateCast<int64_t>(std::floor(x + 0.5F));
    case Rounding::kFloor:
      return SaturateCast<int64_t>(std::floor(x));
    case Rounding::kCeil:
      break;
    case Rounding::kSimple:
      return Round(scale < 1 ? Rounding::kCeil : Rounding::kFloor, scale, x);
  }
  return SaturateCast<int64_t>(std::ceil(x));
}

// The kernels of linear and cubic interpolation at distance x (Keys, "Cubic convolution
// interpolation", 1981).
float WeightAt(const Settings& s, float x) {
  x = std::fabs(x);
  if (s.mode == Mode::kLinear) return std::max(0.0F, 1 - x);
  const float a = s.cubic_a;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

// How far an antialiased kernel is stretched when an axis shrinks.
float Stretch(const Settings& s, float scale) { return s.antialias && scale < 1 ? 1 / scale : 1; }

// How many input elements an output element may meet along an axis.
int64_t TapsOf(const Settings& s, const Axis& axis) {
  if (s.mode == Mode::kNearest) return 1;
  constexpr int64_t kMostTaps = int64_t{1} << 20;
  const float stretch = Stretch(s, axis.scale);
  const float reach = std::ceil((s.mode == Mode::kLinear ? 1.0F : 2.0F) * stretch);
  if (!(reach < static_cast<float>(kMostTaps))) return kMostTaps;
  return std::min(2 * static_cast<int64_t>(reach) + (stretch > 1 ? 1 : 0), kMostTaps);
}

// Indices and weights of output position `i`; false where it lies outside a crop.
bool MakeTaps(const Settings& s, const Axis& axis, int64_t i, int64_t taps, int32_t* indices,
              float* weights) {
  const float x = CoordinateOf(s.coordinates, axis, i);
  const auto last = axis.input - 1;
  if (s.coordinates == Coordinates::kTfCropAndResize && (x < 0 || x > static_cast<float>(last)))
    return false;
  if (s.mode == Mode::kNearest) {
    indices[0] =
        static_cast<int32_t>(std::clamp<int64_t>(Round(s.rounding, axis.scale, x), 0, last));
    weights[0] = 1;
    return true;
  }
  const float stretch = Stretch(s, axis.scale);
  const int64_t first = SaturateCast<int32_t>(std::floor(x)) - (taps - 1) / 2;
  float sum = 0;
  for (int64_t k = 0; k < taps; ++k) {
    const int64_t at = first + k;
    const bool outside = at < 0 || at > last;
    indices[k] = static_cast<int32_t>(std::clamp<int64_t>(at, 0, last));
    weights[k] =
        s.exclude_outside && outside ? 0 : WeightAt(s, (x - static_cast<float>(at)) / stretch);
    sum += weights[k];
  }
  if (s.exclude_outside || stretch != 1) {
    for (int64_t k = 0; k < taps; ++k) weights[k] /= sum;
  }
  return true;
}

template <typename T>
class ResizePlan final : public KernelPlan {
 public:
  ResizePlan(const NodeView& node, const Settings& settings, Specs inputs, Specs outputs)
      : node_(node), s_(settings), x_(inputs[0].shape), y_(outputs[0].shape) {
    for (size_t i = 0; i < 3; ++i) {
      given_[i] = Has(inputs, i + 1) && inputs[i + 1].shape.ElementCount() != 0;
      if (given_[i]) views_[i] = {inputs[i + 1].type, inputs[i + 1].shape, nullptr};
    }
    // With other scales than the sizes imply, a run may need other taps: room for the most is kept,
    // see Run.
    for (int i = 0; i < x_.rank(); ++i) {
      const float scale = x_[i] > 0 ? static_cast<float>(y_[i]) / static_cast<float>(x_[i]) : 1;
      room_[static_cast<size_t>(i)] = TapsOf(s_, {x_[i], y_[i], scale * 0.99F}) + 2;
      entries_ += y_[i] * room_[static_cast<size_t>(i)];
    }
  }
  int64_t workspace_bytes() const override {
    return entries_ * static_cast<int64_t>(sizeof(float) + sizeof(int32_t)) + Flags();
  }

  Status Run(const KernelArguments& arguments) const override {
    std::array<Axis, kMaxRank> axes;
    std::array<Table, kMaxRank> tables;
    TENON_RETURN_IF_ERROR(ReadAxes(arguments, axes));
    if (y_.ElementCount() == 0) return {};
    auto* weights = static_cast<float*>(arguments.workspace);
    auto* indices = reinterpret_cast<int32_t*>(weights + entries_);
    auto* inside = reinterpret_cast<uint8_t*>(indices + entries_);
    for (size_t i = 0; i < static_cast<size_t>(y_.rank()); ++i) {
      const int64_t taps = TapsOf(s_, axes[i]);
      if (taps > room_[i])
        return Unsupported(node_, "scales and sizes of axis ", static_cast<int>(i), " don't fit");
      const bool copies = axes[i].scale == 1 && axes[i].input == axes[i].output &&
                          s_.coordinates != Coordinates::kTfCropAndResize;
      tables[i] = {indices, weights, inside, copies ? 1 : taps};
      for (int64_t j = 0; j < axes[i].output; ++j) {
        inside[j] = 1;
        if (copies) {
          indices[j] = static_cast<int32_t>(j);
          weights[j] = 1;
        } else {
          inside[j] = MakeTaps(s_, axes[i], j, taps, indices + j * taps, weights + j * taps);
        }
      }
      weights += axes[i].output * room_[i];
      indices += axes[i].output * room_[i];
      inside += axes[i].output;
    }
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    ForElements(
        arguments.parallel, y_.ElementCount(),
        [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) y[i] = Element(tables, x, i);
        },
        2048);
    return {};
  }

 private:
  struct Table {
    const int32_t* indices;
    const float* weights;
    const uint8_t* inside;
    int64_t taps;
  };
  int64_t Flags() const {
    int64_t flags = 0;
    for (const int64_t dim : y_.dims()) flags += dim;
    return flags;
  }

  Status ReadAxes(const KernelArguments& arguments, std::array<Axis, kMaxRank>& axes) const {
    std::array<TensorView, 3> values = views_;
    const auto value = [&](size_t i) -> const TensorView* {
      if (!given_[i]) return nullptr;
      values[i].data = arguments.inputs[i + 1];
      return &values[i];
    };
    std::array<ResizeAxis, kMaxRank> resolved;
    const TensorView* roi = value(0);
    TENON_RETURN_IF_ERROR(ResolveResize(node_, x_, {roi, value(1), value(2)}, resolved));
    for (int i = 0; i < x_.rank(); ++i) {
      const ResizeAxis& axis = resolved[static_cast<size_t>(i)];
      if (axis.size != y_[i]) return Invalid(node_, "was planned for the output ", y_);
      axes[static_cast<size_t>(i)] = {x_[i], y_[i], axis.scale};
    }
    if (roi == nullptr || s_.coordinates != Coordinates::kTfCropAndResize) return {};
    const auto named = node_.Ints("axes");
    const auto count = static_cast<int>(roi->shape.ElementCount() / 2);
    for (int i = 0; i < count; ++i) {
      const int64_t axis = named.empty() ? i : named[static_cast<size_t>(i)];
      Axis& to = axes[static_cast<size_t>(axis < 0 ? axis + x_.rank() : axis)];
      to.roi_begin = RoiAt(*roi, i);
      to.roi_end = RoiAt(*roi, i + count);
    }
    return {};
  }

  T Element(const std::array<Table, kMaxRank>& tables, const T* x, int64_t index) const {
    std::array<int64_t, kMaxRank> at{};
    for (int i = y_.rank() - 1; i >= 0; --i) {
      const auto axis = static_cast<size_t>(i);
      at[axis] = index % y_[i];
      index /= y_[i];
      if (tables[axis].inside[at[axis]] == 0) return FromFloat(s_.extrapolation);
    }
    if (s_.mode == Mode::kNearest) {
      int64_t offset = 0;
      for (size_t i = 0; i < static_cast<size_t>(x_.rank()); ++i) {
        offset = offset * x_[static_cast<int>(i)] + tables[i].indices[at[i]];
      }
      return x[offset];
    }
    return FromFloat(Interpolate(tables, at, x, 0, 0));
  }
  float Interpolate(const std::array<Table, kMaxRank>& tables,
                    const std::array<int64_t, kMaxRank>& at, const T* x, size_t axis,
                    int64_t offset) const {
    if (axis == static_cast<size_t>(x_.rank())) return static_cast<float>(x[offset]);
    const Table& table = tables[axis];
    const int64_t first = at[axis] * table.taps;
    float sum = 0;
    for (int64_t k = first; k < first + table.taps; ++k) {
      const int64_t next = offset * x_[static_cast<int>(axis)] + table.indices[k];
      sum += table.weights[k] * Interpolate(tables, at, x, axis + 1, next);
    }
    return sum;
  }
  static T FromFloat(float value) {
    if constexpr (std::is_integral_v<T>) return SaturateCast<T>(value);
    return static_cast<T>(value);
  }

  NodeView node_;
  Settings s_;
  Shape x_, y_;
  std::array<bool, 3> given_{};
  std::array<TensorView, 3> views_{};
  std::array<int64_t, kMaxRank> room_{};
  int64_t entries_ = 0;
};

using ResizeTypes = TypeList<float, double, int8_t, uint8_t, int32_t, int64_t>;
PlanResult PlanResize(const NodeView& node, Specs inputs, Specs outputs) {
  Settings settings = {};
  TENON_RETURN_IF_ERROR(Find(node, "mode", "nearest", kModes, settings.mode));
  TENON_RETURN_IF_ERROR(Find(node, "coordinate_transformation_mode", "half_pixel", kCoordinates,
                             settings.coordinates));
  TENON_RETURN_IF_ERROR(
      Find(node, "nearest_mode", "round_prefer_floor", kRoundings, settings.rounding));
  if (settings.rounding == Rounding::kSimple && node.domain != "ai.tenon")
    return Unsupported(node, "nearest_mode is \"simple\", which only ai.tenon's Resize has");
  settings.antialias = node.Int("antialias", 0) != 0;
  settings.exclude_outside = node.Int("exclude_outside", 0) != 0;
  settings.cubic_a = node.Float("cubic_coeff_a", -0.75F);
  settings.extrapolation = node.Float("extrapolation_value", 0);
  for (const int64_t dim : inputs[0].shape.dims()) {
    if (dim >= int64_t{1} << 31) return Unsupported(node, "X has a dimension of ", dim);
  }
  for (const int64_t dim : outputs[0].shape.dims()) {  // its tables could not be counted
    if (dim >= int64_t{1} << 40) return Unsupported(node, "Y has a dimension of ", dim);
  }
  return PlanForType(node, ResizeTypes{}, inputs[0].type, [&]<typename T>() {
    return std::make_unique<ResizePlan<T>>(node, settings, inputs, outputs);
  });
}

constexpr Kernel kRows[] = {
    {"", "Resize", 19, 19, ResizeTypes::kMask, PlanResize, 1e-5},
    {"ai.tenon", "Resize", 1, 1, ResizeTypes::kMask, PlanResize, 1e-5},
};

}  // namespace

KernelRows ref_resize_rows() { return kRows; }

}  // namespace tenon::operators
