// Mean and variance of contiguous values, for the normalising kernels.
#pragma once

#include <cmath>
#include <cstdint>

namespace tenon::operators {

// The sum of f(x[i]) in 16 parts.
template <typename T, typename F>
T SumOf(const T* x, int64_t count, const F& f) {
  T parts[16] = {};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (int64_t j = 0; j < 16; ++j) parts[j] += f(x[i + j]);
  }
  for (int64_t j = 0; i < count; ++i, ++j) parts[j] += f(x[i]);
  T sum = 0;
  for (const T part : parts) sum += part;
  return sum;
}

// Mean and 1 / sqrt(variance + epsilon), the variance from the differences to the mean.
template <typename T>
struct Moments {
  T mean, scale;
  Moments(const T* x, int64_t count, T epsilon) {
    mean = SumOf(x, count, [](T value) { return value; }) / static_cast<T>(count);
    const T center = mean;
    const T squares =
        SumOf(x, count, [center](T value) { return (value - center) * (value - center); });
    scale = 1 / std::sqrt(squares / static_cast<T>(count) + epsilon);
  }
};

}  // namespace tenon::operators
