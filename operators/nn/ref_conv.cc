// Conv in float32: matrix multiplication by tiles whose columns are gathered from X on the way;
// depthwise convolutions row by row.
#include "nn/ref_conv.h"

#include "support/plan.h"

namespace tenon::operators {
namespace {

// Im2col into panels: columns are output positions, rows are (channel, kernel position).
class ConvPlan final : public KernelPlan {
 public:
  explicit ConvPlan(const ConvGeometry& geometry) : g_(geometry) {}

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const float*>(arguments.inputs[0]);
    const auto* w = static_cast<const float*>(arguments.inputs[1]);
    const float* bias =
        arguments.inputs.size() > 2 ? static_cast<const float*>(arguments.inputs[2]) : nullptr;
    auto* y = static_cast<float*>(arguments.outputs[0]);
    const int64_t rows = g_.outputs / g_.groups, depth = g_.channels / g_.groups * g_.taps();
    const GemmShape shape = {rows, g_.out_size(), depth, nullptr, depth, 1};
    arguments.parallel(g_.batch * g_.groups * shape.tiles(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / shape.tiles();  // of batch and group
        const int64_t group = image % g_.groups;
        GemmShape part = shape;
        part.a = w + group * rows * depth;
        Tile(part, i % shape.tiles(), x + image * (g_.channels / g_.groups) * g_.in_size(),
             bias == nullptr ? nullptr : bias + group * rows, y + image * rows * g_.out_size());
      }
    });
    return {};
  }

 private:
  void Tile(const GemmShape& shape, int64_t index, const float* x, const float* bias,
            float* y) const {
    GemmTile(
        vectors_, shape, index,
        [&](int64_t k, int64_t k_end, int64_t column, int64_t count, float* to) {
          if (g_.pointwise()) {
            PackMatrix(x, g_.in_size(), 1, k, k_end, column, count, to);
          } else {
            PackWindows(g_, x, k, k_end, column, count, to);
          }
        },
        [&](int64_t row, int64_t rows, int64_t column, int64_t columns, const float* sums) {
          for (int64_t i = 0; i < rows; ++i) {
            const float shift = bias == nullptr ? 0.0F : bias[row + i];
            float* to = y + (row + i) * shape.columns + column;
            for (int64_t j = 0; j < columns; ++j) to[j] = sums[i * kGemmColumns + j] + shift;
          }
        });
  }

  ConvGeometry g_;
  const VectorFunctions& vectors_ = ChooseVectorFunctions();
};

// One input channel a group, in two dimensions: a channel's input rows are copied with their
// padding into a scratch, columns sorted by their remainder modulo the stride, so that every tap
// reads contiguously.
class DepthwisePlan final : public KernelPlan {
 public:
  explicit DepthwisePlan(const ConvGeometry& geometry) : g_(geometry) {
    const WindowAxis& h = g_.axes[1];
    const WindowAxis& w = g_.axes[2];
    phase_ = ((g_.out[2] - 1) * w.stride + w.extent() + w.stride - 1) / w.stride;
    row_ = phase_ * w.stride;
    rows_ = std::min(g_.out[1], ((kScratch - kRowStep) / row_ - h.extent()) / h.stride + 1);
    for (int64_t ky = 0; ky < h.kernel; ++ky) {
      for (int64_t kx = 0; kx < w.kernel; ++kx) {
        const int64_t at = kx * w.dilation;
        offsets_.push_back(ky * h.dilation * row_ + at % w.stride * phase_ + at / w.stride);
      }
    }
  }
  static bool Fits(const ConvGeometry& g) {
    const int64_t width = (g.out[2] - 1) * g.axes[2].stride + g.axes[2].extent() + g.axes[2].stride;
    return g.channels == g.groups && g.in[0] == 1 && g.axes[0].kernel == 1 && g.out[0] == 1 &&
           width > 0 && width < kScratch && g.axes[1].extent() <= (kScratch - kRowStep) / width;
  }

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const float*>(arguments.inputs[0]);
    const auto* w = static_cast<const float*>(arguments.inputs[1]);
    const float* bias =
        arguments.inputs.size() > 2 ? static_cast<const float*>(arguments.inputs[2]) : nullptr;
    auto* y = static_cast<float*>(arguments.outputs[0]);
    const int64_t multiplier = g_.outputs / g_.groups;
    arguments.parallel(g_.batch * g_.outputs, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t output = i % g_.outputs;
        Channel(x + i / multiplier * g_.in_size(), w + output * g_.taps(),
                bias == nullptr ? 0.0F : bias[output], y + i * g_.out_size());
      }
    });
    return {};
  }

 private:
  static constexpr int64_t kScratch = 16384;

  void Channel(const float* x, const float* weights, float bias, float* y) const {
    alignas(64) float scratch[kScratch];
    const WindowAxis& h = g_.axes[1];
    for (int64_t first = 0; first < g_.out[1]; first += rows_) {
      const int64_t rows = std::min(rows_, g_.out[1] - first);
      const int64_t needed = (rows - 1) * h.stride + h.extent();
      for (int64_t r = 0; r < needed; ++r)
        CopyRow(x, first * h.stride - h.pad_begin + r, scratch + r * row_);
      std::fill_n(scratch + needed * row_, kRowStep, 0.0F);
      for (int64_t r = 0; r < rows; ++r) {
        vectors_.depthwise_row({scratch + r * h.stride * row_, offsets_.data(), weights, g_.taps(),
                                bias, y + (first + r) * g_.out[2], g_.out[2]});
      }
    }
  }
  void CopyRow(const float* x, int64_t row, float* to) const {
    if (row < 0 || row >= g_.in[1]) {
      std::fill_n(to, row_, 0.0F);
      return;
    }
    const WindowAxis& w = g_.axes[2];
    const float* from = x + row * g_.in[2];
    for (int64_t phase = 0; phase < w.stride; ++phase, to += phase_) {
      CopyWindowRow(from, g_.in[2], phase - w.pad_begin, w.stride, phase_, to);
    }
  }

  ConvGeometry g_;
  int64_t phase_, row_, rows_;
  std::vector<int64_t> offsets_;
  const VectorFunctions& vectors_ = ChooseVectorFunctions();
};

PlanResult PlanConv(const NodeView& node, Specs inputs, Specs outputs) {
  ConvGeometry geometry;
  TENON_RETURN_IF_ERROR(ReadConvGeometry(node, inputs, outputs, geometry));
  if (DepthwisePlan::Fits(geometry)) return Plan(std::make_unique<DepthwisePlan>(geometry));
  return Plan(std::make_unique<ConvPlan>(geometry));
}

constexpr Kernel kRows[] = {{"", "Conv", 1, 1, Float32::kMask, PlanConv, 1e-5}};

}  // namespace

KernelRows ref_conv_rows() { return kRows; }

}  // namespace tenon::operators
