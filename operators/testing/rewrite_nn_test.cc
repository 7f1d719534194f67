// What the rules between revisions make of recurrent, normalising, quantised and sampling operators.
#include <gtest/gtest.h>

#include <utility>

#include "testing/held_node.h"

namespace tenon::operators::testing {
namespace {

HeldTensor Floats(const Shape& shape, std::vector<float> values = {}) {
  values.resize(static_cast<size_t>(shape.ElementCount()));
  return HeldTensor::Make(DataType::kFloat32, shape, values.data());
}
HeldTensor Ints(std::vector<int64_t> values) {
  return HeldTensor::Make(DataType::kInt64, Shape{static_cast<int64_t>(values.size())},
                          values.data());
}
void ExpectRefused(HeldNode& node, int revision, std::string_view why) {
  const Status status = node.Rewrite(revision);
  EXPECT_EQ(status.code(), Code::kUnsupported);
  EXPECT_NE(status.message().find(why), std::string_view::npos) << status.message();
}

TEST(RewriteNn, RecurrentSequences) {
  for (const char* op : {"LSTM", "GRU", "RNN"}) {
    const int64_t gates = std::string_view(op) == "LSTM"  ? 4
                          : std::string_view(op) == "GRU" ? 3
                                                          : 1;
    HeldNode node("", op, 1,
                  {Floats({5, 2, 4}), Floats({1, gates * 3, 4}), Floats({1, gates * 3, 3})}, 2);
    node.SetInt("output_sequence", 1);
    node.SetString("direction", "foward");  // the default of GRU 1
    ASSERT_TRUE(node.Rewrite().ok()) << op;
    EXPECT_EQ(node.node().Find("output_sequence"), nullptr);
    EXPECT_EQ(node.node().String("direction", ""), "forward");
    EXPECT_EQ((*node.Infer())[0].shape.ToString(), "[5, 1, 2, 3]");
    node.SetInt("layout", 0);
    ASSERT_TRUE(node.Rewrite(1).ok()) << op;
    EXPECT_EQ(node.node().Find("layout"), nullptr);
    EXPECT_EQ(node.node().Int("output_sequence", 0), 1);
    HeldNode batch_first(
        "", op, 14, {Floats({2, 5, 4}), Floats({1, gates * 3, 4}), Floats({1, gates * 3, 3})}, 1);
    batch_first.SetInt("layout", 1);
    ExpectRefused(batch_first, 7, "layout is 1");
  }
}

HeldNode Attention(std::vector<HeldTensor> extra) {
  std::vector<HeldTensor> inputs = {Floats({1, 2, 3, 4}), Floats({1, 2, 5, 4}),
                                    Floats({1, 2, 5, 4})};
  for (HeldTensor& tensor : extra) inputs.push_back(std::move(tensor));
  return HeldNode("", "Attention", 25, std::move(inputs), 1);
}

TEST(RewriteNn, AttentionsWindowsAndCaches) {
  HeldNode plain = Attention({Floats({3, 5})});
  plain.SetInt("left_window_size", -1);
  ASSERT_TRUE(plain.Rewrite(23).ok());
  EXPECT_EQ(plain.node().Find("left_window_size"), nullptr);
  HeldNode window = Attention({});
  window.SetInt("left_window_size", 2);
  ExpectRefused(window, 24, "left_window_size is 2");
  HeldNode shorter = Attention({Floats({3, 4})});
  ExpectRefused(shorter, 23, "shorter than the keys");
  const int64_t length = 4;
  HeldNode outside = Attention({{}, {}, {}, HeldTensor::Make(DataType::kInt64, Shape{1}, &length)});
  ASSERT_TRUE(outside.Rewrite(24).ok());
  ExpectRefused(outside, 23, "nonpad_kv_seqlen");
}

TEST(RewriteNn, GroupsOfOneScale) {
  HeldNode node("", "GroupNormalization", 18,
                {Floats({1, 4, 3}), Floats({2}, {1, 2}), Floats({2}, {3, 4})}, 1);
  node.SetInt("num_groups", 2);
  ASSERT_TRUE(node.Rewrite().ok());
  EXPECT_EQ(node.node().revision, 21);
  EXPECT_EQ(node.input(1).shape.ToString(), "[4]");
  EXPECT_EQ(node.input(2).value->as<float>()[1], 3);
  EXPECT_EQ(node.input(2).value->as<float>()[2], 4);
  ASSERT_TRUE(node.Rewrite(18).ok());
  EXPECT_EQ(node.input(1).shape.ToString(), "[2]");
  EXPECT_EQ(node.input(1).value->as<float>()[1], 2);
  HeldNode mixed("", "GroupNormalization", 21,
                 {Floats({1, 4, 3}), Floats({4}, {1, 2, 3, 4}), Floats({4})}, 1);
  mixed.SetInt("num_groups", 2);
  ExpectRefused(mixed, 18, "differs within a group");
  // How many channels a group has is not known: it stays as it is, in our own domain.
  HeldTensor x = Floats({1, 4, 3});
  x.view.shape[1] = kUnknownDim;
  HeldNode unknown("", "GroupNormalization", 18, {x, Floats({2}), Floats({2})}, 1);
  unknown.SetInt("num_groups", 2);
  ASSERT_TRUE(unknown.Rewrite().ok());
  EXPECT_EQ(unknown.node().domain, "ai.tenon");
}

TEST(RewriteNn, QuantizationsGranularity) {
  HeldNode node("", "QuantizeLinear", 23, {Floats({2, 3}), Floats({}, {0.5F})}, 1);
  node.SetInt("output_dtype", static_cast<int64_t>(DataType::kInt8));
  node.SetInt("axis", 1);
  ASSERT_TRUE(node.Rewrite(10).ok());
  EXPECT_TRUE(node.node().attributes.empty());
  EXPECT_EQ(node.input(2).type, DataType::kInt8);
  EXPECT_EQ(*node.input(2).value->as<int8_t>(), 0);
  ASSERT_TRUE(node.Rewrite().ok());
  EXPECT_EQ((*node.Infer())[0].type, DataType::kInt8);

  HeldNode channels("", "QuantizeLinear", 23, {Floats({2, 3}), Floats({3})}, 1);
  ASSERT_TRUE(channels.Rewrite(13).ok());
  ExpectRefused(channels, 10, "scale has shape [3]");
  HeldNode saturates("", "QuantizeLinear", 23, {Floats({2, 3}), Floats({})}, 1);
  saturates.SetInt("saturate", 0);
  ExpectRefused(saturates, 13, "saturate is 0");
  for (const char* op : {"QuantizeLinear", "DequantizeLinear"}) {
    HeldNode blocks("", op, 23, {Floats({2, 4}), Floats({2, 2})}, 1);
    blocks.SetInt("block_size", 2);
    ExpectRefused(blocks, 13, "block_size is 2");
  }
  HeldNode precise("", "QuantizeLinear", 23, {Floats({2, 3}), Floats({})}, 1);
  precise.SetInt("precision", static_cast<int64_t>(DataType::kFloat16));
  ExpectRefused(precise, 21, "the precision is float16");
  HeldNode other("", "DequantizeLinear", 23, {Floats({2, 3}), Floats({})}, 1);
  other.SetInt("output_dtype", static_cast<int64_t>(DataType::kFloat16));
  ExpectRefused(other, 21, "output_dtype is float16");
}

TEST(RewriteNn, GridSamplesModes) {
  const std::pair<const char*, const char*> kModes[] = {
      {"bilinear", "linear"}, {"bicubic", "cubic"}, {"nearest", "nearest"}};
  for (const auto& [old_mode, new_mode] : kModes) {
    HeldNode node("", "GridSample", 16, {Floats({1, 1, 2, 2}), Floats({1, 3, 3, 2})}, 1);
    node.SetString("mode", old_mode);
    ASSERT_TRUE(node.Rewrite().ok());
    EXPECT_EQ(node.node().String("mode", ""), new_mode);
    ASSERT_TRUE(node.Rewrite(16).ok());
    EXPECT_EQ(node.node().String("mode", ""), old_mode);
  }
  HeldNode defaults("", "GridSample", 16, {Floats({1, 1, 2, 2}), Floats({1, 3, 3, 2})}, 1);
  ASSERT_TRUE(defaults.Rewrite().ok());
  EXPECT_EQ(defaults.node().String("mode", ""), "linear");
  HeldNode volume("", "GridSample", 20, {Floats({1, 1, 2, 2, 2}), Floats({1, 3, 3, 3, 3})}, 1);
  ExpectRefused(volume, 16, "four dimensions");
}

TEST(RewriteNn, RoiAlignsPixels) {
  HeldNode node("", "RoiAlign", 10, {Floats({1, 1, 4, 4}), Floats({1, 4}), Ints({0})}, 1);
  ASSERT_TRUE(node.Rewrite().ok());
  EXPECT_EQ(node.node().String("coordinate_transformation_mode", ""), "output_half_pixel");
  ASSERT_TRUE(node.Rewrite(10).ok());
  EXPECT_EQ(node.node().Find("coordinate_transformation_mode"), nullptr);
  HeldNode shifts("", "RoiAlign", 16, {Floats({1, 1, 4, 4}), Floats({1, 4}), Ints({0})}, 1);
  ExpectRefused(shifts, 10, "half_pixel");
}

TEST(RewriteNn, DftsAxis) {
  HeldNode node("", "DFT", 17, {Floats({2, 5, 3, 1})}, 1);
  ASSERT_TRUE(node.Rewrite().ok());
  EXPECT_EQ(*node.input(2).value->as<int64_t>(), 1);
  EXPECT_FALSE(node.input(1).present);
  ASSERT_TRUE(node.Rewrite(17).ok());
  EXPECT_EQ(node.node().Int("axis", 0), 1);
  EXPECT_EQ(node.input_count(), 1);
  HeldNode last("", "DFT", 20, {Floats({2, 5, 3, 1})}, 1);
  ASSERT_TRUE(last.Rewrite(17).ok());
  EXPECT_EQ(last.node().Int("axis", 0), -2);
}

}  // namespace
}  // namespace tenon::operators::testing
