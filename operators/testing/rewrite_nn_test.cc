// What the rules between revisions make of recurrent, normalising, quantised and sampling operators.
#include <gtest/gtest.h>

#include "testing/held_node.h"

namespace tenon::operators::testing {
namespace {

HeldTensor Floats(const Shape& shape, std::vector<float> values = {}) {
  values.resize(static_cast<size_t>(shape.ElementCount()));
  return HeldTensor::Make(DataType::kFloat32, shape, values.data());
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

}  // namespace
}  // namespace tenon::operators::testing
