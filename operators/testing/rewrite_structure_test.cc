// As rewrite_test.cc, of selection, scattering and sequences.
#include "testing/tensors.h"

namespace tenon::operators::testing {
namespace {

TEST(Rewrite, TopKCount) {
  HeldNode node("", "TopK", 1, {Floats({2, 5})}, 2);
  node.SetInt("k", 3);
  ASSERT_TRUE(node.Rewrite().ok());
  EXPECT_EQ(IntsAt(node, 1), (std::vector<int64_t>{3}));
  EXPECT_EQ(node.node().Find("k"), nullptr);
  EXPECT_EQ((*node.Infer())[1].shape.ToString(), "[2, 3]");
  ASSERT_TRUE(node.Rewrite(1).ok());
  EXPECT_EQ(node.node().Int("k", 0), 3);
  EXPECT_EQ(node.input_count(), 1);
  HeldNode smallest("", "TopK", 11, {Floats({5}), Ints({2})}, 2);
  smallest.SetInt("largest", 0);
  ExpectRefused(smallest, 10, "largest");
  HeldNode any_order("", "TopK", 11, {Floats({5}), Ints({2})}, 2);
  any_order.SetInt("sorted", 0);  // what is in order is right in any order
  ASSERT_TRUE(any_order.Rewrite(10).ok());
  EXPECT_EQ(any_order.node().Find("sorted"), nullptr);
}

// What newer revisions say by new values of an attribute that was there before.
TEST(Rewrite, NewValues) {
  HeldNode pad("", "Pad", 19, {Floats({3}), Ints({1, 1})}, 1);
  pad.SetString("mode", "wrap");
  ExpectRefused(pad, 18, "mode is wrap");
  pad.SetString("mode", "edge");
  EXPECT_TRUE(pad.Rewrite(18).ok());
  HeldNode resize("", "Resize", 19, {Floats({3}), {}, Floats({1}, {2})}, 1);
  resize.SetString("coordinate_transformation_mode", "half_pixel_symmetric");
  ExpectRefused(resize, 18, "half_pixel_symmetric");
  resize.SetString("coordinate_transformation_mode", "half_pixel");
  EXPECT_TRUE(resize.Rewrite(18).ok());
  HeldNode mod("", "Mod", 28, {Floats({3}), Floats({3})}, 1);
  ExpectRefused(mod, 10, "fmod is 0 for float32");
  mod.SetInt("fmod", 1);
  EXPECT_TRUE(mod.Rewrite(10).ok());
  HeldNode whole("", "Mod", 28, {Ints({5}), Ints({3})}, 1);
  EXPECT_TRUE(whole.Rewrite(10).ok());
}

TEST(Rewrite, ScatterBecomesElements) {
  HeldNode node("", "Scatter", 9, {Floats({3}), Ints({1}), Floats({1})}, 1);
  node.SetInt("axis", 0);
  ASSERT_TRUE(node.Rewrite().ok());
  EXPECT_EQ(node.node().op, "ScatterElements");
  EXPECT_EQ(node.node().revision, 18);
  EXPECT_NE(node.node().Find("axis"), nullptr);
}

TEST(Rewrite, ScatterReductions) {
  for (const char* op : {"ScatterElements", "ScatterND"}) {
    HeldNode plain("", op, 18, {Floats({3}), Ints({1}), Floats({1})}, 1);
    plain.SetString("reduction", "none");
    ASSERT_TRUE(plain.Rewrite(11).ok()) << op;
    EXPECT_EQ(plain.node().Find("reduction"), nullptr);
    HeldNode sums("", op, 18, {Floats({3}), Ints({1}), Floats({1})}, 1);
    sums.SetString("reduction", "add");
    ASSERT_TRUE(sums.Rewrite(16).ok()) << op;
    EXPECT_EQ(sums.node().String("reduction", ""), "add");
    ExpectRefused(sums, 11, "reduction is add");
    HeldNode largest("", op, 18, {Floats({3}), Ints({1}), Floats({1})}, 1);
    largest.SetString("reduction", "max");
    ExpectRefused(largest, 16, "reduction is max");
  }
}

}  // namespace
}  // namespace tenon::operators::testing
