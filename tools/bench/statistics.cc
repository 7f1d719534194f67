#include "statistics.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace tenon::tools {

std::vector<double> Quantiles(std::span<const double> samples, std::span<const double> shares) {
  std::vector<double> sorted(samples.begin(), samples.end());
  std::ranges::sort(sorted);
  std::vector<double> out;
  for (const double share : shares) {
    const double at = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<size_t>(at);
    const size_t above = std::min(below + 1, sorted.size() - 1);
    out.push_back(std::lerp(sorted[below], sorted[above], at - std::floor(at)));
  }
  return out;
}

double Quantile(std::span<const double> samples, double share) {
  return Quantiles(samples, std::span(&share, 1)).front();
}

double Median(std::span<const double> samples) { return Quantile(samples, 0.5); }

double Mean(std::span<const double> samples) {
  return std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
}

double Variation(std::span<const double> samples, double trim) {
  std::vector<double> sorted(samples.begin(), samples.end());
  std::ranges::sort(sorted);
  const auto cut = static_cast<size_t>(trim * static_cast<double>(sorted.size()));
  const std::span<const double> kept = std::span(sorted).subspan(cut, sorted.size() - 2 * cut);
  if (kept.size() < 2) return 0;
  const double mean = Mean(kept);
  double squares = 0;
  for (const double x : kept) squares += (x - mean) * (x - mean);
  return mean == 0 ? 0 : std::sqrt(squares / static_cast<double>(kept.size() - 1)) / mean;
}

uint64_t Random::Next() {
  uint64_t z = state_ += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

double Random::Uniform() { return static_cast<double>((Next() >> 11) + 1) * 0x1p-53; }

uint64_t Random::Below(uint64_t bound) { return Next() % bound; }

double Random::Normal() {
  const double radius = std::sqrt(-2 * std::log(Uniform()));
  return radius * std::cos(2 * std::numbers::pi * Uniform());
}

double Random::Exponential(double mean) { return -mean * std::log(Uniform()); }

}  // namespace tenon::tools
