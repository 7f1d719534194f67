// Elementwise kernels of two or more inputs. An operator is a struct that is called on two
// elements; the loops are one for all.
// Compiled in two parts by type, see support/types.h.
#pragma once

#include <cmath>
#include <vector>

#include "support/broadcast.h"
#include "support/math.h"
#include "support/widened.h"

namespace tenon::operators::binary {

template <typename A, typename B, typename Out, typename Op>
void BinaryRow(const Op& op, const A* a, int64_t a_stride, const B* b, int64_t b_stride, Out* y,
               int64_t count) {
  if constexpr (!std::is_floating_point_v<A>) {
    // One plain loop: integers are indices and masks, and a vector loop for each of their types is
    // much code.
    for (int64_t i = 0; i < count; ++i) y[i] = op(a[i * a_stride], b[i * b_stride]);
  } else if (a_stride != 0 && b_stride != 0) {
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) y[i] = op(a[i], b[i]);
  } else if (a_stride != 0) {
    const B right = *b;
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) y[i] = op(a[i], right);
  } else if (b_stride != 0) {
    const A left = *a;
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) y[i] = op(left, b[i]);
  } else {
    std::fill_n(y, count, static_cast<Out>(op(*a, *b)));
  }
}

template <typename T, typename Op, typename B = T>
class BinaryPlan final : public KernelPlan {
 public:
  using Out = decltype(std::declval<const Op&>()(T{}, B{}));
  BinaryPlan(const NodeView& node, Specs inputs, Specs outputs)
      : op_(node), walk_({inputs[0].shape, inputs[1].shape}, outputs[0].shape) {}

  Status Run(const KernelArguments& arguments) const override {
    const auto* a = static_cast<const T*>(arguments.inputs[0]);
    const auto* b = static_cast<const B*>(arguments.inputs[1]);
    auto* y = static_cast<Out*>(arguments.outputs[0]);
    walk_.Run(arguments.parallel, [=, this](int64_t out, const auto& in, int64_t count) {
      BinaryRow(op_, a + in[0], walk_.inner_stride(0), b + in[1], walk_.inner_stride(1), y + out,
                count);
    });
    return {};
  }

 private:
  Op op_;
  Broadcast<2> walk_;
};

template <template <typename> class Op, typename List>
PlanResult PlanBinary(const NodeView& node, Specs inputs, Specs outputs) {
  if (inputs[1].type != inputs[0].type) {
    return Unsupported(node, "has inputs of ", inputs[0].type, " and ", inputs[1].type);
  }
  return PlanForType(node, List{}, inputs[0].type, [&]<typename T>() {
    return std::make_unique<BinaryPlan<T, Op<T>>>(node, inputs, outputs);
  });
}

// Any number of inputs: y = op(... op(op(x0, x1), x2) ...), then `finish` (Mean divides).
template <typename T, typename Op>
class VariadicPlan final : public KernelPlan {
 public:
  VariadicPlan(const NodeView& node, Specs inputs, Specs outputs)
      : op_(node), mean_(node.op == "Mean") {
    const Shape& output = outputs[0].shape;
    count_ = output.ElementCount();
    steps_.emplace_back(std::array{inputs[0].shape, output}, output);
    for (size_t i = 1; i < inputs.size(); ++i) {
      steps_.emplace_back(std::array{inputs[i].shape, i == 1 ? inputs[0].shape : output}, output);
    }
  }

  Status Run(const KernelArguments& arguments) const override {
    auto* y = static_cast<T*>(arguments.outputs[0]);
    if (steps_.size() == 1) {
      Step(arguments, 0, y, y, [](T x, T) { return x; });
    }
    for (size_t i = 1; i < steps_.size(); ++i) {
      Step(arguments, i, i == 1 ? static_cast<const T*>(arguments.inputs[0]) : y, y, op_);
    }
    if (mean_) {
      const T count = static_cast<T>(steps_.size());
      ForElements(arguments.parallel, count_, [y, count](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) y[i] /= count;
      });
    }
    return {};
  }

 private:
  template <typename F>
  void Step(const KernelArguments& arguments, size_t index, const T* left, T* y, const F& f) const {
    const auto* x = static_cast<const T*>(arguments.inputs[index]);
    const Broadcast<2>& walk = steps_[index];
    walk.Run(arguments.parallel, [=, &walk, &f](int64_t out, const auto& in, int64_t count) {
      BinaryRow(f, x + in[0], walk.inner_stride(0), left + in[1], walk.inner_stride(1), y + out,
                count);
    });
  }

  Op op_;
  bool mean_;
  int64_t count_ = 0;
  std::vector<Broadcast<2>> steps_;
};

