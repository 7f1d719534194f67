// Elementwise kernels of one input. An operator is a struct that is made from its node's attributes
// and called on an element; the loop is one for all.
#include <cmath>
#include <limits>
#include <numbers>

#include "support/math.h"
#include "support/plan.h"
#include "support/widened.h"

namespace tenon::operators {
namespace {

template <typename T, typename Op>
class UnaryPlan final : public KernelPlan {
 public:
  using Out = decltype(std::declval<const Op&>()(T{}));
  UnaryPlan(const NodeView& node, int64_t count) : op_(node), count_(count) {}

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<Out*>(arguments.outputs[0]);
    ForElements(arguments.parallel, count_, [this, x, y](int64_t begin, int64_t end) {
      const Op op = op_;
#pragma GCC ivdep
      for (int64_t i = begin; i < end; ++i) y[i] = static_cast<Out>(op(x[i]));
    });
    return {};
  }

 private:
  Op op_;
  int64_t count_;
};

template <template <typename> class Op, typename List>
PlanResult PlanUnary(const NodeView& node, Specs inputs, Specs) {
  const int64_t count = inputs[0].shape.ElementCount();
  return PlanForType(node, List{}, inputs[0].type, [&]<typename T>() {
    return std::make_unique<UnaryPlan<T, Op<T>>>(node, count);
  });
}

// Operators without attributes, and with one or two.
#define TENON_UNARY(Name, expression)                              \
  template <typename T>                                            \
  struct Name {                                                    \
    explicit Name(const NodeView&) {}                              \
    T operator()(T x) const { return static_cast<T>(expression); } \
  };
#define TENON_UNARY_BOOL(Name, expression)            \
  template <typename T>                               \
  struct Name {                                       \
    explicit Name(const NodeView&) {}                 \
    bool operator()(T x) const { return expression; } \
  };
#define TENON_UNARY_ATTRIBUTES(Name, expression, a_name, a_default, b_name, b_default) \
  template <typename T>                                                                \
  struct Name {                                                                        \
    explicit Name(const NodeView& node)                                                \
        : a(node.Float(a_name, a_default)), b(node.Float(b_name, b_default)) {}        \
    T operator()(T x) const { return static_cast<T>(expression); }                     \
    T a, b;                                                                            \
  };

// The least integer is its own magnitude: it wraps.
template <typename T>
T Negated(T x) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(uint64_t{0} - static_cast<uint64_t>(x));
  else
    return 0 - x;
}

TENON_UNARY(Abs, std::is_unsigned_v<T> ? x : x < 0 ? Negated(x) : x + 0)
template <>
float Abs<float>::operator()(float x) const {
  return std::fabs(x);
}
template <>
double Abs<double>::operator()(double x) const {
  return std::fabs(x);
}
TENON_UNARY(Acos, std::acos(x))
TENON_UNARY(Acosh, std::acosh(x))
TENON_UNARY(Asin, std::asin(x))
TENON_UNARY(Asinh, std::asinh(x))
TENON_UNARY(Atan, std::atan(x))
TENON_UNARY(Atanh, std::atanh(x))
TENON_UNARY(BitwiseNot, ~x)
TENON_UNARY(Ceil, std::ceil(x))
TENON_UNARY(Cos, std::cos(x))
TENON_UNARY(Cosh, std::cosh(x))
TENON_UNARY(Erf, std::erf(x))
TENON_UNARY(Exp, Exponential(x))
TENON_UNARY(Floor, std::floor(x))
TENON_UNARY(HardSwish, x* std::max(T(0), std::min(T(1), x / T(6) + T(0.5))))
TENON_UNARY_BOOL(IsNaN, x != x)
TENON_UNARY(Log, std::log(x))
TENON_UNARY(Mish, x* std::tanh(std::log1p(Exponential(x))))
TENON_UNARY(Reciprocal, T(1) / x)
TENON_UNARY(Relu, x > T(0) || x != x ? x : T(0))
TENON_UNARY(Round, std::nearbyint(x))
TENON_UNARY(Sigmoid, Logistic(x))
TENON_UNARY(Sin, std::sin(x))
TENON_UNARY(Sinh, std::sinh(x))
TENON_UNARY(Softplus, std::max(x, T(0)) + std::log1p(Exponential(-std::fabs(x))))
TENON_UNARY(Softsign, x / (T(1) + std::fabs(x)))
TENON_UNARY(Sqrt, std::sqrt(x))
TENON_UNARY(Tan, std::tan(x))
TENON_UNARY(Tanh, std::tanh(x))

template <typename T>
struct Neg {
  explicit Neg(const NodeView&) {}
  T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(0 -
                            static_cast<std::make_unsigned_t<T>>(x));  // wraps at the least value
    } else {
      return -x;
    }
  }
};
template <typename T>
struct Not {
  explicit Not(const NodeView&) {}
  bool operator()(bool x) const { return !x; }
};
template <typename T>
struct Sign {
  explicit Sign(const NodeView&) {}
  T operator()(T x) const {
    return static_cast<T>(x != x ? x : static_cast<T>((x > T(0)) - (x < T(0))));
  }
};

TENON_UNARY_ATTRIBUTES(Celu, x > T(0) ? x : a * std::expm1(x / a), "alpha", 1.0F, "", 0)
TENON_UNARY_ATTRIBUTES(Elu, x > T(0) ? x : a * std::expm1(x), "alpha", 1.0F, "", 0)
TENON_UNARY_ATTRIBUTES(HardSigmoid, std::max(T(0), std::min(T(1), a* x + b)), "alpha", 0.2F, "beta",
                       0.5F)
