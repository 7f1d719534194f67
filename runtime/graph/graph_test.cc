#include "tenon/graph/graph.h"

#include <gtest/gtest.h>

namespace tenon::graph {
namespace {

ValueId Add(Graph& graph, const std::string& name, Shape shape = {2}) {
  Value value;
  value.name = name;
  value.type = DataType::kFloat32;
  value.shape = shape;
  return graph.AddValue(std::move(value));
}

NodeId Connect(Graph& graph, const std::string& op, std::vector<ValueId> inputs, ValueId output) {
  Node node;
  node.name = op + "_" + std::to_string(graph.nodes.size());
  node.op = op;
  node.inputs = std::move(inputs);
  node.outputs = {output};
  return graph.AddNode(std::move(node));
}

TEST(GraphTest, SortsIntoTopologicalOrderAndKeepsASortedGraph) {
  Graph graph;
  const ValueId x = Add(graph, "x"), y = Add(graph, "y"), z = Add(graph, "z");
  graph.inputs = {x};
  graph.outputs = {z};
  Connect(graph, "Neg", {y}, z);
  Connect(graph, "Relu", {x}, y);
  EXPECT_FALSE(graph.Validate().ok());
  ASSERT_TRUE(graph.Sort().ok());
  EXPECT_TRUE(graph.Validate().ok());
  EXPECT_EQ(graph.nodes[0].op, "Relu");
  EXPECT_EQ(graph.values[z].producer, 1u);
  const std::string dump = graph.Dump();
  ASSERT_TRUE(graph.Sort().ok());
  EXPECT_EQ(graph.Dump(), dump);
}

TEST(GraphTest, ACycleIsAnErrorThatNamesANode) {
  Graph graph;
  const ValueId x = Add(graph, "x"), y = Add(graph, "y");
  Connect(graph, "Neg", {y}, x);
  Connect(graph, "Relu", {x}, y);
  const Status status = graph.Sort();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("Neg_0"), std::string_view::npos) << status.ToString();
}

TEST(GraphTest, CompactDropsWhatNobodyUses) {
  Graph graph;
  const ValueId x = Add(graph, "x");
  Add(graph, "unused");
  const ValueId y = Add(graph, "y");
  graph.inputs = {x};
  graph.outputs = {y};
  Connect(graph, "Neg", {x, kNone}, y);
  graph.Compact();
  EXPECT_EQ(graph.values.size(), 2u);
  EXPECT_EQ(graph.FindValue("unused"), kNone);
  EXPECT_EQ(graph.outputs[0], graph.FindValue("y"));
  EXPECT_TRUE(graph.Validate().ok());
}

TEST(GraphTest, DuplicateNamesAreFound) {
  Graph graph;
  Add(graph, "x");
  Add(graph, "x");
  EXPECT_NE(graph.Validate().message().find("\"x\""), std::string_view::npos);
}

TEST(GraphTest, SymbolsAreTheSameByName) {
  Graph graph;
  EXPECT_EQ(graph.SymbolFor("N"), 0u);
  EXPECT_EQ(graph.SymbolFor("S"), 1u);
  EXPECT_EQ(graph.SymbolFor("N"), 0u);
  Add(graph, "x", Shape({SymbolDim(1), kUnknownDim, 3}));
  graph.inputs = {0};
  EXPECT_NE(graph.Dump().find("%x:float32[S, ?, 3]"), std::string::npos) << graph.Dump();
}

TEST(NodeViewTest, ShowsEveryKindOfAttributeButGraphs) {
  Node node;
  node.op = "Conv";
  node.name = "conv1";
  node.attributes = {{"group", int64_t{2}},
                     {"alpha", 0.5f},
                     {"auto_pad", std::string("SAME_UPPER")},
                     {"pads", std::vector<int64_t>{1, 2}},
                     {"body", Subgraph(Graph())}};
  const NodeViewHolder holder(node);
  EXPECT_EQ(holder.view().attributes.size(), 4u);
  EXPECT_EQ(holder.view().Int("group", 1), 2);
  EXPECT_EQ(holder.view().Float("alpha", 0), 0.5f);
  EXPECT_EQ(holder.view().String("auto_pad", ""), "SAME_UPPER");
  EXPECT_EQ(holder.view().Ints("pads")[1], 2);
}

}  // namespace
}  // namespace tenon::graph
