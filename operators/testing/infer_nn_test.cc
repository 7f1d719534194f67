// Shape functions of recurrent, normalising, quantised and sampling operators: what they say of symbols and unknown
// dimensions, and what they refuse.
#include <gtest/gtest.h>

#include "testing/held_node.h"

namespace tenon::operators::testing {
namespace {

constexpr int64_t kS0 = SymbolDim(0), kS1 = SymbolDim(1);
constexpr DataType kFloat = DataType::kFloat32;

// A node with the shapes of its inputs, nothing more.
class Shaped {
 public:
  Shaped(const char* op, int revision, std::vector<Shape> inputs, DataType type = kFloat)
      : node_("", op, revision, {}, 0) {
    for (const Shape& shape : inputs) inputs_.push_back({true, type, shape, nullptr});
  }
  HeldNode& node() { return node_; }
  InferInput& operator[](size_t i) {
    if (inputs_.size() <= i) inputs_.resize(i + 1);
    return inputs_[i];
  }
  Status Try(size_t count) {
    outputs_.assign(count, {});
    return FindOperator("", node_.node().op)->infer(node_.node(), inputs_, outputs_);
  }
  // Shapes of `count` outputs, one after the other, or the error.
  std::string Infer(size_t count = 1) {
    const Status status = Try(count);
    if (!status.ok()) return status.ToString();
    std::string text;
    for (const InferOutput& output : outputs_) text += output.shape.ToString();
    return text;
  }

 private:
  HeldNode node_;
  std::vector<InferInput> inputs_;
  std::vector<InferOutput> outputs_;
};

void ExpectError(Shaped& shaped, std::string_view what, size_t outputs = 1) {
  const Status status = shaped.Try(outputs);
  EXPECT_EQ(status.code(), Code::kInvalidArgument) << shaped.Infer(outputs);
  EXPECT_NE(status.message().find(what), std::string_view::npos) << status.message();
}

TEST(InferNn, Recurrent) {
  Shaped lstm("LSTM", 14, {{kS0, kS1, 10}, {2, 80, 10}, {2, 80, 20}});
  lstm.node().SetString("direction", "bidirectional");
  EXPECT_EQ(lstm.Infer(3), "[s0, 2, s1, 20][2, s1, 20][2, s1, 20]");
  lstm.node().SetInt("layout", 1);
  EXPECT_EQ(lstm.Infer(3), "[s0, s1, 2, 20][s0, 2, 20][s0, 2, 20]");
  EXPECT_EQ(lstm.Infer(0), "");
  Shaped unknown("GRU", 14, {Shape::UnknownRank(), Shape::UnknownRank(), Shape::UnknownRank()});
  EXPECT_EQ(unknown.Infer(2), "[?, 1, ?, ?][1, ?, ?]");
  unknown.node().SetInt("hidden_size", 7);
  EXPECT_EQ(unknown.Infer(2), "[?, 1, ?, 7][1, ?, 7]");
  unknown[4] = {true, DataType::kInt32, {3}, nullptr};  // sequence_lens knows the batch
  EXPECT_EQ(unknown.Infer(2), "[?, 1, 3, 7][1, 3, 7]");
  Shaped gates("GRU", 14, {{kS0, kS1, 10}, {1, 60, 10}, {1, 60, kUnknownDim}});
  EXPECT_EQ(gates.Infer(1), "[s0, 1, s1, 20]");
  Shaped wrong("RNN", 14, {{4, 2, 10}, {1, 6, 9}, {1, 6, 6}});
  ExpectError(wrong, "W has shape [1, 6, 9] (expected [1, 6, 10])");
  Shaped bias("LSTM", 14, {{4, 2, 10}, {1, 24, 10}, {1, 24, 6}, {1, 24}});
  ExpectError(bias, "B has shape [1, 24] (expected [1, 48])");
  Shaped missing("LSTM", 1, {{4, 2, 10}, {1, 24, 10}});
  ExpectError(missing, "R is missing");
  wrong.node().SetString("direction", "up");
  ExpectError(wrong, "attribute direction is \"up\"");
}

}  // namespace
}  // namespace tenon::operators::testing
