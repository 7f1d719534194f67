#include "nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace tenon::tools {
namespace {

const std::array<std::string, 3> kWords = {"explain", "inspect", "Conv"};

TEST(NearestTest, FindsTheWordWithTheFewestChanges) {
  EXPECT_EQ(Nearest("explian", kWords), "explain");
  EXPECT_EQ(Nearest("insp", kWords), "");  // three of four letters are missing
  EXPECT_EQ(Nearest("inspct", kWords), "inspect");
  EXPECT_EQ(Nearest("conv", kWords), "Conv");
}

TEST(NearestTest, SaysNothingWhereNothingIsNear) {
  EXPECT_EQ(DidYouMean("quantise", kWords), "");
  EXPECT_EQ(DidYouMean("con", kWords), "; did you mean 'Conv'?");
}

}  // namespace
}  // namespace tenon::tools
