#include "tenon/passes/passes.h"

#include <gtest/gtest.h>

#include <set>

namespace tenon::passes {
namespace {

using graph::Graph;
using graph::kNone;
using graph::ValueId;

ValueId AddInput(Graph& graph, const std::string& name, Shape shape) {
  graph::Value value;
  value.name = name;
  value.type = DataType::kFloat32;
  value.shape = shape;
  graph.inputs.push_back(graph.AddValue(std::move(value)));
  return graph.inputs.back();
}

ValueId AddConstant(Graph& graph, const std::string& name, DataType type, Shape shape,
                    const void* data, uint64_t bytes) {
  graph::Value value;
  value.name = name;
  value.type = type;
  value.shape = shape;
  value.constant = MakeConstant(type, shape, data, bytes);
  return graph.AddValue(std::move(value));
}

ValueId AddNode(Graph& graph, const std::string& op, std::vector<ValueId> inputs,
                const std::string& output, std::vector<graph::Attribute> attributes = {}) {
  graph::Value value;
  value.name = output;
  const ValueId id = graph.AddValue(std::move(value));
  graph::Node node;
  node.name = op + "_" + output;
  node.op = op;
  node.definition = operators::FindOperator("", op);
  node.revision = node.definition->newest().number;
  node.inputs = std::move(inputs);
  node.outputs = {id};
  node.attributes = std::move(attributes);
  graph.AddNode(std::move(node));
  return id;
}

TEST(PassesTest, ShapeArithmeticOnStaticShapesFoldsAway) {
  Graph graph;
  const ValueId x = AddInput(graph, "x", {2, 3, 4});
  const int64_t zero[] = {0};
  const int64_t minus[] = {-1};
  const ValueId index = AddConstant(graph, "i", DataType::kInt64, {1}, zero, 8);
  const ValueId rest = AddConstant(graph, "r", DataType::kInt64, {1}, minus, 8);
  const ValueId shape = AddNode(graph, "Shape", {x}, "s");
  const ValueId first = AddNode(graph, "Gather", {shape, index}, "f", {{"axis", int64_t{0}}});
  const ValueId target = AddNode(graph, "Concat", {first, rest}, "t", {{"axis", int64_t{0}}});
  graph.outputs = {AddNode(graph, "Reshape", {x, target}, "y")};
  const Status status = RunPipeline(graph, {});
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(graph.nodes.size(), 1u) << graph.Dump();
  EXPECT_EQ(graph.values[graph.outputs[0]].shape, Shape({2, 12}));
}

TEST(PassesTest, SymbolsPassThrough) {
  Graph graph;
  graph.symbols = {"N"};
  const ValueId x = AddInput(graph, "x", Shape({SymbolDim(0), 3}));
  graph.outputs = {AddNode(graph, "Relu", {x}, "y")};
  ASSERT_TRUE(RunPipeline(graph, {}).ok());
  EXPECT_EQ(graph.values[graph.outputs[0]].shape[0], SymbolDim(0));
  EXPECT_NE(BindSymbols(graph, {{"M", 5}}).message().find("its inputs have: N"),
            std::string_view::npos);
  ASSERT_TRUE(BindSymbols(graph, {{"N", 5}}).ok());
  EXPECT_EQ(graph.values[graph.outputs[0]].shape, Shape({5, 3}));
}

TEST(PassesTest, OpenDimensionsWithoutANameAreBoundByTheirPlace) {
  Graph graph;
  const ValueId x = AddInput(graph, "x", Shape({kUnknownDim, 3}));
  graph.outputs = {AddNode(graph, "Relu", {x}, "y")};
  EXPECT_NE(BindSymbols(graph, {{"x[1]", 5}}).message().find("its inputs have: x[0]"),
            std::string_view::npos);
  ASSERT_TRUE(BindSymbols(graph, {{"x[0]", 5}}).ok());
  ASSERT_TRUE(RunPipeline(graph, {}).ok());
  EXPECT_EQ(graph.values[graph.outputs[0]].shape, Shape({5, 3}));
}

TEST(PassesTest, IdentitiesDisappearAndOutputsKeepTheirNames) {
  Graph graph;
  const ValueId x = AddInput(graph, "x", {2});
  const ValueId a = AddNode(graph, "Identity", {x}, "a");
  const ValueId b = AddNode(graph, "Relu", {a}, "b");
  const ValueId y = AddNode(graph, "Identity", {b}, "y");
  graph.outputs = {y};
  ASSERT_TRUE(RunPipeline(graph, {}).ok());
  ASSERT_EQ(graph.nodes.size(), 1u) << graph.Dump();
  EXPECT_EQ(graph.values[graph.nodes[0].outputs[0]].name, "y");
  EXPECT_EQ(graph.values[graph.nodes[0].inputs[0]].name, "x");
}

TEST(PassesTest, AnInputThatIsAnOutputStays) {
  Graph graph;
  const ValueId x = AddInput(graph, "x", {2});
  graph.outputs = {AddNode(graph, "Identity", {x}, "y")};
  ASSERT_TRUE(RunPipeline(graph, {}).ok());
  EXPECT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.values[graph.outputs[0]].name, "y");
}

TEST(PassesTest, ConstantsFoldAndDeadNodesGo) {
  Graph graph;
  const ValueId x = AddInput(graph, "x", {2});
  const float values[] = {1, -2};
  const ValueId c = AddConstant(graph, "c", DataType::kFloat32, {2}, values, 8);
  const ValueId n = AddNode(graph, "Neg", {c}, "n");
  AddNode(graph, "Relu", {x}, "dead");
  graph.outputs = {AddNode(graph, "Add", {x, n}, "y")};
  ASSERT_TRUE(RunPipeline(graph, {}).ok());
  ASSERT_EQ(graph.nodes.size(), 1u) << graph.Dump();
  const auto& folded = graph.values[graph.nodes[0].inputs[1]].constant;
  ASSERT_TRUE(folded);
  EXPECT_EQ(reinterpret_cast<const float*>(folded->blob->data)[1], 2.0f);
}

TEST(PassesTest, ANodeOfWhichEverythingIsFoldedStaysAsItIs) {
  Graph graph;
  const ValueId shape = AddNode(graph, "Shape", {AddInput(graph, "x", {2, 3})}, "s");
  graph.outputs = {AddNode(graph, "Neg", {shape}, "y")};
  ASSERT_TRUE(InferShapes(graph, {}).ok());
  ASSERT_TRUE(FoldConstants(graph, {}).ok());
  ASSERT_EQ(graph.nodes[0].outputs[0], kNone) << graph.Dump();
  EXPECT_TRUE(InferShapes(graph, {}).ok());
  EXPECT_TRUE(FoldConstants(graph, {}).ok());
}

// The old Softmax cannot be rewritten before the rank of `r` is known, so the product is first inferred without the
// type of `s`.
TEST(PassesTest, WhatFollowsANodeThatWaitsForShapesIsInferred) {
  Graph graph;
  const ValueId x = AddInput(graph, "x", {2, 3});
  const std::vector<float> values(12);
  const ValueId w = AddConstant(graph, "w", DataType::kFloat32, {3, 4}, values.data(), 48);
  const ValueId r = AddNode(graph, "Relu", {x}, "r");
  const ValueId s = AddNode(graph, "Softmax", {r}, "s", {{"axis", int64_t{1}}});
  graph.nodes.back().revision = 1;
  graph.outputs = {AddNode(graph, "MatMul", {s, w}, "y")};
  const Status status = RunPipeline(graph, {});
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(graph.values[graph.outputs[0]].type, DataType::kFloat32);
  EXPECT_EQ(graph.values[graph.outputs[0]].shape, Shape({2, 4}));
}

TEST(PassesTest, TheOldSoftmaxKeepsOpenShapes) {
  for (const Shape& shape : {Shape({SymbolDim(0), 3, 4}), Shape({SymbolDim(0), SymbolDim(1), 4}),
                             Shape({0, 3, 4}), Shape::UnknownRank()}) {
    for (const int64_t axis : {1, 2}) {
      Graph graph;
      graph.symbols = {"N", "M"};
      const ValueId r = AddNode(graph, "Relu", {AddInput(graph, "x", shape)}, "r");
      graph.outputs = {AddNode(graph, "LogSoftmax", {r}, "y", {{"axis", axis}})};
      graph.nodes.back().revision = 1;
      const Status status = RunPipeline(graph, {});
      ASSERT_TRUE(status.ok()) << status.ToString();
      EXPECT_EQ(graph.values[graph.outputs[0]].shape, shape) << graph.Dump();
    }
  }
}

TEST(PassesTest, AReshapeToTheShapeOfATensorHasItsSymbols) {
  for (const int64_t zero_is_zero : {0, 1}) {
    Graph graph;
    graph.symbols = {"N", "M"};
    const ValueId like = AddInput(graph, "like", Shape({SymbolDim(0), SymbolDim(1), 4}));
    const ValueId shape = AddNode(graph, "Shape", {like}, "shape");
    const ValueId x = AddInput(graph, "x", Shape({SymbolDim(0), kUnknownDim}));
    graph.outputs = {AddNode(graph, "Reshape", {x, shape}, "y", {{"allowzero", zero_is_zero}})};
    ASSERT_TRUE(RunPipeline(graph, {}).ok());
    // A size of 0 would keep that of x.
    EXPECT_EQ(graph.values[graph.outputs[0]].shape,
              Shape({SymbolDim(0), zero_is_zero != 0 ? SymbolDim(1) : kUnknownDim, 4}));
  }
}

TEST(PassesTest, OnlyOptionalOutputsThatNobodyReadsGo) {
  Graph graph;
  const ValueId x = AddInput(graph, "x", {1, 1, 4, 4});
  const ValueId y =
      AddNode(graph, "MaxPool", {x}, "y", {{"kernel_shape", std::vector<int64_t>{2, 2}}});
  AddNode(graph, "MaxPool", {x}, "t", {{"kernel_shape", std::vector<int64_t>{2, 2}}});
  for (graph::Node& node : graph.nodes) {
    graph::Value indices;
    indices.name = graph.values[node.outputs[0]].name + "_indices";
    node.outputs.push_back(graph.AddValue(std::move(indices)));
    graph.values[node.outputs[1]].producer = static_cast<graph::NodeId>(&node - graph.nodes.data());
  }
  const ValueId first =
      AddNode(graph, "Split", {x}, "first", {{"axis", int64_t{2}}, {"num_outputs", int64_t{2}}});
  graph::Value second;
  second.name = "second";
  second.producer = 2;
  graph.nodes[2].outputs.push_back(graph.AddValue(std::move(second)));
  graph.outputs = {y, graph.nodes[1].outputs[1], first};
  const Status status = RunPipeline(graph, {});
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_EQ(graph.nodes.size(), 3u) << graph.Dump();
  EXPECT_NE(graph.nodes[2].outputs[1], kNone) << graph.Dump();
  EXPECT_EQ(graph.nodes[0].outputs[1], kNone) << graph.Dump();
  EXPECT_NE(graph.nodes[1].outputs[0], kNone) << graph.Dump();
}

// Exporters declare shapes of outputs wrongly; types they don't.
TEST(PassesTest, OfADeclaredOutputTheTypeIsAPromiseAndTheShapeIsNot) {
  Graph graph;
  const ValueId x = AddInput(graph, "x", {2});
  graph.outputs = {AddNode(graph, "Relu", {x}, "y")};
  graph.values[graph.outputs[0]].shape = {3};
  ASSERT_TRUE(RunPipeline(graph, {}).ok());
  EXPECT_EQ(graph.values[graph.outputs[0]].shape, Shape{2});
  graph.values[graph.outputs[0]].type = DataType::kInt32;
  const Status status = RunPipeline(graph, {});
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("\"y\""), std::string_view::npos) << status.ToString();
}

