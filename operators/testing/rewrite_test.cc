// What the rules between revisions make of a node; that it then means the same is seen in
// cases_test.cc.
#include "testing/tensors.h"

namespace tenon::operators::testing {
namespace {

// A node in revision 1 with opset 6's old way to broadcast.
HeldNode OldBinary(const char* op, const Shape& a, const Shape& b, int64_t axis) {
  HeldNode node("", op, 1, {Floats(a), Floats(b)}, 1);
  node.SetInt("broadcast", 1);
  if (axis >= 0) node.SetInt("axis", axis);
  return node;
}
TEST(Rewrite, BroadcastByAxis) {
  for (const char* op :
       {"Add", "Sub", "Mul", "Div", "And", "Or", "Xor", "Equal", "Less", "Greater", "Pow"}) {
    HeldNode node = OldBinary(op, Shape{2, 3, 4, 5}, Shape{3, 4}, 1);
    ASSERT_TRUE(node.Rewrite(7).ok()) << op;
    EXPECT_EQ(node.input(1).shape.ToString(), "[3, 4, 1]");
    EXPECT_TRUE(node.node().attributes.empty());
  }
  HeldNode suffix = OldBinary("Add", Shape{2, 3}, Shape{3}, -1);
  ASSERT_TRUE(suffix.Rewrite(7).ok());
  EXPECT_EQ(suffix.input(1).shape.ToString(), "[3]");
  ASSERT_TRUE(suffix.Rewrite(1).ok());
  EXPECT_EQ(suffix.node().Int("broadcast", 0), 1);
  HeldNode bad = OldBinary("Add", Shape{2, 3}, Shape{3, 4}, 1);
  EXPECT_EQ(bad.Rewrite(7).code(), Code::kInvalidArgument);
  HeldNode both("", "Mul", 7, {Floats({2, 1}), Floats({1, 3})}, 1);
  ExpectRefused(both, 1, "broadcasts only");
}

TEST(Rewrite, EqualShapes) {
  HeldNode same("", "Max", 8, {Floats({2, 3}), Floats({2, 3})}, 1);
  EXPECT_TRUE(same.Rewrite(1).ok());
  HeldNode other("", "Sum", 8, {Floats({2, 3}), Floats({3})}, 1);
  ExpectRefused(other, 1, "does not broadcast");
}

TEST(Rewrite, PReluSlope) {
  HeldNode node("", "PRelu", 1, {Floats({1, 3, 4, 4}), Floats({3})}, 1);
  ASSERT_TRUE(node.Rewrite().ok());
  EXPECT_EQ(node.input(1).shape.ToString(), "[3, 1, 1]");
  ExpectRefused(node, 1, "takes one value");
}

TEST(Rewrite, ClipBounds) {
  HeldNode node("", "Clip", 1, {Floats({4})}, 1);
  node.SetFloat("min", 0);
  node.SetFloat("max", 6);
  ASSERT_TRUE(node.Rewrite().ok());
  EXPECT_EQ(node.input_count(), 3);
  EXPECT_EQ(*node.input(2).value->as<float>(), 6);
  ASSERT_TRUE(node.Rewrite(1).ok());
  EXPECT_EQ(node.input_count(), 1);
  EXPECT_EQ(node.node().Float("max", 0), 6);
}

TEST(Rewrite, AxesAndSizes) {
  HeldNode squeeze("", "Squeeze", 1, {Floats({1, 3, 1})}, 1);
  squeeze.SetInts("axes", std::vector<int64_t>{0, 2});
  ASSERT_TRUE(squeeze.Rewrite().ok());
  EXPECT_EQ(IntsAt(squeeze, 1), (std::vector<int64_t>{0, 2}));
  EXPECT_TRUE(squeeze.node().attributes.empty());

  HeldNode reduce("", "ReduceMean", 18, {Floats({2, 3}), Ints({})}, 1);
  reduce.SetInt("noop_with_empty_axes", 1);
  ExpectRefused(reduce, 1, "reduces nothing");

  HeldNode split("", "Split", 18, {Floats({7})}, 3);
  split.SetInt("num_outputs", 3);
  ASSERT_TRUE(split.Rewrite(13).ok());
  EXPECT_EQ(IntsAt(split, 1), (std::vector<int64_t>{3, 3, 1}));
  ASSERT_TRUE(split.Rewrite(1).ok());
  EXPECT_EQ(split.node().Ints("split").size(), 3u);

  HeldNode pad("", "Pad", 18, {Floats({2, 3}), Ints({1, 2}), {}, Ints({-1})}, 1);
  ASSERT_TRUE(pad.Rewrite(11).ok());
  EXPECT_EQ(IntsAt(pad, 1), (std::vector<int64_t>{0, 1, 0, 2}));

  HeldNode slice("", "Slice", 10, {Floats({4}), Ints({0}), Ints({4}), Ints({0}), Ints({2})}, 1);
  ExpectRefused(slice, 1, "steps has 2");
}

TEST(Rewrite, SoftmaxOfMatrix) {
  HeldNode node("", "Softmax", 1, {Floats({2, 3, 4})}, 1);
  ASSERT_TRUE(node.Rewrite().ok());
  EXPECT_EQ(node.input(0).shape.ToString(), "[2, 12]");
  EXPECT_EQ(node.node().Int("axis", 0), 1);
  HeldNode last("", "Softmax", 1, {Floats({2, 3, 1, 1})}, 1);  // a classifier's output: no reshape
  ASSERT_TRUE(last.Rewrite().ok());
  EXPECT_EQ(last.input(0).shape.ToString(), "[2, 3, 1, 1]");
  HeldNode none("", "Softmax", 1, {Floats({0, 3, 2, 4})}, 1);
  none.SetInt("axis", 2);
  ASSERT_TRUE(none.Rewrite().ok());
  EXPECT_EQ(none.input(0).shape.ToString(), "[0, 8]");
  HeldNode inner("", "Softmax", 13, {Floats({2, 3, 4})}, 1);
  inner.SetInt("axis", 1);
  ExpectRefused(inner, 1, "not the last");
}

TEST(Rewrite, Inference) {
  HeldNode training("", "Dropout", 1, {Floats({2})}, 1);
  ExpectRefused(training, 7, "training");
  HeldNode dropout("", "Dropout", 1, {Floats({2})}, 1);
  dropout.SetInt("is_test", 1);
  ASSERT_TRUE(dropout.Rewrite().ok());
  EXPECT_FLOAT_EQ(*dropout.input(1).value->as<float>(), 0.5F);
  HeldNode batch("", "BatchNormalization", 1,
                 {Floats({1, 2}), Floats({2}), Floats({2}), Floats({2}), Floats({2})}, 1);
  batch.SetInt("is_test", 1);
  ASSERT_TRUE(batch.Rewrite().ok());
  ASSERT_TRUE(batch.Rewrite(1).ok());
  EXPECT_EQ(batch.node().Int("is_test", 0), 1);
  HeldNode trains("", "BatchNormalization", 9,
                  {Floats({1, 2}), Floats({2}), Floats({2}), Floats({2}), Floats({2})}, 3);
  ASSERT_TRUE(trains.Rewrite().ok());
  EXPECT_EQ(trains.node().Int("training_mode", 0), 1);
  ExpectRefused(trains, 9, "training_mode is 1");
  HeldNode saves("", "BatchNormalization", 9,
                 {Floats({1, 2}), Floats({2}), Floats({2}), Floats({2}), Floats({2})}, 5);
  ExpectRefused(saves, 14, "saved_mean");
  HeldNode spatial("", "BatchNormalization", 7,
                   {Floats({1, 2}), Floats({2}), Floats({2}), Floats({2}), Floats({2})}, 5);
  spatial.SetInt("spatial", 0);
  ExpectRefused(spatial, 9, "output 1 of training");
}

TEST(Rewrite, UpsampleBecomesResize) {
  HeldNode node("", "Upsample", 1, {Floats({1, 1, 2, 2})}, 1);
  node.SetFloat("height_scale", 2);
  node.SetFloat("width_scale", 3);
  ASSERT_TRUE(node.Rewrite().ok());
  EXPECT_EQ(node.node().op, "Resize");
  EXPECT_EQ(node.node().revision, 19);
  EXPECT_EQ(node.input(2).value->as<float>()[3], 3);
  EXPECT_EQ((*node.Infer())[0].shape.ToString(), "[1, 1, 4, 6]");
  ASSERT_TRUE(node.Rewrite(10).ok());
  EXPECT_EQ(node.input_count(), 2);
}

// Of ONNX Runtime's revision 10; the results are compared in cases_test.cc.
TEST(Rewrite, ResizeRoundsByScale) {
  const auto node = [](std::vector<float> scales) {
    return HeldNode("", "Resize", 10, {Floats({1, 1, 4, 4}), Floats({4}, std::move(scales))}, 1);
  };
  HeldNode grows = node({1, 1, 2, 1.5}), shrinks = node({1, 1, 0.5, 1}),
           both = node({1, 1, 0.5, 2});
  ASSERT_TRUE(grows.Rewrite().ok());
  EXPECT_EQ(grows.node().String("nearest_mode", ""), "floor");
  ASSERT_TRUE(shrinks.Rewrite().ok());
  EXPECT_EQ(shrinks.node().String("nearest_mode", ""), "ceil");
  ASSERT_TRUE(both.Rewrite().ok());
  EXPECT_EQ(both.node().domain, "ai.tenon");
  EXPECT_EQ(both.node().String("nearest_mode", ""), "simple");
  HeldNode floors = node({1, 1, 0.5, 1});
  ASSERT_TRUE(floors.Rewrite().ok());
  floors.SetString("nearest_mode", "floor");
  ExpectRefused(floors, 10, "ceil where all shrink");
  ASSERT_TRUE(shrinks.Rewrite(10).ok());
  EXPECT_EQ(shrinks.node().Find("nearest_mode"), nullptr);
}

TEST(Rewrite, WhatNoNewerRevisionSays) {
  HeldNode node("", "Resize", 11, {Floats({1, 1, 2, 2}), Floats({0}), Floats({4}, {1, 1, 2, 2})},
                1);
  node.SetString("coordinate_transformation_mode", "tf_half_pixel_for_nn");
  ASSERT_TRUE(node.Rewrite().ok());
  EXPECT_EQ(node.node().domain, "ai.tenon");
  EXPECT_FALSE(node.input(1).present);
}

TEST(Rewrite, Defaults) {
  HeldNode gemm("", "Gemm", 11, {Floats({2, 3}), Floats({3, 4})}, 1);
  ASSERT_TRUE(gemm.Rewrite(1).ok());
  EXPECT_EQ(*gemm.input(2).value->as<float>(), 0);
  EXPECT_EQ(gemm.node().Int("broadcast", 0), 1);
  ASSERT_TRUE(gemm.Rewrite().ok());
  EXPECT_EQ(gemm.node().Find("broadcast"), nullptr);
  HeldNode pool("", "MaxPool", 10, {Floats({1, 1, 4, 4})}, 1);
  pool.SetInts("kernel_shape", std::vector<int64_t>{2, 2});
  pool.SetInts("dilations", std::vector<int64_t>{2, 2});
  ExpectRefused(pool, 8, "dilations");
  HeldNode shape("", "Shape", 15, {Floats({1, 2})}, 1);
  shape.SetInt("end", 1);
  ExpectRefused(shape, 1, "end");
  HeldNode reshape("", "Reshape", 14, {Floats({0, 2}), Ints({0, 5})}, 1);
  reshape.SetInt("allowzero", 1);
  ExpectRefused(reshape, 1, "means zero");
}

}  // namespace
}  // namespace tenon::operators::testing
