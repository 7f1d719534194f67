// Functions that the compiler can vectorise: no branches, no calls.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace tenon::operators {

// The nearest value of the integer type T towards zero; the ends of its range beyond them, 0 for
// NaN. To a float as static_cast.
template <typename T, typename F>
inline T SaturateCast(F value) {
  if constexpr (!std::is_integral_v<T>) return static_cast<T>(value);
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

// tanh to 4e-7: an odd polynomial over an even one (Eigen, ptanh_float), constant beyond 7.9.
inline float HyperbolicTangent(float x) {
  const float bounded = std::max(-7.90531110763549805F, std::min(7.90531110763549805F, x));
  const float square = bounded * bounded;
  float p = -2.76076847742355e-16F;
  p = p * square + 2.00018790482477e-13F;
  p = p * square - 8.60467152213735e-11F;
  p = p * square + 5.12229709037114e-08F;
  p = p * square + 1.48572235717979e-05F;
  p = p * square + 6.37261928875436e-04F;
  p = p * square + 4.89352455891786e-03F;
  float q = 1.19825839466702e-06F;
  q = q * square + 1.18534705686654e-04F;
  q = q * square + 2.26843463243900e-03F;
  q = q * square + 4.89352518554385e-03F;
  return x != x ? x : bounded * p / q;
}
inline double HyperbolicTangent(double x) { return std::tanh(x); }

}  // namespace tenon::operators
