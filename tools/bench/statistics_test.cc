#include "bench/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tenon::tools {
namespace {

TEST(StatisticsTest, QuantilesAreThoseOfNumpy) {
  // numpy.quantile([4, 1, 3, 2, 10], [0, .1, .25, .5, .9, 1])
  const std::vector<double> samples = {4, 1, 3, 2, 10}, shares = {0, 0.1, 0.25, 0.5, 0.9, 1};
  const std::vector<double> expected = {1, 1.4, 2, 3, 7.6, 10};
  const std::vector<double> found = Quantiles(samples, shares);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) EXPECT_DOUBLE_EQ(found[i], expected[i]);
  EXPECT_DOUBLE_EQ(Quantile(std::vector<double>{7}, 0.9), 7);
  EXPECT_DOUBLE_EQ(Median(samples), 3);
  EXPECT_DOUBLE_EQ(Mean(samples), 4);
}

TEST(StatisticsTest, VariationIsDeviationOverMean) {
  EXPECT_DOUBLE_EQ(Variation(std::vector<double>{1, 3}), std::sqrt(2.0) / 2);
  EXPECT_DOUBLE_EQ(Variation(std::vector<double>{5}), 0);
  std::vector<double> samples(100, 2.0);
  samples[17] = 1000;
  EXPECT_GT(Variation(samples), 1);
  EXPECT_DOUBLE_EQ(Variation(samples, 0.05), 0);
}

TEST(StatisticsTest, RandomNumbersHaveTheirMoments) {
  Random random(3);
  constexpr int kCount = 100'000;
  double uniform = 0, normal = 0, squares = 0, exponential = 0;
  for (int i = 0; i < kCount; ++i) {
    uniform += random.Uniform();
    const double x = random.Normal();
    normal += x;
    squares += x * x;
    exponential += random.Exponential(5);
  }
  EXPECT_NEAR(uniform / kCount, 0.5, 0.005);
  EXPECT_NEAR(normal / kCount, 0, 0.015);
  EXPECT_NEAR(squares / kCount, 1, 0.03);
  EXPECT_NEAR(exponential / kCount, 5, 0.1);
  // The first of SplitMix64 with seed 0, from its authors' C code.
  EXPECT_EQ(Random(0).Next(), 0xE220A8397B1DCDAFU);
}

}  // namespace
}  // namespace tenon::tools
