// Contents that kernels refuse when they run: indices, lengths and sizes that lie outside.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "testing/held_node.h"

namespace tenon::operators::testing {
namespace {

HeldTensor Floats(const Shape& shape) {
  return HeldTensor::Make(DataType::kFloat32, shape, nullptr);
}
HeldTensor Ints(const Shape& shape, std::vector<int64_t> values) {
  return HeldTensor::Make(DataType::kInt64, shape, values.data());
}
void ExpectRefused(const HeldNode& node, std::string_view why) {
  const auto result = node.Run();
  ASSERT_FALSE(result.ok()) << node.node().op;
  EXPECT_EQ(result.status().code(), Code::kInvalidArgument);
  EXPECT_NE(result.status().message().find(why), std::string_view::npos)
      << result.status().message();
}

TEST(Contents, Attention) {
  for (const int64_t length : {int64_t{-1}, int64_t{6}}) {
    ExpectRefused(HeldNode("", "Attention", 25,
                           {Floats({1, 1, 2, 4}),
                            Floats({1, 1, 5, 4}),
                            Floats({1, 1, 5, 4}),
                            {},
                            {},
                            {},
                            Ints({1}, {length})},
                           1),
                  "nonpad_kv_seqlen has " + std::to_string(length));
  }
  for (const int64_t position : {int64_t{-1}, int64_t{7}}) {
    ExpectRefused(
        HeldNode("", "RotaryEmbedding", 23,
                 {Floats({1, 2, 1, 4}), Floats({7, 2}), Floats({7, 2}), Ints({1, 1}, {position})},
                 1),
        "position_ids has " + std::to_string(position) + " (expected 0 to 6)");
  }
}

TEST(Contents, TensorScatter) {
  const auto node = [](int64_t index) {
    return HeldNode("", "TensorScatter", 24,
                    {Floats({1, 4, 2}), Floats({1, 2, 2}), Ints({1}, {index})}, 1);
  };
  ExpectRefused(node(3), "write_indices has 3 (expected 0 to 2)");
  ExpectRefused(node(-1), "write_indices has -1");
  HeldNode circular = node(3);
  circular.SetString("mode", "circular");
  EXPECT_TRUE(circular.Run().ok());
}

TEST(Contents, Sampling) {
  HeldNode unpool("", "MaxUnpool", 9, {Floats({1, 1, 2}), Ints({1, 1, 2}, {0, 4})}, 1);
  unpool.SetInts("kernel_shape", std::vector<int64_t>{2});
  unpool.SetInts("strides", std::vector<int64_t>{2});
  ExpectRefused(unpool, "I has 4 (expected 0 to 3)");
  ExpectRefused(
      HeldNode("", "RoiAlign", 16, {Floats({2, 1, 4, 4}), Floats({1, 4}), Ints({1}, {2})}, 1),
      "batch_indices has 2 (expected 0 to 1)");
  HeldTensor huge = Floats({1, 4});
  huge.view.as<float>()[2] = huge.view.as<float>()[3] = 1e9F;
  ExpectRefused(HeldNode("", "RoiAlign", 16, {Floats({2, 1, 4, 4}), huge, Ints({1}, {0})}, 1),
                "needs too many samples");
}

// More regions than there are axes.
TEST(Contents, ResizeOfAnotherRank) {
  HeldNode node("", "Resize", 18,
                {Floats({1, 1, 4, 4}), Floats({100}), {}, Ints({4}, {1, 1, 2, 2})}, 1);
  node.SetString("coordinate_transformation_mode", "tf_crop_and_resize");
  ExpectRefused(node, "needs a roi of 8 floats");
}

// Positions that are no numbers or far away: the border or nothing.
TEST(Contents, GridSampleOfNoNumbers) {
  HeldTensor x = Floats({1, 1, 2, 2}), grid = Floats({1, 1, 4, 2});
  for (int i = 0; i < 4; ++i) x.view.as<float>()[i] = static_cast<float>(i + 1);
  const float infinity = std::numeric_limits<float>::infinity();
  const float positions[] = {infinity, infinity, -infinity,     -infinity,
                             1e30F,    -1e30F,   std::nanf(""), 0};
  std::copy_n(positions, 8, grid.view.as<float>());
  for (const char* mode : {"nearest", "linear", "cubic"}) {
    for (const char* padding : {"zeros", "border", "reflection"}) {
      HeldNode node("", "GridSample", 20, {x, grid}, 1);
      node.SetString("mode", mode);
      node.SetString("padding_mode", padding);
      const auto result = node.Run();
      ASSERT_TRUE(result.ok());
      const float* y = (*result)[0].view.as<float>();
      const bool zeros = std::string_view(padding) == "zeros";
      EXPECT_EQ(y[0], zeros ? 0.0F : 4.0F) << mode << " " << padding;
      EXPECT_EQ(y[1], zeros ? 0.0F : 1.0F) << mode << " " << padding;
      EXPECT_EQ(y[2], zeros ? 0.0F : 2.0F) << mode << " " << padding;
      EXPECT_TRUE(std::isfinite(y[3])) << mode << " " << padding;
    }
  }
}

}  // namespace
}  // namespace tenon::operators::testing
