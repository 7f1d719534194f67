// GridSample: each position becomes a list of elements and weights, which all channels share. AffineGrid.
#include <cmath>

#include "support/math.h"
#include "support/widened.h"

namespace tenon::operators {
namespace {

constexpr int kMostDims = 3;
constexpr int kMostTaps = 4 * 4 * 4;

enum class Mode : uint8_t { kNearest, kLinear, kCubic };
enum class Outside : uint8_t { kZeros, kBorder, kReflection };

// One dimension of X: its size and where it ends, in elements.
struct Dim {
  int64_t size;
  double low, high;

  Dim() = default;
  Dim(int64_t its_size, bool corners)
      : size(its_size),
        low(corners ? 0 : -0.5),
        high(static_cast<double>(its_size) - (corners ? 1 : 0.5)) {}

  double Reflect(double x) const {
    const double range = high - low;
    if (range <= 0) return low;
    const double beyond = x < low ? low - x : x > high ? x - high : -1;
    if (beyond < 0) return x;
    const double turns = std::floor(beyond / range), rest = beyond - turns * range;
    const bool even = std::fmod(turns, 2) == 0;
    return (x < low) == even ? low + rest : high - rest;
  }
};

// Elements along one dimension; -1 where there is none.
template <typename C>
struct Taps {
  int64_t at[4];
  C weights[4];
  int count;
};

template <typename C>
void CubicWeights(C x, C* weights) {
  constexpr C a = C(-0.75);  // Keys, Cubic convolution interpolation, 1981
  const auto inner = [](C t) { return ((a + 2) * t - (a + 3)) * t * t + 1; };
  const auto outer = [](C t) { return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a; };
  weights[0] = outer(x + 1);
  weights[1] = inner(x);
  weights[2] = inner(1 - x);
  weights[3] = outer(2 - x);
}

// C: the type of coordinates and weights.
template <typename C>
class Sampler {
 public:
  Sampler(Mode mode, Outside outside, bool corners)
      : mode_(mode), outside_(outside), corners_(corners) {}

  Taps<C> At(const Dim& dim, C normalized) const {
    const auto size = static_cast<C>(dim.size);
    C x = corners_ ? (normalized + 1) / 2 * (size - 1) : ((normalized + 1) * size - 1) / 2;
    if (mode_ == Mode::kNearest) x = std::nearbyint(x);
    if (!(std::fabs(x) < C(1e9))) {  // nothing is there, but the border may be
      if (outside_ == Outside::kZeros || dim.size == 0) return {{-1}, {0}, 1};
      x = x > 0 ? size - 1 : C(0);
    }
    if (outside_ == Outside::kBorder && mode_ != Mode::kCubic) {
      x = std::max(C(0), std::min(size - 1, x));
    } else if (outside_ == Outside::kReflection) {
      x = static_cast<C>(dim.Reflect(static_cast<double>(x)));
    }
    Taps<C> taps;
    if (mode_ == Mode::kNearest) {
      taps = {{Place(dim, static_cast<int64_t>(x))}, {1}, 1};
      return taps;
    }
    const C base = std::floor(x), fraction = x - base;
    const auto first = static_cast<int64_t>(base);
    if (mode_ == Mode::kLinear) {
      taps = {{Place(dim, first), Place(dim, first + 1)}, {1 - fraction, fraction}, 2};
      return taps;
    }
    taps.count = 4;
    CubicWeights(fraction, taps.weights);
    for (int i = 0; i < 4; ++i) taps.at[i] = Place(dim, first - 1 + i);
    return taps;
  }

 private:
  int64_t Place(const Dim& dim, int64_t i) const {
    if (i >= 0 && i < dim.size) return i;
    if (outside_ == Outside::kZeros || dim.size == 0) return -1;
    if (outside_ == Outside::kReflection)
      i = static_cast<int64_t>(dim.Reflect(static_cast<double>(i)));
    return std::max<int64_t>(0, std::min(dim.size - 1, i));
  }

  Mode mode_;
  Outside outside_;
  bool corners_;
};

template <typename T>
class GridSamplePlan final : public KernelPlan {
 public:
  using C = std::conditional_t<std::is_same_v<T, double>, double, float>;

