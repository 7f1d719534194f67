// What the normalising kernels share: sums, mean and variance of contiguous values.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "support/plan.h"

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

// What LayerNormalization and RMSNormalization see of X: rows of the dimensions from `axis` on.
struct NormalizedRows {
  Shape normalized;  // the dimensions of a row
  int64_t count = 1, size = 1;

  NormalizedRows(const NodeView& node, const Shape& x) {
    const int64_t axis = node.Int("axis", -1);
    const auto first = static_cast<size_t>(axis < 0 ? axis + x.rank() : axis);
    normalized = Shape(x.dims().subspan(first));
    for (const int64_t dim : x.dims().first(first)) count *= dim;
    for (const int64_t dim : normalized.dims()) size *= dim;
  }
  // Rows that one chunk takes. A row may be empty: its mean is an output, too.
  int64_t chunk() const { return std::max<int64_t>(1, kElementChunk / std::max<int64_t>(1, size)); }
};

// Steps in what is broadcast along a row, known when compiled: so the loops over both are vectors.
inline constexpr std::integral_constant<int64_t, 0> kZero;
inline constexpr std::integral_constant<int64_t, 1> kOne;

}  // namespace tenon::operators
