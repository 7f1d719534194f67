// Reductions over any set of axes. Neighbouring axes that are both kept or both reduced are joined
// first, so that the innermost dimension is either a row to be reduced (in 16 parts) or a row of
// results (reduced side by side).
// Compiled in two parts by type, see support/types.h.
#pragma once

#include <cmath>
#include <limits>

#include "support/math.h"
#include "support/strided_copy.h"

namespace tenon::operators::reduce {

// Dimensions of one kind, the innermost first.
struct Dims {
  int rank = 0;
  std::array<int64_t, kMaxRank> dims{}, strides{};
  int64_t count = 1;

  void AddOuter(int64_t dim, int64_t stride) {
    dims[static_cast<size_t>(rank)] = dim;
    strides[static_cast<size_t>(rank++)] = stride;
    count *= dim;
  }
  int64_t Offset(int64_t index) const {
    int64_t offset = 0;
    for (size_t i = 0; i < static_cast<size_t>(rank); ++i) {
      offset += index % dims[i] * strides[i];
      index /= dims[i];
    }
    return offset;
  }
};

// Kept and reduced dimensions of one run.
struct Layout {
  Dims kept, reduced;
  bool rows_reduced = true;  // the innermost dimension is reduced
  int64_t width = 1;         // results that lie side by side

  Layout(const Shape& x, uint32_t bits) {
    int64_t stride = 1;
    bool first = true, last_reduced = false;
    for (int i = x.rank() - 1; i >= 0; stride *= x[i], --i) {
      if (x[i] == 1) continue;
      const bool is_reduced = (bits >> i & 1) != 0;
      Dims& dims = is_reduced ? reduced : kept;
      if (!first && is_reduced == last_reduced) {
        dims.dims[static_cast<size_t>(dims.rank - 1)] *= x[i];
        dims.count *= x[i];
      } else {
        dims.AddOuter(x[i], stride);
      }
      if (first) rows_reduced = is_reduced;
      first = false;
      last_reduced = is_reduced;
    }
    if (first) reduced.AddOuter(1, 1);  // one element
    width = rows_reduced ? 1 : kept.dims[0];
  }
};

// The axes come with the run; the planned output's shape must be theirs.
template <typename T, typename Op>
class ReducePlan final : public KernelPlan {
 public:
  ReducePlan(const NodeView& node, Specs inputs, Specs outputs)
      : node_(node), x_(inputs[0].shape), count_(outputs[0].shape.ElementCount()) {
    if (Has(inputs, 1)) {
      axes_ = static_cast<int>(inputs[1].shape.ElementCount());
      axes_type_ = inputs[1].type;
    }
    if (axes_ == 0 && node.Int("noop_with_empty_axes", 0) == 0) axes_ = -1;
  }

