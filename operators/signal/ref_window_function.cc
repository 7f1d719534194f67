// HannWindow, HammingWindow, BlackmanWindow and MelWeightMatrix, in float64.
#include <cmath>
#include <numbers>

#include "quantization/number_format.h"
#include "support/half.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

// Writes numbers as elements of any type.
class Writer {
 public:
  Writer(DataType type, void* data) : type_(type), data_(data) {}
  static bool Knows(DataType type) {
    return type == DataType::kFloat16 || type == DataType::kBfloat16 ||
           (Numbers::kMask & Bit(type)) != 0;
  }
  void Set(int64_t index, double value) const {
    if (type_ == DataType::kFloat16) {
      static_cast<uint16_t*>(data_)[index] = HalfFromFloat(static_cast<float>(value));
    } else if (type_ == DataType::kBfloat16) {
      static_cast<uint16_t*>(data_)[index] = Bfloat16FromFloat(static_cast<float>(value));
    } else {
      Dispatch(
          Numbers{}, type_,
          [&]<typename T>() { static_cast<T*>(data_)[index] = static_cast<T>(value); }, [] {});
    }
  }

 private:
  DataType type_;
  void* data_;
};

enum class Window : uint8_t { kBlackman, kHamming, kHann };

template <Window window>
double WindowAt(double turn) {
  const double once = std::cos(2 * std::numbers::pi * turn);
  switch (window) {
    case Window::kBlackman:
      return 0.42 - 0.5 * once + 0.08 * std::cos(4 * std::numbers::pi * turn);
    case Window::kHamming:
      return (25 - 21 * once) / 46;
    default:
      return 0.5 - 0.5 * once;
  }
}

template <Window window>
class WindowPlan final : public KernelPlan {
 public:
  WindowPlan(const NodeView& node, Specs outputs)
      : size_(outputs[0].shape[0]),
        type_(outputs[0].type),
        periodic_(node.Int("periodic", 1) != 0) {}
  Status Run(const KernelArguments& arguments) const override {
    const Writer y(type_, arguments.outputs[0]);
    const auto turns = static_cast<double>(periodic_ ? size_ : size_ - 1);
    for (int64_t i = 0; i < size_; ++i) {
      // A symmetric window of one sample is its peak.
      y.Set(i, WindowAt<window>(turns == 0 ? 0.5 : static_cast<double>(i) / turns));
    }
    return {};
  }

 private:
  int64_t size_;
  DataType type_;
  bool periodic_;
};

// Bands are triangles between neighbouring edges, which are evenly spaced in mel.
class MelPlan final : public KernelPlan {
 public:
  MelPlan(const NodeView& node, Specs inputs, Specs outputs)
      : node_(node),
        types_{inputs[0].type, inputs[1].type, inputs[2].type, inputs[3].type, inputs[4].type},
        bins_(outputs[0].shape[0]),
        bands_(outputs[0].shape[1]),
        type_(outputs[0].type) {}

  Status Run(const KernelArguments& arguments) const override {
    const auto integer = [&](size_t i) {
      return IntAt({types_[i], Shape(), arguments.inputs[i]}, 0);
    };
    const int64_t length = integer(1), rate = integer(2);
    const double low = Mel(Frequency(arguments, 3)), high = Mel(Frequency(arguments, 4));
    if (rate < 1 || integer(0) != bands_ || length / 2 + 1 != bins_)
      return Invalid(node_, "has ", std::to_string(rate),
                     " samples a second (expected at least 1)");
    const double step = (high - low) / static_cast<double>(bands_ + 2);
    const auto edge = [&](int64_t i) {
      const double hertz = 700 * std::expm1((low + static_cast<double>(i) * step) / kScale);
      return std::floor(static_cast<double>(length + 1) * hertz / static_cast<double>(rate));
    };
    const double first = edge(0), last = edge(bands_ + 1);
    if (!(first >= 0 && first <= last && last <= static_cast<double>(bins_)))
      return Invalid(node_, "has edges outside of the spectrum's ", bins_, " bins");
    const Writer y(type_, arguments.outputs[0]);
    for (int64_t i = 0; i < bins_ * bands_; ++i) y.Set(i, 0);
    for (int64_t band = 0; band < bands_; ++band) {
      const auto left = static_cast<int64_t>(edge(band)),
                 center = static_cast<int64_t>(edge(band + 1)),
                 right = static_cast<int64_t>(edge(band + 2));
      const auto set = [&](int64_t bin, int64_t part, int64_t whole) {
        if (bin < bins_)
          y.Set(bin * bands_ + band,
                whole == 0 ? 1 : static_cast<double>(part) / static_cast<double>(whole));
      };
      for (int64_t bin = left; bin <= center; ++bin) set(bin, bin - left, center - left);
      for (int64_t bin = center; bin < right; ++bin) set(bin, right - bin, right - center);
    }
    return {};
  }

 private:
  static constexpr double kScale = 2595 / std::numbers::ln10;  // of mel, to natural logarithms
  static double Mel(double hertz) { return kScale * std::log1p(hertz / 700); }

  double Frequency(const KernelArguments& arguments, size_t index) const {
    if (types_[index] == DataType::kFloat64)
      return *static_cast<const double*>(arguments.inputs[index]);
    float value = 0;
    DecodeNumbers(types_[index], arguments.inputs[index], 0, 1, &value);
    return static_cast<double>(value);
  }

  NodeView node_;
  std::array<DataType, 5> types_;
  int64_t bins_, bands_;
  DataType type_;
};

template <Window window>
PlanResult PlanWindow(const NodeView& node, Specs, Specs outputs) {
  if (!Writer::Knows(outputs[0].type))
    return Unsupported(node, "has no reference kernel to ", outputs[0].type);
  return Plan(std::make_unique<WindowPlan<window>>(node, outputs));
}
PlanResult PlanMel(const NodeView& node, Specs inputs, Specs outputs) {
  if (!Writer::Knows(outputs[0].type))
    return Unsupported(node, "has no reference kernel to ", outputs[0].type);
  return Plan(std::make_unique<MelPlan>(node, inputs, outputs));
}

constexpr uint64_t kSizes = Bit(DataType::kInt32) | Bit(DataType::kInt64);
constexpr Kernel kRows[] = {
    {"", "BlackmanWindow", 17, 17, kSizes, PlanWindow<Window::kBlackman>, 1e-6},
    {"", "HammingWindow", 17, 17, kSizes, PlanWindow<Window::kHamming>, 1e-6},
    {"", "HannWindow", 17, 17, kSizes, PlanWindow<Window::kHann>, 1e-6},
    {"", "MelWeightMatrix", 17, 17, kSizes, PlanMel, 1e-6},
};

}  // namespace

KernelRows ref_window_function_rows() { return kRows; }

}  // namespace tenon::operators
