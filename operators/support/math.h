// Functions that the compiler can vectorise: no branches, no calls.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace tenon::operators {

// The nearest value of the integer type T towards zero; the ends of its range beyond them, 0 for
// NaN.
template <typename T, typename F>
inline T SaturateCast(F value) {
  constexpr T least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
  if (value != value) return 0;
  if (value <= static_cast<F>(least)) return least;
  if (value >= static_cast<F>(most)) return most;
  return static_cast<T>(value);
}

// e^x to 2 units in the last place: x = n ln 2 + r, a polynomial in r (Cephes, expf.c), n into the
// exponent in two steps so that subnormal results come out right.
inline float Exponential(float x) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  const float bounded = std::max(-104.0F, std::min(89.0F, x));
  const float shifted = bounded * 1.44269504088896341F + kRound;
  const float n = shifted - kRound;
  const float r = (bounded - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * (r * r) + r + 1.0F;
  const auto exponent = static_cast<int32_t>(n);
  const int32_t half = exponent >> 1;
  const float low = std::bit_cast<float>((half + 127) << 23);
  const float high = std::bit_cast<float>((exponent - half + 127) << 23);
  const float result = p * low * high;
  return x != x ? x : result;
}
inline double Exponential(double x) { return std::exp(x); }

// 1 / (1 + e^-x).
template <typename T>
inline T Logistic(T x) {
  return T(1) / (T(1) + Exponential(-x));
}

}  // namespace tenon::operators
