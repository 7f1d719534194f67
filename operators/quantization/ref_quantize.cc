// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear, in float32 by runs of elements that have one scale or
// consecutive ones.
#include <algorithm>
#include <cmath>
#include <limits>

#include "quantization/number_format.h"
#include "quantization/quantize.h"
#include "support/half.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

constexpr int64_t kRun = 256;  // elements that are converted at a time

// The nearest integer, ties to even, of a value below 2^22.
inline float RoundEven(float value) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23
  return (value + kRound) - kRound;
}
float RoundTo(DataType type, float value) {
  if (type == DataType::kFloat16) return FloatFromHalf(HalfFromFloat(value));
  if (type == DataType::kBfloat16) return FloatFromBfloat16(Bfloat16FromFloat(value));
  return value;
}

// Where the scales of consecutive elements lie.
class ScalePlaces {
 public:
  ScalePlaces(const Shape& x, const Granularity& g) : count_(x.ElementCount()) {
    if (g.per_tensor) {
      inner_ = std::max<int64_t>(2, count_);
      return;
    }
    size_ = x[g.axis];
    for (int i = g.axis + 1; i < x.rank(); ++i) inner_ *= x[i];
    block_ = g.block;
  }
  int64_t count() const { return count_; }

  // Calls f(first element, count, place of the first scale, whether the next ones follow).
  template <typename F>
  void ForRuns(int64_t begin, int64_t end, const F& f) const {
    const int64_t blocks = block_ == 0 ? size_ : size_ / block_ + (size_ % block_ != 0);
    for (int64_t i = begin; i < end;) {
      const int64_t row = i / inner_, within = i % inner_, at = row % size_;
      int64_t room = inner_ - within, place = at;
      bool follow = false;
      if (block_ > 0) {
        follow = inner_ > 1;
        place = (row / size_ * blocks + at / block_) * inner_ + within;
        if (!follow) room = std::min(block_ - at % block_, size_ - at);
      } else if (inner_ == 1) {
        follow = true;
        room = size_ - at;
      }
      const int64_t count = std::min(std::min(room, end - i), kRun);
      f(i, count, place, follow);
      i += count;
    }
  }

 private:
  int64_t count_, size_ = 1, inner_ = 1, block_ = 0;
};

// Scale and zero point of a run.
struct Run {
  float scale[kRun], zero[kRun];
  int64_t step;

  Run(DataType scale_type, const void* scales, DataType zero_type, const void* zeros, int64_t place,
      int64_t count, bool follow)
      : step(follow ? 1 : 0) {
    const int64_t values = follow ? count : 1;
    DecodeNumbers(scale_type, scales, place, values, scale);
    if (zeros != nullptr) {
      DecodeNumbers(zero_type, zeros, place, values, zero);
    } else {
      std::fill_n(zero, values, 0.0F);
    }
  }
};

const void* ZeroPoint(const KernelArguments& arguments) {
  return arguments.inputs.size() > 2 ? arguments.inputs[2] : nullptr;
}

class QuantizePlan final : public KernelPlan {
 public:
  QuantizePlan(const NodeView& node, Specs inputs, Specs outputs, const Granularity& granularity)
      : places_(inputs[0].shape, granularity),
        x_type_(inputs[0].type),
        scale_type_(inputs[1].type),
        precision_(DataTypeOf(node.Int("precision", 0))),
        format_(NumberFormat::Of(outputs[0].type)),
        saturates_(node.Int("saturate", 1) != 0) {
    if (precision_ == DataType::kUndefined) precision_ = scale_type_;
  }

  Status Run(const KernelArguments& arguments) const override {
    const void* x = arguments.inputs[0];
    void* y = arguments.outputs[0];
    ForElements(arguments.parallel, places_.count(), [&](int64_t begin, int64_t end) {
      places_.ForRuns(begin, end, [&](int64_t i, int64_t count, int64_t place, bool follow) {
        const operators::Run run(scale_type_, arguments.inputs[1], format_.type,
                                 ZeroPoint(arguments), place, count, follow);
        float values[kRun];
        DecodeNumbers(x_type_, x, i, count, values);
        Quantize(run, count, values);
        EncodeNumbers(format_.type, values, count, saturates_, y, i);
      });
    });
    return {};
  }

 private:
  void Quantize(const operators::Run& run, int64_t count, float* values) const {
    for (int64_t j = 0; j < count; ++j) values[j] /= run.scale[j * run.step];
    if (precision_ == DataType::kFloat16 || precision_ == DataType::kBfloat16) {
      for (int64_t j = 0; j < count; ++j) values[j] = RoundTo(precision_, values[j]);
    }
    if (!format_.integer) {
      for (int64_t j = 0; j < count; ++j) values[j] += run.zero[j * run.step];
      return;
    }
    for (int64_t j = 0; j < count; ++j) {
      const float zero = run.zero[j * run.step];
      const float bounded =
          std::max(format_.least - zero, std::min(format_.most - zero, values[j]));
      values[j] = RoundEven(bounded) + zero;
    }
  }

  ScalePlaces places_;
  DataType x_type_, scale_type_, precision_;
  NumberFormat format_;
  bool saturates_;
};

class DequantizePlan final : public KernelPlan {
 public:
  DequantizePlan(Specs inputs, Specs outputs, const Granularity& granularity)
      : places_(inputs[0].shape, granularity),
        x_type_(inputs[0].type),
        scale_type_(inputs[1].type),
        y_type_(outputs[0].type) {}