// A stale number, in the place of a symbol or of a size that only a run knows, is not folded; nor does a stale rank count.
TEST(PassesTest, ADeclaredShapeOfWhatANodeMakesIsNotUsed) {
  Graph graph;
  graph.symbols = {"N"};
  const ValueId x = AddInput(graph, "x", Shape({SymbolDim(0)}));
  const ValueId target = AddInput(graph, "target", Shape({kUnknownDim}));
  graph.values[target].type = DataType::kInt64;
  const ValueId z = AddNode(graph, "Neg", {x}, "z");
  const ValueId found = AddNode(graph, "NonZero", {x}, "found");
  const ValueId reshaped = AddNode(graph, "Reshape", {x, target}, "reshaped");
  graph.values[z].shape = {1};
  graph.values[found].shape = {1, 5};
  graph.values[reshaped].shape = {2, 2};
  for (const ValueId of : {z, found, reshaped}) {
    graph.outputs.push_back(of);
    graph.outputs.push_back(AddNode(graph, "Shape", {of}, "shape_of_" + graph.values[of].name));
  }
  const Status status = RunPipeline(graph, {});
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(graph.values[z].shape, Shape({SymbolDim(0)}));
  EXPECT_EQ(graph.values[found].shape, Shape({1, kUnknownDim}));
  EXPECT_FALSE(graph.values[reshaped].shape.has_rank());
  for (const ValueId output : graph.outputs)
    EXPECT_FALSE(graph.values[output].constant) << graph.values[output].name;
}

