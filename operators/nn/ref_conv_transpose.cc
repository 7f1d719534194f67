// ConvTranspose in float32. The output is split by phase, its position modulo the stride: within a
// phase every position meets the same taps of the kernel, so that a phase is a matrix product like
// a convolution's.
#include "nn/conv_transpose.h"
#include "nn/ref_conv.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

// The taps of one axis that meet the output positions phase, phase + stride ...
struct PhaseAxis {
  int64_t phase = 0, positions = 0;   // outputs phase + stride * i, i in [0, positions)
  std::vector<int64_t> taps, shifts;  // input position = i + shift
};

// The phases of one axis that have an output; each tap belongs to one.
std::vector<PhaseAxis> MakePhases(const WindowAxis& axis, int64_t output) {
  std::vector<PhaseAxis> phases(static_cast<size_t>(std::min(axis.stride, output)));
  for (size_t i = 0; i < phases.size(); ++i) {
    phases[i].phase = static_cast<int64_t>(i);
    phases[i].positions = (output - phases[i].phase - 1) / axis.stride + 1;
  }
  for (int64_t tap = 0; tap < axis.kernel; ++tap) {
    const int64_t at = tap * axis.dilation - axis.pad_begin;
    const auto i = static_cast<size_t>((at % axis.stride + axis.stride) % axis.stride);
    if (i >= phases.size()) continue;
    phases[i].taps.push_back(tap);
    phases[i].shifts.push_back((phases[i].phase - at) / axis.stride);
  }
  return phases;
}

struct Phase {
  std::array<const PhaseAxis*, 3> axes;
  int64_t weights = 0;  // where its matrix [M / group, C / group * taps] begins in a group's
  int64_t taps() const {
    return static_cast<int64_t>(axes[0]->taps.size() * axes[1]->taps.size() * axes[2]->taps.size());
  }
  int64_t positions() const { return axes[0]->positions * axes[1]->positions * axes[2]->positions; }
};