  Status Run(const KernelArguments& arguments) const override {
    const void* x = arguments.inputs[0];
    void* y = arguments.outputs[0];
    ForElements(arguments.parallel, places_.count(), [&](int64_t begin, int64_t end) {
      places_.ForRuns(begin, end, [&](int64_t i, int64_t count, int64_t place, bool follow) {
        const operators::Run run(scale_type_, arguments.inputs[1], x_type_, ZeroPoint(arguments),
                                 place, count, follow);
        float values[kRun];
        DecodeNumbers(x_type_, x, i, count, values);
        for (int64_t j = 0; j < count; ++j)
          values[j] = (values[j] - run.zero[j * run.step]) * run.scale[j * run.step];
        Store(values, i, count, y);
      });
    });
    return {};
  }

 private:
  void Store(const float* values, int64_t at, int64_t count, void* y) const {
    if (y_type_ == DataType::kFloat32) {
      std::copy_n(values, count, static_cast<float*>(y) + at);
      return;
    }
    auto* to = static_cast<uint16_t*>(y) + at;
    for (int64_t j = 0; j < count; ++j)
      to[j] =
          y_type_ == DataType::kFloat16 ? HalfFromFloat(values[j]) : Bfloat16FromFloat(values[j]);
  }

  ScalePlaces places_;
  DataType x_type_, scale_type_, y_type_;
};

// uint8 by the range of x, which is made to hold 0.
class DynamicQuantizePlan final : public KernelPlan {
 public:
  explicit DynamicQuantizePlan(Specs inputs) : count_(inputs[0].shape.ElementCount()) {}

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const float*>(arguments.inputs[0]);
    auto* y = static_cast<uint8_t*>(arguments.outputs[0]);
    float least = 0, most = 0;
    for (int64_t i = 0; i < count_; ++i) {
      least = std::min(least, x[i]);
      most = std::max(most, x[i]);
    }
    const float scale = least == most ? 1.0F : (most - least) / 255.0F;
    const float zero = std::max(0.0F, std::min(255.0F, std::nearbyint(-least / scale)));
    if (arguments.outputs.size() > 1 && arguments.outputs[1] != nullptr)
      *static_cast<float*>(arguments.outputs[1]) = scale;
    if (arguments.outputs.size() > 2 && arguments.outputs[2] != nullptr)
      *static_cast<uint8_t*>(arguments.outputs[2]) = static_cast<uint8_t>(zero);
    if (y == nullptr) return {};
    ForElements(arguments.parallel, count_, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const float bounded = std::max(-zero, std::min(255.0F - zero, x[i] / scale));
        y[i] = static_cast<uint8_t>(static_cast<int32_t>(RoundEven(bounded) + zero));
      }
    });
    return {};
  }

 private:
  int64_t count_;
};

bool IsScale(DataType type) {
  return type == DataType::kFloat32 || type == DataType::kFloat16 || type == DataType::kBfloat16 ||
         type == DataType::kFloat8E8M0 || type == DataType::kInt32;
}

Status Read(const NodeView& node, Specs inputs, Granularity& granularity) {
  std::array<InferInput, 3> views;
  for (size_t i = 0; i < inputs.size() && i < views.size(); ++i)
    views[i] = {inputs[i].present, inputs[i].type, inputs[i].shape, nullptr};
  if (!IsScale(inputs[1].type))
    return Unsupported(node, "has no reference kernel for scales of ", inputs[1].type);
  return ReadGranularity(node, views, granularity);
}

PlanResult PlanQuantize(const NodeView& node, Specs inputs, Specs outputs) {
  Granularity granularity;
  TENON_RETURN_IF_ERROR(Read(node, inputs, granularity));
  const DataType to = outputs[0].type;
  if (NumberFormat::Of(to).type == DataType::kUndefined || to == DataType::kInt32)
    return Unsupported(node, "has no reference kernel to ", to);
  return Plan(std::make_unique<QuantizePlan>(node, inputs, outputs, granularity));
}
PlanResult PlanDequantize(const NodeView& node, Specs inputs, Specs outputs) {
  Granularity granularity;
  TENON_RETURN_IF_ERROR(Read(node, inputs, granularity));
  const DataType to = outputs[0].type;
  if (to != DataType::kFloat32 && to != DataType::kFloat16 && to != DataType::kBfloat16)
    return Unsupported(node, "has no reference kernel to ", to);
  return Plan(std::make_unique<DequantizePlan>(inputs, outputs, granularity));
}
PlanResult PlanDynamic(const NodeView&, Specs inputs, Specs) {
  return Plan(std::make_unique<DynamicQuantizePlan>(inputs));
}

constexpr uint64_t kFloatsAndInt32 = Bit(DataType::kFloat32) | Bit(DataType::kFloat16) |
                                     Bit(DataType::kBfloat16) | Bit(DataType::kInt32);
constexpr uint64_t kQuantized =
    Bit(DataType::kUint8) | Bit(DataType::kInt8) | Bit(DataType::kUint16) | Bit(DataType::kInt16) |
    Bit(DataType::kInt32) | Bit(DataType::kUint4) | Bit(DataType::kInt4) | Bit(DataType::kUint2) |
    Bit(DataType::kInt2) | Bit(DataType::kFloat4E2M1) | Bit(DataType::kFloat8E4M3FN) |
    Bit(DataType::kFloat8E4M3FNUZ) | Bit(DataType::kFloat8E5M2) | Bit(DataType::kFloat8E5M2FNUZ);
constexpr Kernel kRows[] = {
    {"", "DequantizeLinear", 23, 23, kQuantized, PlanDequantize, 1e-6},
    {"", "DynamicQuantizeLinear", 11, 11, Float32::kMask, PlanDynamic, 1e-6},
    {"", "QuantizeLinear", 23, 23, kFloatsAndInt32, PlanQuantize, 0},
};

}  // namespace

KernelRows ref_quantize_rows() { return kRows; }

}  // namespace tenon::operators