  GridSamplePlan(const NodeView& node, Specs inputs, Specs outputs)
      : grid_doubles_(inputs[1].type == DataType::kFloat64),
        sampler_(ModeOf(node), OutsideOf(node), node.Int("align_corners", 0) != 0) {
    const Shape& x = inputs[0].shape;
    batch_ = x[0];
    channels_ = x[1];
    rank_ = x.rank() - 2;
    for (int i = 0; i < rank_; ++i) {
      dims_[static_cast<size_t>(i)] = Dim(x[2 + i], node.Int("align_corners", 0) != 0);
      size_ *= x[2 + i];
      points_ *= outputs[0].shape[2 + i];
    }
  }

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    const void* grid = arguments.inputs[1];
    auto* y = static_cast<T*>(arguments.outputs[0]);
    ForElements(
        arguments.parallel, batch_ * points_,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const int64_t n = i / points_, point = i % points_;
            Point(x + n * channels_ * size_, grid, i, y + n * channels_ * points_ + point);
          }
        },
        64);
    return {};
  }

 private:
  static Mode ModeOf(const NodeView& node) {
    const std::string_view mode = node.String("mode", "linear");
    return mode == "nearest" ? Mode::kNearest : mode == "cubic" ? Mode::kCubic : Mode::kLinear;
  }
  static Outside OutsideOf(const NodeView& node) {
    const std::string_view mode = node.String("padding_mode", "zeros");
    return mode == "border"       ? Outside::kBorder
           : mode == "reflection" ? Outside::kReflection
                                  : Outside::kZeros;
  }
  C Coordinate(const void* grid, int64_t index) const {
    return grid_doubles_ ? static_cast<C>(static_cast<const double*>(grid)[index])
                         : static_cast<C>(static_cast<const float*>(grid)[index]);
  }

  // All channels at position `index` of the grid.
  void Point(const T* x, const void* grid, int64_t index, T* y) const {
    std::array<int64_t, kMostTaps> places{};
    std::array<C, kMostTaps> weights{};
    weights[0] = 1;
    int count = 1;
    for (int d = 0; d < rank_; ++d) {
      const Dim& dim = dims_[static_cast<size_t>(d)];
      const Taps<C> taps = sampler_.At(dim, Coordinate(grid, (index + 1) * rank_ - 1 - d));
      // From the last to the first, so that what is extended is not yet overwritten.
      int total = count * taps.count;
      for (int i = count - 1; i >= 0; --i) {
        const int64_t place = places[static_cast<size_t>(i)];
        const C weight = weights[static_cast<size_t>(i)];
        for (int t = taps.count - 1; t >= 0; --t) {
          const auto to = static_cast<size_t>(i * taps.count + t);
          const bool inside = place >= 0 && taps.at[t] >= 0;
          places[to] = inside ? place * dim.size + taps.at[t] : -1;
          weights[to] = weight * taps.weights[t];
        }
      }
      count = total;
    }
    if (count == 1) {  // nearest, or outside: no arithmetic, so that integers stay exact
      for (int64_t c = 0; c < channels_; ++c)
        y[c * points_] = places[0] < 0 ? T(0) : x[c * size_ + places[0]];
      return;
    }
    for (int64_t c = 0; c < channels_; ++c) {
      C sum = 0;
      for (int i = 0; i < count; ++i) {
        const int64_t place = places[static_cast<size_t>(i)];
        if (place >= 0)
          sum += weights[static_cast<size_t>(i)] * static_cast<C>(x[c * size_ + place]);
      }
      y[c * points_] = SaturateCast<T>(sum);
    }
  }

  bool grid_doubles_;
  Sampler<C> sampler_;
  std::array<Dim, kMostDims> dims_;
  int64_t batch_, channels_, size_ = 1, points_ = 1;
  int rank_;
};

using SampleTypes = Join<Floats, TypeList<uint8_t, int32_t, int64_t>>::Type;
PlanResult PlanSample(const NodeView& node, Specs inputs, Specs outputs) {
  if (inputs[0].shape.rank() > kMostDims + 2)
    return Unsupported(node, "has ", inputs[0].shape.rank() - 2,
                       " spatial dimensions (the reference kernel has at most 3)");
  return PlanByType<GridSamplePlan, SampleTypes>(node, inputs, outputs);
}

template <typename T>
class AffineGridPlan final : public KernelPlan {
 public:
  AffineGridPlan(const NodeView& node, Specs, Specs outputs)
      : y_(outputs[0].shape), corners_(node.Int("align_corners", 0) != 0) {}

  Status Run(const KernelArguments& arguments) const override {
    const auto* theta = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    const int rank = y_.rank() - 2;
    int64_t points = 1;
    for (int i = 1; i <= rank; ++i) points *= y_[i];
    ForElements(arguments.parallel, y_[0] * points, [=, this](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const T* row = theta + i / points * rank * (rank + 1);
        std::array<T, kMostDims> position{};  // the innermost first
        int64_t rest = i % points;
        for (int d = 0; d < rank; ++d) {
          const int64_t size = y_[rank - d];
          position[static_cast<size_t>(d)] = Position(rest % size, size);
          rest /= size;
        }
        for (int r = 0; r < rank; ++r, row += rank + 1) {
          T sum = row[rank];
          for (int d = 0; d < rank; ++d) sum += row[d] * position[static_cast<size_t>(d)];
          y[i * rank + r] = sum;
        }
      }
    });
    return {};
  }

 private:
  T Position(int64_t index, int64_t size) const {
    if (corners_)
      return size == 1 ? T(-1) : T(2) * static_cast<T>(index) / static_cast<T>(size - 1) - 1;
    return static_cast<T>(2 * index + 1) / static_cast<T>(size) - 1;
  }

  Shape y_;
  bool corners_;
};

constexpr Kernel kRows[] = {
    {"", "AffineGrid", 20, 20, Floats::kMask | kHalves, Widened<PlanByType<AffineGridPlan, Floats>>,
     1e-6},
    {"", "GridSample", 20, 20, SampleTypes::kMask | kHalves, Widened<PlanSample>, 1e-5},
};

}  // namespace

KernelRows ref_grid_sample_rows() { return kRows; }

}  // namespace tenon::operators
