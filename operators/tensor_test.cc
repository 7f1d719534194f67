#include "tenon/operators/tensor.h"

#include <gtest/gtest.h>

#include <limits>

namespace tenon {
namespace {

constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

TEST(Shape, PrintsSizesUnknownsAndSymbols) {
  EXPECT_EQ((Shape{1, 3, kUnknownDim, SymbolDim(0)}).ToString(), "[1, 3, ?, s0]");
  EXPECT_EQ(Shape::UnknownRank().ToString(), "[...]");
  EXPECT_EQ(Shape().ToString(), "[]");
}

TEST(Shape, CountsOnlyWhatIsStatic) {
  EXPECT_EQ((Shape{2, 3}).ElementCount(), 6);
  EXPECT_EQ(Shape().ElementCount(), 1);
  EXPECT_EQ((Shape{2, SymbolDim(4)}).ElementCount(), kUnknownDim);
  EXPECT_FALSE(Shape::UnknownRank().IsStatic());
}

TEST(CheckedSizes, RefuseOverflow) {
  EXPECT_EQ(*CheckedElementCount(std::vector<int64_t>{0, kHuge, kHuge}), 0);
  EXPECT_FALSE(CheckedElementCount(std::vector<int64_t>{2, kHuge}).ok());
  EXPECT_FALSE(CheckedElementCount(std::vector<int64_t>{2, -1}).ok());
  EXPECT_EQ(*CheckedByteSize(DataType::kInt4, 3), 2);
  EXPECT_EQ(*CheckedByteSize(DataType::kInt2, kHuge), kHuge / 4 + 1);
  EXPECT_FALSE(CheckedByteSize(DataType::kFloat32, kHuge / 2).ok());
  EXPECT_FALSE(CheckedByteSize(DataType::kString, 1).ok());
}

TEST(Shape, CountsUpToTheGreatestNumber) {
  constexpr int64_t kMany = int64_t{1} << 40;
  EXPECT_EQ((Shape{kMany, kMany}).ElementCount(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ((Shape{kMany, kMany, kMany, 0}).ElementCount(), 0);
}

}  // namespace
}  // namespace tenon