class ConvTransposePlan final : public KernelPlan {
 public:
  explicit ConvTransposePlan(const ConvGeometry& geometry) : g_(geometry) {
    for (size_t i = 0; i < 3; ++i) {
      WindowAxis axis = g_.axes[i];
      if (channels() == 0) axis.kernel = 0;  // W holds nothing, whatever its kernel's size
      axes_[i] = MakePhases(axis, g_.out[i]);
    }
    int64_t weights = 0;
    for (const PhaseAxis& z : axes_[0]) {
      for (const PhaseAxis& y : axes_[1]) {
        for (const PhaseAxis& x : axes_[2]) {
          phases_.push_back({{&z, &y, &x}, weights});
          weights += phases_.back().taps() * rows() * channels();
        }
      }
    }
    group_weights_ = weights;
  }
  int64_t workspace_bytes() const override {
    return group_weights_ * g_.groups * static_cast<int64_t>(sizeof(float));
  }

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const float*>(arguments.inputs[0]);
    const auto* w = static_cast<const float*>(arguments.inputs[1]);
    const float* bias =
        arguments.inputs.size() > 2 ? static_cast<const float*>(arguments.inputs[2]) : nullptr;
    auto* y = static_cast<float*>(arguments.outputs[0]);
    auto* packed = static_cast<float*>(arguments.workspace);
    arguments.parallel(g_.groups * rows(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) PackRow(w, i / rows(), i % rows(), packed);
    });
    for (const Phase& phase : phases_) {
      const int64_t depth = channels() * phase.taps();
      const GemmShape shape = {rows(), phase.positions(), depth, nullptr, depth, 1};
      arguments.parallel(g_.batch * g_.groups * shape.tiles(), 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t image = i / shape.tiles(), group = image % g_.groups;
          GemmShape part = shape;
          part.a = packed + group * group_weights_ + phase.weights;
          Tile(phase, part, i % shape.tiles(), x + image * channels() * g_.in_size(),
               bias == nullptr ? nullptr : bias + group * rows(),
               y + image * rows() * g_.out_size());
        }
      });
    }
    return {};
  }

 private:
  int64_t rows() const { return g_.outputs / g_.groups; }
  int64_t channels() const { return g_.channels / g_.groups; }

  // Row `row` of all phases' matrices of a group, from W [C, M / group, kernel].
  void PackRow(const float* w, int64_t group, int64_t row, float* packed) const {
    const int64_t kernel = g_.taps();
    for (const Phase& phase : phases_) {
      float* to = packed + group * group_weights_ + phase.weights + row * channels() * phase.taps();
      for (int64_t c = 0; c < channels(); ++c) {
        const float* from = w + ((group * channels() + c) * rows() + row) * kernel;
        for (const int64_t z : phase.axes[0]->taps) {
          for (const int64_t y : phase.axes[1]->taps) {
            for (const int64_t x : phase.axes[2]->taps) {
              *to++ = from[(z * g_.axes[1].kernel + y) * g_.axes[2].kernel + x];
            }
          }
        }
      }
    }
  }

  // The output position of column `column` of a phase, as offset in a plane; and its inputs'
  // origin.
  struct Position {
    int64_t z, y, x;
  };
  static Position At(const Phase& phase, int64_t column) {
    const int64_t columns = phase.axes[2]->positions, lines = phase.axes[1]->positions;
    return {column / (columns * lines), column / columns % lines, column % columns};
  }

  void Pack(const Phase& phase, const float* x, int64_t k, int64_t k_end, int64_t column,
            int64_t count, float* to) const {
    std::array<Position, kGemmPanel> positions;
    for (int64_t j = 0; j < count; ++j) positions[static_cast<size_t>(j)] = At(phase, column + j);
    const auto x_taps = static_cast<int64_t>(phase.axes[2]->taps.size());
    const auto y_taps = static_cast<int64_t>(phase.axes[1]->taps.size());
    for (; k < k_end; ++k, to += kGemmPanel) {
      const int64_t tap = k % phase.taps();
      const float* plane = x + k / phase.taps() * g_.in_size();
      const int64_t dx = phase.axes[2]->shifts[static_cast<size_t>(tap % x_taps)];
      const int64_t dy = phase.axes[1]->shifts[static_cast<size_t>(tap / x_taps % y_taps)];
      const int64_t dz = phase.axes[0]->shifts[static_cast<size_t>(tap / (x_taps * y_taps))];
      for (int64_t j = 0; j < kGemmPanel; ++j) {
        to[j] = 0;
        if (j >= count) continue;
        const Position& p = positions[static_cast<size_t>(j)];
        const int64_t iz = p.z + dz, iy = p.y + dy, ix = p.x + dx;
        const bool inside =
            iz >= 0 && iz < g_.in[0] && iy >= 0 && iy < g_.in[1] && ix >= 0 && ix < g_.in[2];
        if (inside) to[j] = plane[(iz * g_.in[1] + iy) * g_.in[2] + ix];
      }
    }
  }

  void Tile(const Phase& phase, const GemmShape& shape, int64_t index, const float* x,
            const float* bias, float* y) const {
    GemmTile(
        vectors_, shape, index,
        [&](int64_t k, int64_t k_end, int64_t column, int64_t count, float* to) {
          Pack(phase, x, k, k_end, column, count, to);
        },
        [&](int64_t row, int64_t row_count, int64_t column, int64_t columns, const float* sums) {
          for (int64_t j = 0; j < columns; ++j) {
            const Position p = At(phase, column + j);
            const int64_t oz = phase.axes[0]->phase + p.z * g_.axes[0].stride;
            const int64_t oy = phase.axes[1]->phase + p.y * g_.axes[1].stride;
            const int64_t ox = phase.axes[2]->phase + p.x * g_.axes[2].stride;
            float* to = y + row * g_.out_size() + (oz * g_.out[1] + oy) * g_.out[2] + ox;
            for (int64_t i = 0; i < row_count; ++i) {
              to[i * g_.out_size()] =
                  sums[i * kGemmColumns + j] + (bias == nullptr ? 0.0F : bias[row + i]);
            }
          }
        });
  }

  ConvGeometry g_;
  std::array<std::vector<PhaseAxis>, 3> axes_;
  std::vector<Phase> phases_;  // their axes lie in axes_
  int64_t group_weights_ = 0;
  const VectorFunctions& vectors_ = ChooseVectorFunctions();
};

constexpr int64_t kMostTaps = 1 << 16;  // of one dimension; a plan keeps a place for each

PlanResult PlanConvTranspose(const NodeView& node, Specs inputs, Specs outputs) {
  const Shape& x = inputs[0].shape;
  Window window;
  Shape sizes;
  sizes.Resize(x.rank());
  TENON_RETURN_IF_ERROR(TransposedWindow(node, x, inputs[1].shape, window, sizes));
  if (window.rank > 3) return Unsupported(node, "has more than 3 spatial dimensions");
  ConvGeometry geometry = {x[0],      x[1], outputs[0].shape[1], node.Int("group", 1), {1, 1, 1},
                           {1, 1, 1}, {}};
  int64_t phases = 1;
  for (int i = 0; i < window.rank; ++i) {
    const auto from = static_cast<size_t>(i), to = static_cast<size_t>(i + 3 - window.rank);
    geometry.in[to] = x[2 + i];
    geometry.out[to] = sizes[2 + i];
    geometry.axes[to] = window.axes[from];
    phases *= std::min(geometry.axes[to].stride, geometry.out[to]);
    if (x[1] > 0 && geometry.axes[to].kernel > kMostTaps)
      return Unsupported(node, "has a kernel of ", geometry.axes[to].kernel,
                         " positions in one dimension (the reference kernel takes ", kMostTaps,
                         ")");
  }
  if (phases > 4096)
    return Unsupported(node, "has strides of ", phases,
                       " positions (the reference kernel takes 4096)");
  return Plan(std::make_unique<ConvTransposePlan>(geometry));
}

constexpr Kernel kRows[] = {{"", "ConvTranspose", 1, 1, Float32::kMask, PlanConvTranspose, 1e-5}};

}  // namespace

KernelRows ref_conv_transpose_rows() { return kRows; }

}  // namespace tenon::operators
