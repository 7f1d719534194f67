// The 16-bit floats as types to compute with: they become float, and round to nearest even on the
// way back.
#pragma once

#include "support/half.h"
#include "support/types.h"

namespace tenon::operators {

struct Float16 {
  uint16_t bits = 0;
  Float16() = default;
  explicit Float16(float value) : bits(HalfFromFloat(value)) {}
  operator float() const { return FloatFromHalf(bits); }  // NOLINT
};
struct BFloat16 {
  uint16_t bits = 0;
  BFloat16() = default;
  explicit BFloat16(float value) : bits(Bfloat16FromFloat(value)) {}
  operator float() const { return FloatFromBfloat16(bits); }  // NOLINT
};
template <>
inline constexpr DataType kTypeOf<Float16> = DataType::kFloat16;
template <>
inline constexpr DataType kTypeOf<BFloat16> = DataType::kBfloat16;

using AllFloats = TypeList<float, double, Float16, BFloat16>;
using AllNumbers = Join<AllFloats, Ints>::Type;
using AllNumbersAndBool = Join<AllNumbers, Bools>::Type;

// What T computes in: float for the 16-bit floats; for integers unsigned ones, which wrap (and are
// not narrower than int, whose products could overflow).
template <typename T, bool = std::is_integral_v<T>>
struct ArithmeticOf {
  using Type = std::conditional_t<(sizeof(T) < 4), uint32_t, std::make_unsigned_t<T>>;
};
template <>
struct ArithmeticOf<bool, true> {
  using Type = bool;
};
template <typename T>
struct ArithmeticOf<T, false> {
  using Type = T;
};
template <>
struct ArithmeticOf<Float16, false> {
  using Type = float;
};
template <>
struct ArithmeticOf<BFloat16, false> {
  using Type = float;
};
// T, or float for the 16-bit floats.
template <typename T>
using Comparable = std::conditional_t<std::is_integral_v<T>, T, typename ArithmeticOf<T>::Type>;
template <typename T>
using Arithmetic = typename ArithmeticOf<T>::Type;

}  // namespace tenon::operators