template <template <typename> class Op, typename List>
PlanResult PlanVariadic(const NodeView& node, Specs inputs, Specs outputs) {
  return PlanForType(node, List{}, inputs[0].type, [&]<typename T>() {
    return std::make_unique<VariadicPlan<T, Op<T>>>(node, inputs, outputs);
  });
}

// Integers wrap instead of being undefined; dividing by zero gives zero.
template <typename T>
using Wrap = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;

#define TENON_BINARY(Name, Result, expression)                                    \
  template <typename T>                                                           \
  struct Name {                                                                   \
    explicit Name(const NodeView&) {}                                             \
    Result operator()(T a, T b) const { return static_cast<Result>(expression); } \
  };
TENON_BINARY(Add, T, static_cast<Wrap<T>>(a) + static_cast<Wrap<T>>(b))
TENON_BINARY(Sub, T, static_cast<Wrap<T>>(a) - static_cast<Wrap<T>>(b))
TENON_BINARY(Mul, T, static_cast<Wrap<T>>(a) * static_cast<Wrap<T>>(b))
TENON_BINARY(Minimum, T, b < a || b != b ? b : a)
TENON_BINARY(Maximum, T, b > a || b != b ? b : a)
TENON_BINARY(And, bool, (a && b))
TENON_BINARY(Or, bool, a || b)
TENON_BINARY(Xor, bool, a != b)
TENON_BINARY(BitwiseAnd, T, (a & b))
TENON_BINARY(BitwiseOr, T, a | b)
TENON_BINARY(BitwiseXor, T, a ^ b)
TENON_BINARY(Equal, bool, a == b)
TENON_BINARY(Greater, bool, a > b)
TENON_BINARY(GreaterOrEqual, bool, a >= b)
TENON_BINARY(Less, bool, a < b)
TENON_BINARY(LessOrEqual, bool, a <= b)
TENON_BINARY(PRelu, T,
             a < T(0) ? static_cast<T>(static_cast<Wrap<T>>(a) * static_cast<Wrap<T>>(b)) : a)

template <typename T>
struct Div {
  explicit Div(const NodeView&) {}
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>) {
        if (b == -1) return static_cast<T>(0 - static_cast<uint64_t>(a));
      }
    }
    return static_cast<T>(a / b);
  }
};

// fmod != 0: the sign of the dividend, as C's; else the sign of the divisor, as Python's.
template <typename T>
struct Mod {
  explicit Mod(const NodeView& node) : c_sign(node.Int("fmod", 0) != 0) {}
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>) {
        if (b == -1) return 0;
      }
      const T rest = static_cast<T>(a % b);
      return !c_sign && rest != 0 && (rest < 0) != (b < 0) ? static_cast<T>(rest + b) : rest;
    } else {
      const T rest = std::fmod(a, b);
      if (c_sign || rest != rest) return rest;
      if (rest == 0) return std::copysign(rest, b);
      return (rest < 0) != (b < 0) ? rest + b : rest;
    }
  }
  bool c_sign;
};

template <typename T>
struct BitShift {
  explicit BitShift(const NodeView& node) : left(node.String("direction", "") == "LEFT") {}
  T operator()(T a, T b) const {
    if (static_cast<std::make_unsigned_t<T>>(b) >= sizeof(T) * 8)
      return left || a >= 0 ? T(0) : static_cast<T>(-1);
    return static_cast<T>(left ? a << b : a >> b);
  }
  bool left;
};

