// Pools over one to three spatial dimensions. One channel's plane is one chunk.
#include <cmath>
#include <limits>

#include "nn/ref_conv.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

// The part of a window that lies in the input: first element, step, count, and how many lie in the
// padded input.
struct WindowSpan {
  int64_t first, count, padded;
};
WindowSpan SpanAt(const WindowAxis& axis, int64_t input, int64_t output) {
  const int64_t start = output * axis.stride - axis.pad_begin;
  const int64_t skipped = start < 0 ? (-start + axis.dilation - 1) / axis.dilation : 0;
  const auto taps_before = [&](int64_t limit) {
    return std::clamp<int64_t>(limit <= start ? 0 : (limit - start - 1) / axis.dilation + 1, 0,
                               axis.kernel);
  };
  const int64_t first = start + skipped * axis.dilation;
  return {first, std::max<int64_t>(0, taps_before(input) - skipped),
          taps_before(input + axis.pad_end)};
}

// Sizes as a convolution has them; kernel_shape is the window.
Status ReadPoolGeometry(const NodeView& node, Specs inputs, Specs outputs, ConvGeometry& geometry) {
  const Shape& x = inputs[0].shape;
  Window window;
  Padding padding;
  TENON_RETURN_IF_ERROR(ReadWindow(node, x, {}, window, padding));
  if (window.rank > 3) return Unsupported(node, "has more than 3 spatial dimensions");
  geometry = {x[0], x[1], x[1], x[1], {1, 1, 1}, {1, 1, 1}, {}};
  for (int i = 0; i < window.rank; ++i) {
    const auto from = static_cast<size_t>(i), to = static_cast<size_t>(i + 3 - window.rank);
    int64_t size = 0;
    TENON_RETURN_IF_ERROR(WindowOutput(node, i, x[2 + i], node.Int("ceil_mode", 0) != 0, padding,
                                       window.axes[from], size));
    geometry.in[to] = x[2 + i];
    geometry.out[to] = outputs[0].shape[2 + i];
    geometry.axes[to] = window.axes[from];
  }
  return {};
}

// Pool is called with element and position for each element of a window, and finished with how many
// there are, without and with the pads.
template <typename T, typename Pool>
class PoolPlan final : public KernelPlan {
 public:
  PoolPlan(const NodeView& node, const ConvGeometry& geometry) : pool_(node), g_(geometry) {}

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    auto* indices =
        arguments.outputs.size() > 1 ? static_cast<int64_t*>(arguments.outputs[1]) : nullptr;
    arguments.parallel(g_.batch * g_.channels, 1, [=, this](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        Plane(x + i * g_.in_size(), i * g_.in_size(), y + i * g_.out_size(),
              indices == nullptr ? nullptr : indices + i * g_.out_size());
      }
    });
    return {};
  }

 private:
  void Plane(const T* x, int64_t base, T* y, int64_t* indices) const {
    for (int64_t oz = 0; oz < g_.out[0]; ++oz) {
      const WindowSpan z = SpanAt(g_.axes[0], g_.in[0], oz);
      for (int64_t oy = 0; oy < g_.out[1]; ++oy) {
        const WindowSpan r = SpanAt(g_.axes[1], g_.in[1], oy);
        for (int64_t ox = 0; ox < g_.out[2]; ++ox) {
          const WindowSpan c = SpanAt(g_.axes[2], g_.in[2], ox);
          typename Pool::State state;
          for (int64_t iz = 0; iz < z.count; ++iz) {
            for (int64_t iy = 0; iy < r.count; ++iy) {
              int64_t at = ((z.first + iz * g_.axes[0].dilation) * g_.in[1] + r.first +
                            iy * g_.axes[1].dilation) *
                               g_.in[2] +
                           c.first;
              for (int64_t ix = 0; ix < c.count; ++ix, at += g_.axes[2].dilation)
                pool_.Add(state, x[at], at);
            }
          }
          const double padded = static_cast<double>(z.padded) * static_cast<double>(r.padded) *
                                static_cast<double>(c.padded);
          *y++ = pool_.Finish(state, z.count * r.count * c.count, padded);
          if (indices != nullptr) *indices++ = base + pool_.Index(state, g_);
        }
      }
    }
  }

  Pool pool_;
  ConvGeometry g_;
};