// The shape of `y` decides whether Softmax of opset 11 is one of opset 13.
TEST(PassesTest, ADeclaredShapeDecidesNoRewriting) {
  Graph graph;
  const ValueId x = AddInput(graph, "x", {2, 3, 4});
  const ValueId y = AddNode(graph, "Relu", {x}, "y");
  graph.values[y].shape = {2, 3, 1};
  graph.outputs = {AddNode(graph, "Softmax", {y}, "s", {{"axis", int64_t{1}}})};
  graph.nodes.back().revision = 1;
  const Status status = RunPipeline(graph, {});
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_GT(graph.nodes.size(), 2u) << graph.Dump();
}

// A graph of one node, of what it takes from around it.
graph::Subgraph Branch(const std::string& op) {
  Graph branch;
  const ValueId x = AddInput(branch, "x", Shape::UnknownRank());
  branch.outputs = {AddNode(branch, op, {x}, "y")};
  return graph::Subgraph(std::move(branch));
}

Status RunIf(const std::string& then_branch, const std::string& else_branch, Shape* shape) {
  Graph graph;
  const ValueId x = AddInput(graph, "x", {4, 3});
  const ValueId condition = AddInput(graph, "condition", {});
  graph.values[condition].type = DataType::kBool;
  graph.outputs = {
      AddNode(graph, "If", {condition, x}, "y",
              {{"then_branch", Branch(then_branch)}, {"else_branch", Branch(else_branch)}})};
  graph.nodes[0].captured = 1;
  Status status = RunPipeline(graph, {});
  *shape = graph.values[graph.outputs[0]].shape;
  return status;
}