template <typename T, typename B>
struct Pow {
  explicit Pow(const NodeView&) {}
  T operator()(T a, B b) const {
    if constexpr (std::is_integral_v<T> && std::is_integral_v<B>) {
      if (b < 0) return a == 1 ? T(1) : a == T(-1) ? static_cast<T>(b % 2 != 0 ? -1 : 1) : T(0);
      uint64_t result = 1;
      auto base = static_cast<uint64_t>(a);
      for (auto rest = static_cast<uint64_t>(b); rest != 0; rest >>= 1, base *= base) {
        if (rest & 1) result *= base;
      }
      return static_cast<T>(result);
    } else if constexpr (std::is_integral_v<T>) {
      return SaturateCast<T>(std::pow(static_cast<double>(a), static_cast<double>(b)));
    } else {
      return b == B(2) ? a * a : static_cast<T>(std::pow(a, static_cast<T>(b)));
    }
  }
};
template <typename Part>
using PowTypes = typename Only<Part, TypeList<float, double, int32_t, int64_t>>::Type;
template <typename Part>
PlanResult PlanPow(const NodeView& node, Specs inputs, Specs outputs) {
  const auto refuse = [&]() -> PlanResult {
    return Unsupported(node, "has no reference kernel for ", inputs[0].type, " and ",
                       inputs[1].type);
  };
  return Dispatch(
      PowTypes<Part>{}, inputs[0].type,
      [&]<typename T>() -> PlanResult {
        return Dispatch(
            Numbers{}, inputs[1].type,
            [&]<typename B>() -> PlanResult {
              return Plan(std::make_unique<BinaryPlan<T, Pow<T, B>, B>>(node, inputs, outputs));
            },
            refuse);
      },
      refuse);
}

// float32's kernels take the 16-bit floats, too.
template <typename Types>
inline constexpr uint64_t kMaskOf = Types::kMask |
                                    ((Types::kMask & Bit(DataType::kFloat32)) != 0 ? kHalves : 0);

template <typename Part, template <typename> class Op, typename List = Numbers>
constexpr Kernel Row(std::string_view name, int revision = 7, double error_bound = 0) {
  using Types = typename Only<Part, List>::Type;
  return {"",         name, revision, revision, kMaskOf<Types>, Widened<PlanBinary<Op, Types>>,
          error_bound};
}
template <typename Part, template <typename> class Op, typename List = Numbers>
constexpr Kernel VariadicRow(std::string_view name, double error_bound = 0) {
  constexpr int revision = 8;
  using Types = typename Only<Part, List>::Type;
  return {"",         name, revision, revision, kMaskOf<Types>, Widened<PlanVariadic<Op, Types>>,
          error_bound};
}

template <typename Part>
inline constexpr Kernel kRows[] = {
    Row<Part, Add>("Add"),
    Row<Part, And, Bools>("And"),
    Row<Part, BitShift, Ints>("BitShift", 11),
    Row<Part, BitwiseAnd, Ints>("BitwiseAnd", 18),
    Row<Part, BitwiseOr, Ints>("BitwiseOr", 18),
    Row<Part, BitwiseXor, Ints>("BitwiseXor", 18),
    Row<Part, Div>("Div"),
    Row<Part, Equal, NumbersAndBool>("Equal"),
    Row<Part, Greater>("Greater"),
    Row<Part, GreaterOrEqual>("GreaterOrEqual", 12),
    Row<Part, Less>("Less"),
    Row<Part, LessOrEqual>("LessOrEqual", 12),
    VariadicRow<Part, Maximum>("Max"),
    VariadicRow<Part, Add, Floats>("Mean", 1e-6),
    VariadicRow<Part, Minimum>("Min"),
    Row<Part, Mod>("Mod", 28),
    Row<Part, Mul>("Mul"),
    Row<Part, Or, Bools>("Or"),
    Row<Part, PRelu>("PRelu"),
    {"", "Pow", 7, 7, kMaskOf<PowTypes<Part>>, Widened<PlanPow<Part>>, 1e-6},
    Row<Part, Sub>("Sub"),
    VariadicRow<Part, Add, Floats>("Sum", 1e-6),
    Row<Part, Xor, Bools>("Xor"),
};

}  // namespace tenon::operators::binary