TENON_UNARY_ATTRIBUTES(LeakyRelu, x >= T(0) ? x : a * x, "alpha", 0.01F, "", 0)
TENON_UNARY_ATTRIBUTES(Selu, b*(x > T(0) ? x : a * std::expm1(x)), "alpha",
                       1.67326319217681884765625F, "gamma", 1.05070102214813232421875F)
TENON_UNARY_ATTRIBUTES(Swish, x* Logistic(a* x), "alpha", 1.0F, "", 0)
TENON_UNARY_ATTRIBUTES(ThresholdedRelu, x > a ? x : T(0), "alpha", 1.0F, "", 0)

// Integers are shrunk as real numbers.
template <typename T>
struct Shrink {
  using Real = std::conditional_t<std::is_integral_v<T>, double, T>;
  explicit Shrink(const NodeView& node)
      : lambd(node.Float("lambd", 0.5F)), bias(node.Float("bias", 0.0F)) {}
  T operator()(T value) const {
    const auto x = static_cast<Real>(value);
    const auto y = static_cast<Real>(x < -lambd ? x + bias : x > lambd ? x - bias : Real(0));
    if constexpr (std::is_integral_v<T>)
      return SaturateCast<T>(y);
    else
      return y;
  }
  Real lambd, bias;
};

template <typename T>
struct GeluExact {
  explicit GeluExact(const NodeView&) {}
  T operator()(T x) const {
    return T(0.5) * x * (T(1) + std::erf(x * static_cast<T>(std::numbers::sqrt2 / 2)));
  }
};
template <typename T>
struct GeluTanh {
  explicit GeluTanh(const NodeView&) {}
  T operator()(T x) const {
    constexpr T scale = static_cast<T>(std::numbers::sqrt2 * std::numbers::inv_sqrtpi);
    return T(0.5) * x * (T(1) + std::tanh(scale * (x + T(0.044715) * x * x * x)));
  }
};
PlanResult PlanGelu(const NodeView& node, Specs inputs, Specs outputs) {
  const std::string_view approximate = node.String("approximate", "none");
  if (approximate == "none") return PlanUnary<GeluExact, Floats>(node, inputs, outputs);
  if (approximate == "tanh") return PlanUnary<GeluTanh, Floats>(node, inputs, outputs);
  return Invalid(node, "attribute approximate is \"", approximate,
                 "\" (expected \"none\" or \"tanh\")");
}

template <typename T>
struct IsInf {
  explicit IsInf(const NodeView& node)
      : positive(node.Int("detect_positive", 1) != 0),
        negative(node.Int("detect_negative", 1) != 0) {}
  bool operator()(T x) const {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    return (positive && x == infinity) || (negative && x == -infinity);
  }
  bool positive, negative;
};

template <template <typename> class Op, typename List = Floats>
constexpr Kernel Row(std::string_view name, int revision = 1, double error_bound = 1e-6) {
  constexpr uint64_t halves = (List::kMask & Bit(DataType::kFloat32)) != 0 ? kHalves : 0;
  return {"",         name, revision, revision, List::kMask | halves, Widened<PlanUnary<Op, List>>,
          error_bound};
}

constexpr Kernel kRows[] = {
    Row<Abs, Numbers>("Abs", 1, 0),
    Row<Acos>("Acos", 7),
    Row<Acosh>("Acosh", 9),
    Row<Asin>("Asin", 7),
    Row<Asinh>("Asinh", 9),
    Row<Atan>("Atan", 7),
    Row<Atanh>("Atanh", 9),
    Row<BitwiseNot, Ints>("BitwiseNot", 18, 0),
    Row<Ceil>("Ceil", 1, 0),
    Row<Celu>("Celu", 12),
    Row<Cos>("Cos", 7),
    Row<Cosh>("Cosh", 9),
    Row<Elu>("Elu"),
    Row<Erf>("Erf", 9),
    Row<Exp>("Exp"),
    Row<Floor>("Floor", 1, 0),
    {"", "Gelu", 20, 20, Floats::kMask | kHalves, Widened<PlanGelu>, 1e-6},
    Row<HardSigmoid>("HardSigmoid"),
    Row<HardSwish>("HardSwish", 14),
    Row<IsInf>("IsInf", 10, 0),
    Row<IsNaN>("IsNaN", 9, 0),
    Row<LeakyRelu>("LeakyRelu"),
    Row<Log>("Log"),
    Row<Mish>("Mish", 18),
    Row<Neg, Signed>("Neg", 1, 0),
    Row<Not, Bools>("Not", 1, 0),
    Row<Reciprocal>("Reciprocal"),
    Row<Relu, Signed>("Relu", 1, 0),
    Row<Round>("Round", 11, 0),
    Row<Selu>("Selu"),
    Row<Shrink, Signed>("Shrink", 9),
    Row<Sigmoid>("Sigmoid"),
    Row<Sign, Numbers>("Sign", 9, 0),
    Row<Sin>("Sin", 7),
    Row<Sinh>("Sinh", 9),
    Row<Softplus>("Softplus"),
    Row<Softsign>("Softsign"),
    Row<Sqrt>("Sqrt", 1, 0),
    Row<Swish>("Swish", 24),
    Row<Tan>("Tan", 7),
    Row<Tanh>("Tanh"),
    Row<ThresholdedRelu>("ThresholdedRelu", 10, 0),
};

}  // namespace

KernelRows ref_unary_rows() { return kRows; }

}  // namespace tenon::operators