  Status Run(const KernelArguments& arguments) const override {
    uint32_t bits = axes_ < 0 ? ~0u : 0u;
    for (int i = 0; i < axes_; ++i) {
      const int64_t axis = IntAt({axes_type_, Shape(), arguments.inputs[1]}, i);
      if (axis < -x_.rank() || axis >= x_.rank())
        return Invalid(node_, "axes of this run are out of range");
      bits |= 1u << (axis < 0 ? axis + x_.rank() : axis);
    }
    const Layout layout(x_, bits);
    if (layout.kept.count != count_) return Invalid(node_, "was planned for other axes");
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    const auto from = [&](int64_t kept) {  // an empty tensor has no address
      return x == nullptr ? x : x + layout.kept.Offset(kept);
    };
    auto* y = static_cast<T*>(arguments.outputs[0]);
    if (count_ == 0) return {};
    if (layout.rows_reduced) {
      const int64_t chunk =
          std::max<int64_t>(1, kElementChunk / std::max<int64_t>(1, layout.reduced.count));
      ForElements(
          arguments.parallel, count_,
          [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) y[i] = ReduceRows(layout.reduced, from(i));
          },
          chunk);
      return {};
    }
    const int64_t width = layout.width, blocks = (width + kBlock - 1) / kBlock;
    ForElements(
        arguments.parallel, count_ / width * blocks,
        [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const int64_t at = i / blocks * width + i % blocks * kBlock;
            ReduceSide(layout.reduced, from(at), std::min(kBlock, width - i % blocks * kBlock),
                       y + at);
          }
        },
        std::max<int64_t>(1, kElementChunk / std::max<int64_t>(1, layout.reduced.count *
                                                                      std::min(kBlock, width))));
    return {};
  }

 private:
  static constexpr int64_t kBlock = 256;
  using State = typename Op::State;

  static T ReduceRows(const Dims& reduced, const T* x) {
    if (reduced.count == 0) return Op::Finish(Op::Start(T(0)), 0);
    const T shift = Op::kShifted ? Largest(reduced, x) : T(0);
    const int64_t row = reduced.dims[0], rows = reduced.count / row;
    State parts[16];
    std::fill_n(parts, 16, Op::Start(shift));
    for (int64_t r = 0; r < rows; ++r) {
      const T* from = x + (rows == 1 ? 0 : reduced.Offset(r * row));
      int64_t i = 0;
      for (; i + 16 <= row; i += 16) {
        for (int64_t j = 0; j < 16; ++j) parts[j] = Op::Add(parts[j], Op::Map(from[i + j], shift));
      }
      for (int64_t j = 0; i < row; ++i, ++j) parts[j] = Op::Add(parts[j], Op::Map(from[i], shift));
    }
    State sum = parts[0];
    for (int j = 1; j < 16; ++j) sum = Op::Add(sum, parts[j]);
    return static_cast<T>(Op::Finish(sum, reduced.count) +
                          static_cast<State>(Op::kShifted ? shift : T(0)));
  }
  static void ReduceSide(const Dims& reduced, const T* x, int64_t width, T* y) {
    T shifts[kBlock];
    State states[kBlock];
    for (int64_t j = 0; j < width; ++j) {
      shifts[j] = Op::kShifted && reduced.count > 0 ? Largest(reduced, x + j) : T(0);
      states[j] = Op::Start(shifts[j]);
    }
    for (int64_t r = 0; r < reduced.count; ++r) {
      const T* from = x + reduced.Offset(r);
      for (int64_t j = 0; j < width; ++j)
        states[j] = Op::Add(states[j], Op::Map(from[j], shifts[j]));
    }
    for (int64_t j = 0; j < width; ++j) {
      y[j] = static_cast<T>(Op::Finish(states[j], reduced.count) +
                            static_cast<State>(Op::kShifted ? shifts[j] : T(0)));
    }
  }
  // For LogSumExp: finite, so that differences to it are numbers.
  static T Largest(const Dims& reduced, const T* x) {
    T largest = std::numeric_limits<T>::lowest();
    for (int64_t r = 0; r < reduced.count; ++r) largest = std::max(largest, x[reduced.Offset(r)]);
    return std::min(largest, std::numeric_limits<T>::max());
  }

  NodeView node_;
  Shape x_;
  int64_t count_;
  int axes_ = 0;  // how many there are; -1: all
  DataType axes_type_ = DataType::kInt64;
};

