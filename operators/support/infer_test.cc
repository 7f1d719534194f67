// Shape functions with symbols, and with input that must be refused.
#include <gtest/gtest.h>

#include <limits>

#include "testing/held_node.h"

namespace tenon::operators::testing {
namespace {

constexpr int64_t kN = SymbolDim(0), kM = SymbolDim(1), kAny = kUnknownDim;
constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

struct Question {
  std::string op;
  std::vector<Shape> shapes;
  std::vector<HeldTensor> constants = {};  // inputs after the shapes
  std::vector<std::pair<std::string, std::vector<int64_t>>> ints = {};
  std::vector<std::pair<std::string, int64_t>> numbers = {};
};

HeldTensor Ints(std::vector<int64_t> values) {
  return HeldTensor::Make(DataType::kInt64, Shape{static_cast<int64_t>(values.size())},
                          values.data());
}

// The output's shape or the message.
std::string Ask(const Question& q) {
  const Operator& op = *FindOperator("", q.op);
  HeldNode node("", q.op, op.newest().number, {}, 1);
  for (const auto& [name, values] : q.ints) node.SetInts(name, values);
  for (const auto& [name, value] : q.numbers) node.SetInt(name, value);
  std::vector<InferInput> inputs;
  for (const Shape& shape : q.shapes) inputs.push_back({true, DataType::kFloat32, shape});
  for (const HeldTensor& value : q.constants)
    inputs.push_back({true, value.view.type, value.view.shape, &value.view});
  std::vector<InferOutput> outputs(1);
  const Status status = op.infer(node.node(), inputs, outputs);
  return status.ok() ? outputs[0].shape.ToString() : std::string(status.message());
}

TEST(Infer, BroadcastsSymbols) {
  EXPECT_EQ(Ask({"Add", {{kN, 3}, {kN, 1}}}), "[s0, 3]");
  EXPECT_EQ(Ask({"Add", {{kN, 3}, {1, 3}}}), "[s0, 3]");
  EXPECT_EQ(Ask({"Add", {{kN}, {kM}}}), "[?]");
  EXPECT_EQ(Ask({"Add", {{kN}, {5}}}), "[5]");
  EXPECT_EQ(Ask({"Add", {{kAny}, {kAny}}}), "[?]");
  EXPECT_EQ(Ask({"Add", {{2, 3, 4}, {4}}}), "[2, 3, 4]");
  EXPECT_EQ(Ask({"Add", {{2, 3}, {2}}}),
            "Add \"n\": input 1 has shape [2], which does not broadcast with [2, 3] (expected "
            "equal dimensions or 1, from "
            "the last on)");
}

TEST(Infer, KeepsSymbolsThroughConv) {
  const Question same = {"Conv", {{kN, 4, kM, 8}, {6, 4, 3, 3}}, {}, {{"pads", {1, 1, 1, 1}}}};
  EXPECT_EQ(Ask(same), "[s0, 6, s1, 8]");
  EXPECT_EQ(Ask({"Conv", {{kN, 4, kM, 8}, {6, 4, 3, 3}}, {}, {{"strides", {2, 2}}}}),
            "[s0, 6, ?, 3]");
  EXPECT_EQ(Ask({"Conv", {{kN, kAny, 9, 9}, {6, 4, 3, 3}}}), "[s0, 6, 7, 7]");
}

TEST(Infer, RefusesBadConv) {
  EXPECT_EQ(Ask({"Conv", {{1, 4, 8, 8}, {6, 3, 3, 3}}}),
            "Conv \"n\": W has 3 input channels, X has 4 (expected X.C = W.C * group)");
  const auto with = [](std::string name, std::vector<int64_t> values) {
    return Ask({"Conv", {{1, 4, 8, 8}, {6, 4, 3, 3}}, {}, {{std::move(name), std::move(values)}}});
  };
  EXPECT_EQ(with("strides", {0, 1}),
            "Conv \"n\": attribute strides has the value 0 (expected at least 1 and below 2^31)");
  EXPECT_EQ(with("pads", {-1, 0, 0, 0}),
            "Conv \"n\": attribute pads has the value -1 (expected at least 0 and below 2^31)");
  EXPECT_EQ(with("pads", {1, 1}), "Conv \"n\": attribute pads has 2 values (expected 4)");
  EXPECT_EQ(with("dilations", {int64_t{1} << 40, 1}),
            "Conv \"n\": attribute dilations has the value 1099511627776 (expected at least 1 and "
            "below 2^31)");
  EXPECT_EQ(with("dilations", {9, 1}),
            "Conv \"n\": the kernel spans 19 elements of spatial axis 0, X has 8 with its pads");
  EXPECT_EQ(with("kernel_shape", {3, 5}),
            "Conv \"n\": attribute kernel_shape has 5 where W has 3 in spatial axis 1");
  EXPECT_EQ(Ask({"Conv", {{1, 4, 8, 8}, {6, 4, 3, 3}, {5}}}),
            "Conv \"n\": B has shape [5] (expected [6], W's output channels)");
  EXPECT_EQ(Ask({"Conv", {{1, 4, 8, 8}, {6, 4, 3, 3}}, {}, {}, {{"group", 0}}}),
            "Conv \"n\": attribute group is 0 (expected at least 1)");
  EXPECT_EQ(
      Ask({"Conv", {{1, 4, 8, 8}, {6, kHuge, 3, 3}}, {}, {}, {{"group", kHuge}}}).substr(0, 12),
      "Conv \"n\": W ");
  EXPECT_EQ(Ask({"Conv", {{1, 4, 8, 8}}}), "Conv \"n\": input 1 is missing");
}

TEST(Infer, RefusesWhatIsTooLarge) {
  const std::string too_large = "is larger than any memory";
  EXPECT_NE(Ask({"Expand", {{1}}, {Ints({kHuge, 2})}}).find(too_large), std::string::npos);
  EXPECT_NE(Ask({"ConstantOfShape", {}, {Ints({kHuge / 2, kHuge / 2})}}).find(too_large),
            std::string::npos);
  EXPECT_NE(Ask({"Tile", {{4, 4}}, {Ints({kHuge, 1})}}).find("repeats has the value"),
            std::string::npos);
  EXPECT_NE(Ask({"Concat", {{1, kHuge}, {1, kHuge}}}).find("expected equal sizes"),
            std::string::npos);
  EXPECT_NE(Ask({"Unsqueeze", {{1, 1, 1, 1, 1, 1, 1}}, {Ints({0, 1})}}).find("makes 9 dimensions"),
            std::string::npos);
  EXPECT_NE(Ask({"Pad", {{4}}, {Ints({kHuge, 1})}}).find("leave no room"), std::string::npos);
}

TEST(Infer, ReshapesSymbols) {
  EXPECT_EQ(Ask({"Reshape", {{kN, 3, 4}}, {Ints({-1, 12})}}), "[s0, 12]");
  EXPECT_EQ(Ask({"Reshape", {{kN, 3, 4}}, {Ints({0, -1})}}), "[s0, 12]");
  EXPECT_EQ(Ask({"Reshape", {{kN, 3, 4}}, {Ints({-1, 6})}}), "[?, 6]");
  EXPECT_EQ(Ask({"Reshape", {{2, 3, 4}}, {Ints({4, -1})}}), "[4, 6]");
  EXPECT_NE(Ask({"Reshape", {{2, 3}}, {Ints({4, -1})}}).find("no multiple"), std::string::npos);
  EXPECT_NE(Ask({"Reshape", {{2, 3}}, {Ints({-1, -1})}}).find("more than one -1"),
            std::string::npos);
  EXPECT_NE(Ask({"Reshape", {{2, 3}}, {Ints({7})}}).find("another number"), std::string::npos);
  EXPECT_EQ(Ask({"Flatten", {{kN, 3, 4}}}), "[s0, 12]");
}

TEST(Infer, SlicesSymbols) {
  EXPECT_EQ(Ask({"Slice", {{kN, 8}}, {Ints({0, 2}), Ints({kHuge, -1})}}), "[s0, 5]");
  EXPECT_EQ(Ask({"Slice", {{9}}, {Ints({-1}), Ints({-kHuge - 1}), Ints({0}), Ints({-2})}}), "[5]");
  EXPECT_EQ(Ask({"Slice", {{9}}, {Ints({8}), Ints({-kHuge - 1}), Ints({0}), Ints({-kHuge - 1})}}),
            "[1]");
  EXPECT_NE(
      Ask({"Slice", {{9}}, {Ints({0}), Ints({1}), Ints({0}), Ints({0})}}).find("steps has a 0"),
      std::string::npos);
}

TEST(Infer, TakesOthers) {
  EXPECT_EQ(Ask({"MatMul", {{kN, 1, 3, 4}, {7, 4, kM}}}), "[s0, 7, 3, s1]");
  EXPECT_EQ(Ask({"Gemm", {{kN, 4}, {4, 5}, {5}}}), "[s0, 5]");
  EXPECT_EQ(Ask({"Transpose", {{kN, 2, kM}}}), "[s1, 2, s0]");
  EXPECT_EQ(Ask({"GlobalAveragePool", {{kN, 2, kM, 5}}}), "[s0, 2, 1, 1]");
  EXPECT_EQ(Ask({"ReduceMean", {{kN, 2, kM}}, {Ints({-1})}, {}, {{"keepdims", 0}}}), "[s0, 2]");
  EXPECT_EQ(Ask({"MaxPool",
                 {{kN, 2, 7, 7}},
                 {},
                 {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}},
                 {{"ceil_mode", 1}}}),
            "[s0, 2, 4, 4]");
  EXPECT_NE(Ask({"MaxPool", {{1, 2, 7, 7}}, {}, {{"kernel_shape", {2, 2}}, {"pads", {2, 0, 0, 0}}}})
                .find("without input"),
            std::string::npos);
}

}  // namespace
}  // namespace tenon::operators::testing
