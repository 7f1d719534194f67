// TopK, Unique and their like where ONNX's cases do not reach: NaN, outputs that are not wanted,
// many chunks, bad arguments.
#include <algorithm>
#include <cmath>
#include <limits>

#include "testing/tensors.h"

namespace tenon::operators::testing {
namespace {

const float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(TopK, TakesNanForTheLargest) {
  // As PyTorch and NumPy sort: behind all numbers.
  const HeldTensor x = Floats({6}, {1, kNan, 3, -INFINITY, kNan, INFINITY});
  HeldNode node("", "TopK", 11, {x, Ints({4})}, 2);
  auto result = node.Run();
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(ValuesOf<int64_t>((*result)[1]), (std::vector<int64_t>{1, 4, 5, 2}));
  node.SetInt("largest", 0);
  result = node.Run();
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(ValuesOf<int64_t>((*result)[1]), (std::vector<int64_t>{3, 0, 2, 5}));
}

TEST(TopK, SortsLargeRowsAndHalves) {
  std::vector<float> values(3 * 20000);
  std::vector<uint16_t> halves(values.size());
  uint32_t random = 1;
  for (size_t i = 0; i < values.size(); ++i) {
    random = random * 1664525 + 1013904223;
    halves[i] = static_cast<uint16_t>(random >> 17);  // positive: ordered as their bits are
    values[i] = static_cast<float>(halves[i]);
  }
  const HeldNode floats("", "TopK", 11, {Floats({3, 20000}, values), Ints({5000})}, 1);
  const auto result = floats.Run();
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  for (int row = 0; row < 3; ++row) {
    auto expected =
        std::vector<float>(values.begin() + row * 20000, values.begin() + (row + 1) * 20000);
    std::ranges::sort(expected, std::greater());
    const float* got = (*result)[0].view.as<float>() + row * 5000;
    EXPECT_TRUE(std::equal(got, got + 5000, expected.begin())) << row;
  }
  const HeldTensor x = HeldTensor::Make(DataType::kBfloat16, Shape{3, 20000}, halves.data());
  const auto half = HeldNode("", "TopK", 11, {x, Ints({1})}, 2).Run();
  ASSERT_TRUE(half.ok()) << half.status().ToString();
  for (int row = 0; row < 3; ++row) {
    const auto first = halves.begin() + row * 20000;
    // Bits above 0x7f80 are NaN, all equal: the first of them.
    const auto key = [](uint16_t bits) { return std::min<uint16_t>(bits, 0x7f81); };
    const auto largest = std::max_element(first, first + 20000,
                                          [&](uint16_t a, uint16_t b) { return key(a) < key(b); });
    EXPECT_EQ((*half)[1].view.as<int64_t>()[row], largest - first);
  }
}

TEST(Unique, HasOneNanAndOneZero) {
  HeldNode node("", "Unique", 11, {Floats({7}, {2, kNan, -0.0F, 1, kNan, 0, 2})}, 4);
  auto result = node.Run();
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(ValuesOf<int64_t>((*result)[1]), (std::vector<int64_t>{2, 3, 0, 1}));
  EXPECT_EQ(ValuesOf<int64_t>((*result)[2]), (std::vector<int64_t>{2, 3, 0, 1, 3, 0, 2}));
  EXPECT_EQ(ValuesOf<int64_t>((*result)[3]), (std::vector<int64_t>{2, 1, 2, 2}));
  node.SetInt("sorted", 0);
  result = node.Run();
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(ValuesOf<int64_t>((*result)[1]), (std::vector<int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(ValuesOf<int64_t>((*result)[3]), (std::vector<int64_t>{2, 2, 2, 1}));
}

TEST(NonMaxSuppression, RefusesAThresholdBeyondOne) {
  const float threshold = 1.5;
  const HeldNode node("", "NonMaxSuppression", 10,
                      {Floats({1, 2, 4}), Floats({1, 1, 2}), Ints({1}),
                       HeldTensor::Make(DataType::kFloat32, Shape(), &threshold)},
                      1);
  const auto result = node.Run();
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.status().message().find("iou_threshold"), std::string_view::npos);
}

TEST(Scatter, RefusesIndicesOutOfRange) {
  for (const int64_t bad : {int64_t{3}, int64_t{-4}, std::numeric_limits<int64_t>::min()}) {
    const auto elements =
        HeldNode("", "ScatterElements", 18, {Floats({3}), Ints({0, bad}), Floats({2})}, 1).Run();
    EXPECT_EQ(elements.status().code(), Code::kInvalidArgument);
    const auto tuples =
        HeldNode("", "ScatterND", 18, {Floats({3}), Ints({bad}), Floats({})}, 1).Run();
    EXPECT_EQ(tuples.status().code(), Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace tenon::operators::testing