template <typename T>
struct MaxOf {
  struct State {
    T best = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                  : std::numeric_limits<T>::lowest();
    int64_t at = 0;
  };
  explicit MaxOf(const NodeView& node) : column_major(node.Int("storage_order", 0) != 0) {}
  void Add(State& state, T value, int64_t at) const {
    if (value > state.best || value != value) state = {value, at};
  }
  T Finish(const State& state, int64_t, double) const { return state.best; }
  int64_t Index(const State& state, const ConvGeometry& g) const {
    if (!column_major || state.at == 0) return state.at;  // 0 too where the input is empty
    const int64_t x = state.at % g.in[2], y = state.at / g.in[2] % g.in[1],
                  z = state.at / (g.in[2] * g.in[1]);
    return (x * g.in[1] + y) * g.in[0] + z;
  }
  bool column_major;
};
template <typename T>
struct AverageOf {
  struct State {
    T sum = 0;
  };
  explicit AverageOf(const NodeView& node) : with_pads(node.Int("count_include_pad", 0) != 0) {}
  void Add(State& state, T value, int64_t) const { state.sum += value; }
  T Finish(const State& state, int64_t count, double padded) const {
    return state.sum / (with_pads ? static_cast<T>(padded) : static_cast<T>(count));
  }
  int64_t Index(const State&, const ConvGeometry&) const { return 0; }
  bool with_pads;
};
template <typename T>
struct LpOf {
  struct State {
    T sum = 0;
  };
  explicit LpOf(const NodeView& node) : p(static_cast<T>(node.Int("p", 2))) {}
  void Add(State& state, T value, int64_t) const { state.sum += std::pow(std::fabs(value), p); }
  T Finish(const State& state, int64_t, double) const { return std::pow(state.sum, 1 / p); }
  int64_t Index(const State&, const ConvGeometry&) const { return 0; }
  T p;
};

template <template <typename> class Pool, typename List>
PlanResult PlanPool(const NodeView& node, Specs inputs, Specs outputs) {
  ConvGeometry geometry;
  TENON_RETURN_IF_ERROR(ReadPoolGeometry(node, inputs, outputs, geometry));
  return PlanForType(node, List{}, inputs[0].type, [&]<typename T>() {
    return std::make_unique<PoolPlan<T, Pool<T>>>(node, geometry);
  });
}
// The window is the whole plane.
template <template <typename> class Pool, typename List>
PlanResult PlanGlobal(const NodeView& node, Specs inputs, Specs) {
  const Shape& x = inputs[0].shape;
  int64_t size = 1;
  for (const int64_t dim : x.dims().subspan(2)) size *= dim;
  ConvGeometry geometry = {x[0], x[1], x[1], x[1], {1, 1, size}, {1, 1, 1}, {}};
  geometry.axes[2].kernel = size;
  return PlanForType(node, List{}, inputs[0].type, [&]<typename T>() {
    return std::make_unique<PoolPlan<T, Pool<T>>>(node, geometry);
  });
}

using MaxTypes = TypeList<float, double, int8_t, uint8_t>;
constexpr Kernel kRows[] = {
    {"", "AveragePool", 19, 19, Floats::kMask, PlanPool<AverageOf, Floats>, 1e-5},
    {"", "GlobalAveragePool", 1, 1, Floats::kMask, PlanGlobal<AverageOf, Floats>, 1e-5},
    {"", "GlobalLpPool", 1, 1, Floats::kMask, PlanGlobal<LpOf, Floats>, 1e-5},
    {"", "GlobalMaxPool", 1, 1, Floats::kMask, PlanGlobal<MaxOf, Floats>, 0},
    {"", "LpPool", 18, 18, Floats::kMask, PlanPool<LpOf, Floats>, 1e-5},
    {"", "MaxPool", 10, 10, MaxTypes::kMask, PlanPool<MaxOf, MaxTypes>, 0},
};

}  // namespace

KernelRows ref_pool_rows() { return kRows; }

}  // namespace tenon::operators
