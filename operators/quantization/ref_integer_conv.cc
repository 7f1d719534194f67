// ConvInteger and QLinearConv: x and w are widened into the workspace, then exact tiles over gathered columns.
#include "nn/ref_conv.h"
#include "quantization/number_format.h"
#include "support/integer_gemm.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

// Where the arguments stand; 0 where the operator has none.
struct Places {
  size_t w, x_zero, w_zero, x_scale, w_scale, y_scale, y_zero, bias;
};
constexpr Places kInteger = {1, 2, 3, 0, 0, 0, 0, 0};
constexpr Places kQLinear = {3, 2, 5, 1, 4, 6, 7, 8};

class IntegerConvPlan final : public KernelPlan {
 public:
  IntegerConvPlan(const Places& places, const ConvGeometry& geometry, Specs inputs, Specs outputs)
      : places_(places),
        g_(geometry),
        x_type_(inputs[0].type),
        w_type_(inputs[places.w].type),
        y_type_(outputs[0].type),
        x_count_(inputs[0].shape.ElementCount()),
        w_count_(inputs[places.w].shape.ElementCount()) {
    const auto per_channel = [&](size_t place) {
      return place > 0 && Has(inputs, place) && inputs[place].shape.ElementCount() > 1;
    };
    zero_each_ = per_channel(places.w_zero);
    scale_each_ = per_channel(places.w_scale);
  }

  int64_t workspace_bytes() const override {
    return (RoundUp(x_count_) + w_count_) * int64_t{sizeof(float)};
  }

  Status Run(const KernelArguments& arguments) const override {
    auto* x = static_cast<float*>(arguments.workspace);
    float* const w = x + RoundUp(x_count_);
    const float x_zero = Value(arguments, places_.x_zero, x_type_, 0, 0);
    ForElements(arguments.parallel, x_count_, [=, this](int64_t begin, int64_t end) {
      DecodeNumbers(x_type_, arguments.inputs[0], begin, end - begin, x + begin);
      for (int64_t i = begin; i < end; ++i) x[i] -= x_zero;
    });
    const int64_t depth = g_.channels / g_.groups * g_.taps();
    ForElements(
        arguments.parallel, g_.outputs,
        [=, this, &arguments](int64_t begin, int64_t end) {
          for (int64_t m = begin; m < end; ++m) {
            const float zero = Value(arguments, places_.w_zero, w_type_, zero_each_ ? m : 0, 0);
            DecodeNumbers(w_type_, arguments.inputs[places_.w], m * depth, depth, w + m * depth);
            for (int64_t k = 0; k < depth; ++k) w[m * depth + k] -= zero;
          }
        },
        16);
    const int64_t rows = g_.outputs / g_.groups;
    const IntegerGemmShape shape = {rows, g_.out_size(), depth, nullptr};
    arguments.parallel(g_.batch * g_.groups * shape.tiles(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / shape.tiles();  // of batch and group
        IntegerGemmShape part = shape;
        part.a = w + image % g_.groups * rows * depth;
        const float* from = x + image * (g_.channels / g_.groups) * g_.in_size();
        IntegerGemmTile(
            vectors_, part, i % shape.tiles(),
            [&](int64_t k, int64_t k_end, int64_t column, int64_t count, float* to) {
              if (g_.pointwise()) {
                PackMatrix(from, g_.in_size(), 1, k, k_end, column, count, to);
              } else {
                PackWindows(g_, from, k, k_end, column, count, to);
              }
            },
            [&](int64_t row, int64_t row_count, int64_t column, int64_t count,
                const int32_t* sums) {
              for (int64_t r = 0; r < row_count; ++r) {
                Store(arguments, sums + r * kGemmColumns, count, image % g_.groups * rows + row + r,
                      (image * rows + row + r) * g_.out_size() + column);
              }
            });
      }
    });
    return {};
  }

 private:
  static int64_t RoundUp(int64_t count) { return (count + 15) / 16 * 16; }

  // Element `index` of the argument at `place`.
  static float Value(const KernelArguments& arguments, size_t place, DataType type, int64_t index,
                     float otherwise) {
    if (place == 0 || place >= arguments.inputs.size() || arguments.inputs[place] == nullptr)
      return otherwise;
    float value = 0;
    DecodeNumbers(type, arguments.inputs[place], index, 1, &value);
    return value;
  }

  void Store(const KernelArguments& arguments, const int32_t* sums, int64_t count, int64_t channel,
             int64_t to) const {
    void* const y = arguments.outputs[0];
    if (y_type_ == DataType::kInt32) {
      std::copy_n(sums, count, static_cast<int32_t*>(y) + to);
      return;
    }
    constexpr DataType kScale = DataType::kFloat32;
    const float w_scale = Value(arguments, places_.w_scale, kScale, scale_each_ ? channel : 0, 1);
    const float factor = Value(arguments, places_.x_scale, kScale, 0, 1) * w_scale /
                         Value(arguments, places_.y_scale, kScale, 0, 1);
    const auto zero = static_cast<int32_t>(Value(arguments, places_.y_zero, y_type_, 0, 0));
    const auto* biases = places_.bias < arguments.inputs.size()
                             ? static_cast<const int32_t*>(arguments.inputs[places_.bias])
                             : nullptr;
    const int32_t bias = biases == nullptr ? 0 : biases[channel];
    for (int64_t j = 0; j < count; ++j) {
      const auto sum =
          static_cast<int32_t>(static_cast<uint32_t>(sums[j]) + static_cast<uint32_t>(bias));
      if (y_type_ == DataType::kInt8) {
        static_cast<int8_t*>(y)[to + j] = Requantize<int8_t>(sum, factor, zero);
      } else {
        static_cast<uint8_t*>(y)[to + j] = Requantize<uint8_t>(sum, factor, zero);
      }
    }
  }

  Places places_;
  ConvGeometry g_;
  DataType x_type_, w_type_, y_type_;
  int64_t x_count_, w_count_;
  bool zero_each_, scale_each_;
  const VectorFunctions& vectors_ = ChooseVectorFunctions();
};

template <const Places& places>
PlanResult PlanConvolution(const NodeView& node, Specs inputs, Specs outputs) {
  const TensorSpec pair[] = {inputs[0], inputs[places.w]};
  ConvGeometry geometry;
  TENON_RETURN_IF_ERROR(ReadConvGeometry(node, pair, outputs, geometry));
  return Plan(std::make_unique<IntegerConvPlan>(places, geometry, inputs, outputs));
}

constexpr uint64_t kBytes = Bit(DataType::kInt8) | Bit(DataType::kUint8);
constexpr Kernel kRows[] = {
    {"", "ConvInteger", 10, 10, kBytes, PlanConvolution<kInteger>, 0},
    {"", "QLinearConv", 10, 10, kBytes, PlanConvolution<kQLinear>, 0},
};

}  // namespace

KernelRows ref_integer_conv_rows() { return kRows; }

}  // namespace tenon::operators