// Det takes square matrices.
TEST(PassesTest, ABranchThatTheShapesRuleOutIsNoError) {
  Shape shape;
  Status status = RunIf("Relu", "Det", &shape);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(shape, (Shape{4, 3}));
  status = RunIf("Det", "Relu", &shape);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(shape, (Shape{4, 3}));
  status = RunIf("Det", "Det", &shape);
  EXPECT_EQ(status.code(), Code::kInvalidArgument) << status.ToString();
  EXPECT_NE(status.message().find("Det_y"), std::string_view::npos) << status.ToString();
}

TEST(PassesTest, NodesThatRewritingAddsHaveNamesOfTheirOwn) {
  Graph graph;
  const ValueId x = AddInput(graph, "x", {2, 3, 4});
  const ValueId y = AddNode(graph, "Relu", {x}, "y");
  graph.nodes.back().name = "Softmax_s_Reshape";
  graph.outputs = {AddNode(graph, "Softmax", {y}, "s", {{"axis", int64_t{1}}})};
  graph.nodes.back().revision = 1;
  ASSERT_TRUE(RunPipeline(graph, {}).ok());
  std::set<std::string> names;
  for (const graph::Node& node : graph.nodes)
    EXPECT_TRUE(names.insert(node.name).second) << graph.Dump();
  EXPECT_GT(names.size(), 3u) << graph.Dump();
}

TEST(PassesTest, RewritingDownAndUpGivesTheSameNode) {
  Graph graph;
  const ValueId x = AddInput(graph, "x", {2, 3});
  const float bound = 6;
  const ValueId high = AddConstant(graph, "high", DataType::kFloat32, {}, &bound, 4);
  graph.outputs = {AddNode(graph, "Clip", {x, kNone, high}, "y")};
  const int newest = graph.nodes[0].revision;
  ASSERT_TRUE(RewriteTo(graph, 0, 1).ok());
  EXPECT_EQ(std::get<float>(graph.nodes[0].Find("max")->value), 6.0f);
  ASSERT_TRUE(RewriteTo(graph, 0, newest).ok());
  EXPECT_EQ(graph.nodes[0].inputs.size(), 3u);
}

}  // namespace
}  // namespace tenon::passes
