#include "bench/load.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tenon::tools {
namespace {

TEST(LoadTest, FixedArrivalsAreEquallyFarApart) {
  EXPECT_EQ(Arrivals(100, 0.035, false), (std::vector<double>{0, 10, 20, 30}));
  EXPECT_TRUE(Arrivals(0.5, 0, false).empty());
}

TEST(LoadTest, PoissonArrivalsHaveExponentialDistances) {
  const std::vector<double> moments = Arrivals(1000, 20, true);
  EXPECT_NEAR(static_cast<double>(moments.size()), 20'000, 5 * std::sqrt(20'000));
  EXPECT_LT(moments.back(), 20'000);
  double before = 0;
  size_t longer = 0;
  for (const double moment : moments) {
    EXPECT_GE(moment, before);
    longer += moment - before > 1;
    before = moment;
  }
  // A distance exceeds its mean with probability 1/e.
  EXPECT_NEAR(static_cast<double>(longer) / static_cast<double>(moments.size()), std::exp(-1),
              0.02);
  EXPECT_EQ(moments, Arrivals(1000, 20, true));
}

}  // namespace
}  // namespace tenon::tools
