// Statistics of samples that have outliers. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tenon::tools {

// The value below which `share` (0 to 1) of the samples lie, between two of them in proportion (Hyndman and Fan 1996,
// definition 7, which numpy has). At least one sample.
double Quantile(std::span<const double> samples, double share);
// The same of several shares, sorting once.
std::vector<double> Quantiles(std::span<const double> samples, std::span<const double> shares);
double Median(std::span<const double> samples);
double Mean(std::span<const double> samples);
// Standard deviation over mean, of the samples without the share `trim` at either end; 0 for fewer than two.
double Variation(std::span<const double> samples, double trim = 0);

// Numbers that are the same on every machine, which <random>'s distributions are not (SplitMix64, Steele et al. 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next();
  double Uniform();                // in (0, 1]
  uint64_t Below(uint64_t bound);  // bound > 0
  double Normal();
  double Exponential(double mean);

 private:
  uint64_t state_;
};

}  // namespace tenon::tools
