#include "resample.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <numeric>

namespace detect_speech {
namespace {

constexpr double kCrossings = 6, kRolloff = 0.99;

double WindowedSinc(double t) {
  if (std::abs(t) >= kCrossings) return 0;
  const double window = std::cos(t * std::numbers::pi / (2 * kCrossings));
  return window * window * (t == 0 ? 1 : std::sin(t * std::numbers::pi) / (t * std::numbers::pi));
}

// What a new sample takes of the old ones: weights[i] of the old sample first + i.
struct Filter {
  int64_t first = 0;
  std::vector<float> weights;
};

// For the new sample number `phase`; that of phase + b is the same, moved by a samples (a : b are the rates' shares).
Filter MakeFilter(int64_t phase, int64_t a, int64_t b) {
  const double band =
      kRolloff * static_cast<double>(std::min(a, b)) / static_cast<double>(a);  // of the old rate's
  const double centre = static_cast<double>(phase * a) / static_cast<double>(b),
               reach = kCrossings / band;
  Filter filter{static_cast<int64_t>(std::ceil(centre - reach)), {}};
  for (int64_t i = filter.first; static_cast<double>(i) <= centre + reach; ++i)
    filter.weights.push_back(
        static_cast<float>(band * WindowedSinc((static_cast<double>(i) - centre) * band)));
  return filter;
}

}  // namespace

Sound Resampled(const Sound& sound, int rate) {
  if (rate == sound.rate) return sound;
  const int64_t shared = std::gcd(sound.rate, rate), a = sound.rate / shared, b = rate / shared;
  std::vector<Filter> filters;
  for (int64_t phase = 0; phase < b; ++phase) filters.push_back(MakeFilter(phase, a, b));
  const auto count = static_cast<int64_t>(sound.samples.size());
  Sound out{rate, std::vector<float>(static_cast<size_t>((count * b + a - 1) / a))};
  for (size_t j = 0; j < out.samples.size(); ++j) {
    const auto place = static_cast<int64_t>(j);
    const Filter& filter = filters[static_cast<size_t>(place % b)];
    const int64_t first = filter.first + place / b * a;
    const int64_t begin = std::max<int64_t>(0, -first);
    const int64_t end =
        std::min<int64_t>(static_cast<int64_t>(filter.weights.size()), count - first);
    float sum = 0;
    for (int64_t i = begin; i < end; ++i)
      sum += filter.weights[static_cast<size_t>(i)] * sound.samples[static_cast<size_t>(first + i)];
    out.samples[j] = sum;
  }
  return out;
}

}  // namespace detect_speech
