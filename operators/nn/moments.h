// What the normalising kernels share: mean and variance of contiguous values, and a scale that is broadcast.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "tenon/operators/tensor.h"

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

// Where in `scale`, which broadcasts to the dimensions of `x` from `first` on, the value for each of
// their elements lies; empty where there is one for each, in their order.
inline std::vector<int64_t> BroadcastPlaces(const Shape& x, int first, const Shape& scale) {
  int64_t size = 1;
  for (int i = first; i < x.rank(); ++i) size *= x[i];
  if (scale.ElementCount() == size) return {};
  std::vector<int64_t> places = {0};
  int64_t stride = 1;
  for (int i = x.rank() - 1, k = scale.rank() - 1; i >= first; --i, --k) {
    const int64_t step = k >= 0 && scale[k] != 1 ? stride : 0;
    std::vector<int64_t> all;
    all.reserve(places.size() * static_cast<size_t>(x[i]));
    for (int64_t at = 0; at < x[i]; ++at) {
      for (const int64_t place : places) all.push_back(place + at * step);
    }
    places = std::move(all);
    if (k >= 0) stride *= scale[k];
  }
  return places;
}

}  // namespace tenon::operators
