// Recurrent operators where ONNX's cases do not reach: layout 1 with lengths, sequences without steps.
#include <gtest/gtest.h>

#include <utility>

#include "testing/held_node.h"

namespace tenon::operators::testing {
namespace {

constexpr int64_t kSteps = 4, kBatch = 3, kInput = 2, kHidden = 5;

HeldTensor Random(const Shape& shape, uint32_t seed) {
  std::vector<float> values(static_cast<size_t>(shape.ElementCount()));
  for (float& value : values) {
    seed = seed * 1664525 + 1013904223;
    value = static_cast<float>(seed >> 8) * 0x1p-23F - 1;
  }
  return HeldTensor::Make(DataType::kFloat32, shape, values.data());
}
// The first two dimensions exchanged.
HeldTensor Swapped(const HeldTensor& from) {
  Shape shape = from.view.shape;
  std::swap(shape[0], shape[1]);
  int64_t inner = 1;
  for (int i = 2; i < shape.rank(); ++i) inner *= shape[i];
  HeldTensor to = HeldTensor::Make(DataType::kFloat32, shape, nullptr);
  for (int64_t i = 0; i < shape[0] * shape[1] * inner; ++i) {
    const int64_t row = i / inner;
    to.view.as<float>()[i] =
        from.view.as<float>()[(row % shape[1] * shape[0] + row / shape[1]) * inner + i % inner];
  }
  return to;
}

HeldNode Lstm(HeldTensor x, std::vector<int32_t> lengths, HeldTensor state, int64_t layout) {
  HeldTensor length_tensor = HeldTensor::Make(
      DataType::kInt32, Shape{static_cast<int64_t>(lengths.size())}, lengths.data());
  HeldNode node("", "LSTM", 14,
                {std::move(x), Random({2, 4 * kHidden, kInput}, 2),
                 Random({2, 4 * kHidden, kHidden}, 3), Random({2, 8 * kHidden}, 4),
                 std::move(length_tensor), state, state, Random({2, 3 * kHidden}, 5)},
                3);
  node.SetString("direction", "bidirectional");
  node.SetInt("layout", layout);
  return node;
}

TEST(Recurrent, LayoutsMeanTheSame) {
  const HeldTensor x = Random({kSteps, kBatch, kInput}, 1), state = Random({2, kBatch, kHidden}, 6);
  const auto time_first = Lstm(x, {4, 1, 3}, state, 0).Run();
  const auto batch_first = Lstm(Swapped(x), {4, 1, 3}, Swapped(state), 1).Run();
  ASSERT_TRUE(time_first.ok() && batch_first.ok());
  EXPECT_EQ((*batch_first)[0].view.shape, (Shape{kBatch, kSteps, 2, kHidden}));
  for (int64_t n = 0; n < kBatch; ++n) {
    for (int64_t t = 0; t < kSteps; ++t) {
      for (int64_t i = 0; i < 2 * kHidden; ++i) {
        const int64_t d = i / kHidden, j = i % kHidden;
        EXPECT_EQ((*batch_first)[0].view.as<float>()[(n * kSteps + t) * 2 * kHidden + i],
                  (*time_first)[0].view.as<float>()[((t * 2 + d) * kBatch + n) * kHidden + j]);
      }
    }
  }
  for (size_t i = 1; i < 3; ++i)
    EXPECT_EQ(Swapped((*batch_first)[i]).bytes, (*time_first)[i].bytes);
}

TEST(Recurrent, NoStepsEndInZeros) {
  const HeldTensor state = Random({2, kBatch, kHidden}, 6);
  const auto result = Lstm(Random({0, kBatch, kInput}, 1), {0, 0, 0}, state, 0).Run();
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ((*result)[0].view.shape, (Shape{0, 2, kBatch, kHidden}));
  for (int64_t i = 0; i < 2 * kBatch * kHidden; ++i) {
    EXPECT_EQ((*result)[1].view.as<float>()[i], 0);
    EXPECT_EQ((*result)[2].view.as<float>()[i], 0);
  }
}

TEST(Recurrent, LengthsAreChecked) {
  const HeldTensor x = Random({kSteps, kBatch, kInput}, 1), state = Random({2, kBatch, kHidden}, 6);
  for (const int32_t length : {-1, 5}) {
    const auto result = Lstm(x, {4, length, 3}, state, 0).Run();
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), Code::kInvalidArgument);
    EXPECT_NE(result.status().message().find("sequence_lens has " + std::to_string(length)),
              std::string_view::npos);
  }
}

TEST(Recurrent, NamesUnknownActivations) {
  HeldNode node("", "RNN", 14,
                {Random({kSteps, kBatch, kInput}, 1), Random({1, kHidden, kInput}, 2),
                 Random({1, kHidden, kHidden}, 3)},
                1);
  HeldAttribute names;
  names.name = "activations";
  names.view.kind = AttributeView::Kind::kStrings;
  names.strings = {"Cosine"};
  node.Add(names);
  const auto result = node.Run();
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.status().message().find("\"Cosine\", which is no activation"),
            std::string_view::npos);
}

}  // namespace
}  // namespace tenon::operators::testing
