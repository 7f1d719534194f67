#include "support/half.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tenon::operators {
namespace {

TEST(Half, RoundTripsEveryNumber) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = FloatFromHalf(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(FloatFromHalf(HalfFromFloat(value))));
    } else {
      EXPECT_EQ(HalfFromFloat(value), half) << bits;
    }
  }
}

TEST(Half, RoundsToNearestEven) {
  EXPECT_EQ(HalfFromFloat(1.0F), 0x3C00);
  EXPECT_EQ(HalfFromFloat(1.0F + 0x1p-11F), 0x3C00);  // a tie goes to even
  EXPECT_EQ(HalfFromFloat(1.0F + 0x1p-11F + 0x1p-20F), 0x3C01);
  EXPECT_EQ(HalfFromFloat(65504.0F), 0x7BFF);
  EXPECT_EQ(HalfFromFloat(65520.0F), 0x7C00);
  EXPECT_EQ(HalfFromFloat(0x1p-25F), 0);
  EXPECT_EQ(HalfFromFloat(0x1p-24F), 1);
}

TEST(Bfloat16, RoundsToNearestEven) {
  EXPECT_EQ(Bfloat16FromFloat(1.0F), 0x3F80);
  EXPECT_EQ(Bfloat16FromFloat(1.0F + 0x1p-8F), 0x3F80);
  EXPECT_EQ(Bfloat16FromFloat(1.0F + 0x1p-8F + 0x1p-20F), 0x3F81);
  EXPECT_TRUE(std::isnan(FloatFromBfloat16(Bfloat16FromFloat(std::nanf("")))));
}

}  // namespace
}  // namespace tenon::operators
