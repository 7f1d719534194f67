// DeformConv: the moved taps of an image are gathered into columns in the workspace, which are then multiplied by W.
#include <cmath>

#include "nn/ref_conv.h"
#include "support/widened.h"

namespace tenon::operators {
namespace {

// y [rows, columns] = a [rows, depth] times b [depth, columns], plus a bias for each row.
void Multiply(const ParallelFor& parallel, int64_t rows, int64_t columns, int64_t depth,
              const float* a, const float* b, const float* bias, float* y) {
  const GemmShape shape = {rows, columns, depth, a, depth, 1};
  const VectorFunctions& vectors = ChooseVectorFunctions();
  parallel(shape.tiles(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; ++tile) {
      GemmTile(
          vectors, shape, tile,
          [&](int64_t k, int64_t k_end, int64_t column, int64_t count, float* to) {
            PackMatrix(b, columns, 1, k, k_end, column, count, to);
          },
          [&](int64_t row, int64_t row_count, int64_t column, int64_t count, const float* sums) {
            for (int64_t i = 0; i < row_count; ++i) {
              const float shift = bias == nullptr ? 0 : bias[row + i];
              for (int64_t j = 0; j < count; ++j)
                y[(row + i) * columns + column + j] = sums[i * kGemmColumns + j] + shift;
            }
          });
    }
  });
}
void Multiply(const ParallelFor& parallel, int64_t rows, int64_t columns, int64_t depth,
              const double* a, const double* b, const double* bias, double* y) {
  parallel(rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      std::fill_n(y + i * columns, columns, bias == nullptr ? 0 : bias[i]);
      for (int64_t k = 0; k < depth; ++k) {
        for (int64_t j = 0; j < columns; ++j)
          y[i * columns + j] += a[i * depth + k] * b[k * columns + j];
      }
    }
  });
}

template <typename T>
class DeformConvPlan final : public KernelPlan {
 public:
  DeformConvPlan(const NodeView& node, const ConvGeometry& geometry, int rank)
      : g_(geometry), offset_groups_(node.Int("offset_group", 1)), rank_(rank) {}

  // The columns of one image: [channels * taps, positions].
  int64_t workspace_bytes() const override {
    return g_.channels * g_.taps() * g_.out_size() * int64_t{sizeof(T)};
  }

  Status Run(const KernelArguments& arguments) const override {
    const auto in = [&](size_t i) {
      return static_cast<const T*>(i < arguments.inputs.size() ? arguments.inputs[i] : nullptr);
    };
    auto* columns = static_cast<T*>(arguments.workspace);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    const int64_t size = g_.out_size(), taps = g_.taps() * offset_groups_;
    const int64_t depth = g_.channels / g_.groups * g_.taps(), rows = g_.outputs / g_.groups;
    for (int64_t n = 0; n < g_.batch; ++n) {
      const T* offset = in(2) + n * taps * rank_ * size;
      const T* mask = in(4) == nullptr ? nullptr : in(4) + n * taps * size;
      arguments.parallel(taps, 1, [&](int64_t begin, int64_t end) {
        for (int64_t tap = begin; tap < end; ++tap) {
          Gather(in(0) + n * g_.channels * g_.in_size(), tap, offset + tap * rank_ * size,
                 mask == nullptr ? nullptr : mask + tap * size, columns);
        }
      });
      for (int64_t group = 0; group < g_.groups; ++group) {
        Multiply(arguments.parallel, rows, size, depth, in(1) + group * rows * depth,
                 columns + group * depth * size, in(3) == nullptr ? nullptr : in(3) + group * rows,
                 y + (n * g_.outputs + group * rows) * size);
      }
    }
    return {};
  }

 private:
  // One tap of the kernel in one offset group, for all its channels.
  void Gather(const T* x, int64_t tap, const T* offset, const T* mask, T* columns) const {
    const int64_t size = g_.out_size(), each = g_.channels / offset_groups_;
    const int64_t first = tap / g_.taps() * each, k = tap % g_.taps();
    const std::array<int64_t, 3> kernel = {k / (g_.axes[1].kernel * g_.axes[2].kernel),
                                           k / g_.axes[2].kernel % g_.axes[1].kernel,
                                           k % g_.axes[2].kernel};
    for (int64_t i = 0; i < size; ++i) {
      const std::array<int64_t, 3> at = {i / (g_.out[1] * g_.out[2]), i / g_.out[2] % g_.out[1],
                                         i % g_.out[2]};
      std::array<int64_t, 8> places{};
      std::array<T, 8> weights{};
      weights[0] = mask == nullptr ? T(1) : mask[i];
      int count = 1;
      for (int d = 3 - rank_; d < 3; ++d) {
        const auto a = static_cast<size_t>(d);
        const WindowAxis& axis = g_.axes[a];
        const T position =
            static_cast<T>(at[a] * axis.stride - axis.pad_begin + kernel[a] * axis.dilation) +
            offset[(d - 3 + rank_) * size + i];
        count = Split(position, g_.in[a], count, places, weights);
      }
      for (int64_t c = 0; c < each; ++c) {
        const T* from = x + (first + c) * g_.in_size();
        T sum = 0;
        for (int j = 0; j < count; ++j)
          sum += weights[static_cast<size_t>(j)] * from[places[static_cast<size_t>(j)]];
        columns[((first + c) * g_.taps() + k) * size + i] = sum;
      }
    }
  }

  // Extends the elements found so far by those on both sides of `position`; outside there are none.
  static int Split(T position, int64_t size, int count, std::array<int64_t, 8>& places,
                   std::array<T, 8>& weights) {
    if (!(position > -1 && position < static_cast<T>(size))) return 0;
    const T base = std::floor(position);
    const auto low = static_cast<int64_t>(base);
    const T rest = position - base;
    const auto before = places;
    const auto shares = weights;
    int found = 0;
    for (int i = 0; i < count; ++i) {
      for (int64_t side = 0; side < 2; ++side) {
        if (low + side < 0 || low + side >= size) continue;
        const auto to = static_cast<size_t>(found++), from = static_cast<size_t>(i);
        places[to] = before[from] * size + low + side;
        weights[to] = shares[from] * (side == 0 ? 1 - rest : rest);
      }
    }
    return found;
  }

  ConvGeometry g_;
  int64_t offset_groups_;
  int rank_;
};

PlanResult PlanDeform(const NodeView& node, Specs inputs, Specs outputs) {
  ConvGeometry geometry;
  TENON_RETURN_IF_ERROR(ReadConvGeometry(node, inputs, outputs, geometry));
  const auto& [a, b, c] = geometry.axes;
  TENON_RETURN_IF_ERROR(
      CheckWorkspace(node, {geometry.channels, a.kernel, b.kernel, c.kernel, geometry.out[0],
                            geometry.out[1], geometry.out[2], sizeof(double)}));
  const int rank = inputs[0].shape.rank() - 2;
  return PlanForType(node, Floats{}, inputs[0].type, [&]<typename T>() {
    return std::make_unique<DeformConvPlan<T>>(node, geometry, rank);
  });
}

constexpr Kernel kRows[] = {
    {"", "DeformConv", 19, 19, Floats::kMask | kHalves, Widened<PlanDeform>, 1e-5}};

}  // namespace

KernelRows ref_deform_conv_rows() { return kRows; }

}  // namespace tenon::operators