// Operators: the state's type and start, what an element becomes, how two states join, what the
// result is.
template <typename T>
using Wide = std::conditional_t<std::is_integral_v<T>, int64_t, T>;
template <typename T>
struct Sum {
  using State = Wide<T>;
  static constexpr bool kShifted = false;
  static State Start(T) { return 0; }
  static State Map(T x, T) { return static_cast<State>(x); }
  static State Add(State a, State b) {
    if constexpr (std::is_integral_v<T>)
      return static_cast<State>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    return a + b;
  }
  static State Finish(State sum, int64_t) { return sum; }
};
template <typename T>
struct Mean : Sum<T> {
  using typename Sum<T>::State;
  static State Finish(State sum, int64_t count) {
    if constexpr (std::is_integral_v<T>) {
      if (count == 0) return 0;
    }
    return sum / static_cast<State>(count);
  }
};
template <typename T>
struct L1 : Sum<T> {
  using typename Sum<T>::State;
  static State Map(T x, T) {
    if constexpr (std::is_integral_v<T>)  // the least integer wraps
      return static_cast<State>(x < 0 ? uint64_t{0} - static_cast<uint64_t>(static_cast<State>(x))
                                      : static_cast<uint64_t>(x));
    else
      return static_cast<State>(x < 0 ? T(0) - x : x);
  }
};
template <typename T>
struct SumSquare : Sum<T> {
  using typename Sum<T>::State;
  static State Map(T x, T) {
    const auto wide = static_cast<State>(x);
    if constexpr (std::is_integral_v<T>)
      return static_cast<State>(static_cast<uint64_t>(wide) * static_cast<uint64_t>(wide));
    return wide * wide;
  }
};
template <typename T>
struct L2 : SumSquare<T> {
  using typename SumSquare<T>::State;
  static State Finish(State sum, int64_t) { return static_cast<State>(std::sqrt(sum)); }
};
template <typename T>
struct LogSum : Sum<T> {
  using typename Sum<T>::State;
  static State Finish(State sum, int64_t) { return static_cast<State>(std::log(sum)); }
};
template <typename T>
struct LogSumExp : LogSum<T> {
  using typename LogSum<T>::State;
  static constexpr bool kShifted = true;
  static State Map(T x, T shift) { return Exponential(x - shift); }
};
template <typename T>
struct Prod {
  using State = Wide<T>;
  static constexpr bool kShifted = false;
  static State Start(T) { return 1; }
  static State Map(T x, T) { return static_cast<State>(x); }
  static State Add(State a, State b) {
    if constexpr (std::is_integral_v<T>)
      return static_cast<State>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    return a * b;
  }
  static State Finish(State product, int64_t) { return product; }
};
template <typename T, bool kLargest>
struct Extreme {
  using State = T;
  using Limits = std::numeric_limits<T>;
  static constexpr bool kShifted = false;
  static State Start(T) {
    constexpr T infinity = Limits::has_infinity ? Limits::infinity() : Limits::max();
    if constexpr (kLargest)
      return Limits::has_infinity ? static_cast<T>(-infinity) : Limits::lowest();
    return infinity;
  }
  static State Map(T x, T) { return x; }
  static State Add(State a, State b) { return (kLargest ? b > a : b < a) || b != b ? b : a; }
  static State Finish(State best, int64_t) { return best; }
};
template <typename T>
using Max = Extreme<T, true>;
template <typename T>
using Min = Extreme<T, false>;

template <template <typename> class Op, typename List>
PlanResult PlanReduce(const NodeView& node, Specs inputs, Specs outputs) {
  return PlanForType(node, List{}, inputs[0].type, [&]<typename T>() {
    return std::make_unique<ReducePlan<T, Op<T>>>(node, inputs, outputs);
  });
}

using SumTypes = TypeList<float, double, int32_t, int64_t>;
using ExtremeTypes = TypeList<float, double, int32_t, int64_t, int8_t, uint8_t, bool>;
template <typename Part, template <typename> class Op, typename List = SumTypes>
constexpr Kernel Row(std::string_view name, int revision = 18, double error_bound = 1e-5) {
  using Types = typename Only<Part, List>::Type;
  return {"", name, revision, revision, Types::kMask, PlanReduce<Op, Types>, error_bound};
}

template <typename Part>
inline constexpr Kernel kRows[] = {
    Row<Part, L1>("ReduceL1"),
    Row<Part, L2, Floats>("ReduceL2"),
    Row<Part, LogSum, Floats>("ReduceLogSum"),
    Row<Part, LogSumExp, Floats>("ReduceLogSumExp"),
    Row<Part, Max, ExtremeTypes>("ReduceMax", 18, 0),
    Row<Part, Mean>("ReduceMean"),
    Row<Part, Min, ExtremeTypes>("ReduceMin", 18, 0),
    Row<Part, Prod>("ReduceProd"),
    Row<Part, Sum>("ReduceSum", 13),
    Row<Part, SumSquare>("ReduceSumSquare"),
};

}  // namespace tenon::operators::reduce
