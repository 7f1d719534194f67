// Cast between numbers, bool and the 16-bit floats.
#include "support/half.h"
#include "support/math.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

// The 16-bit floats as types of their own.
struct Half {
  uint16_t bits;
};
struct Bfloat16 {
  uint16_t bits;
};

template <typename To, typename From>
To Convert(From value) {
  if constexpr (std::is_same_v<From, Half>) {
    return Convert<To>(FloatFromHalf(value.bits));
  } else if constexpr (std::is_same_v<From, Bfloat16>) {
    return Convert<To>(FloatFromBfloat16(value.bits));
  } else if constexpr (std::is_same_v<To, Half>) {
    return {HalfFromFloat(static_cast<float>(value))};
  } else if constexpr (std::is_same_v<To, Bfloat16>) {
    return {Bfloat16FromFloat(static_cast<float>(value))};
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From(0);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return SaturateCast<To>(value);
  } else {
    return static_cast<To>(value);  // integers wrap
  }
}

template <typename From, typename To>
class CastPlan final : public KernelPlan {
 public:
  explicit CastPlan(int64_t count) : count_(count) {}
  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const From*>(arguments.inputs[0]);
    auto* y = static_cast<To*>(arguments.outputs[0]);
    ForElements(arguments.parallel, count_, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) y[i] = Convert<To>(x[i]);
    });
    return {};
  }

 private:
  int64_t count_;
};

// Calls f with a value of the C++ type of `type`; otherwise() where there is none.
template <typename F, typename G>
PlanResult WithType(DataType type, const F& f, const G& otherwise) {
  if (type == DataType::kFloat16) return f(Half{});
  if (type == DataType::kBfloat16) return f(Bfloat16{});
  return Dispatch(
      NumbersAndBool{}, type, [&]<typename T>() -> PlanResult { return f(T{}); }, otherwise);
}

PlanResult PlanCast(const NodeView& node, Specs inputs, Specs outputs) {
  const DataType from = inputs[0].type, to = outputs[0].type;
  const auto refuse = [&]() -> PlanResult {
    return Unsupported(node, "has no reference kernel from ", from, " to ", to);
  };
  const int64_t count = inputs[0].shape.ElementCount();
  return WithType(
      from,
      [&]<typename From>(From) -> PlanResult {
        return WithType(
            to,
            [&]<typename To>(To) -> PlanResult {
              return Plan(std::make_unique<CastPlan<From, To>>(count));
            },
            refuse);
      },
      refuse);
}

constexpr uint64_t kTypes =
    NumbersAndBool::kMask | Bit(DataType::kFloat16) | Bit(DataType::kBfloat16);
constexpr Kernel kRows[] = {
    {"", "Cast", 24, 24, kTypes, PlanCast, 0},
    {"", "CastLike", 24, 24, kTypes, PlanCast, 0},
};

}  // namespace

KernelRows ref_cast_rows() { return kRows; }

}  // namespace tenon::operators
