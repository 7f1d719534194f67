// What Gradient is expanded to, and what it refuses; tools/testing/old_operators.py tests the numbers.
#include <gtest/gtest.h>

#include "testing.h"

namespace tenon::model {
namespace {

using testing::AddNode;
using testing::Import;
using Names = std::vector<std::string>;

void AddGradient(testing::onnx::ModelProto& model, const Names& inputs, const Names& outputs,
                 const Names& xs, const std::string& y, const Names& zs = {}) {
  auto* node = AddNode(model, "Gradient", inputs, outputs, "grad");
  node->set_domain("ai.onnx.preview.training");
  const auto add = [&](const char* name, testing::onnx::AttributeProto::AttributeType type) {
    auto* attribute = node->add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    return attribute;
  };
  if (!xs.empty()) {
    auto* list = add("xs", testing::onnx::AttributeProto::STRINGS);
    for (const std::string& name : xs) list->add_strings(name);
  }
  if (!zs.empty()) {
    auto* list = add("zs", testing::onnx::AttributeProto::STRINGS);
    for (const std::string& name : zs) list->add_strings(name);
  }
  add("y", testing::onnx::AttributeProto::STRING)->set_s(y);
}

// Inputs a and b, output d, and the opset of Gradient.
testing::onnx::ModelProto Model(const std::vector<int64_t>& a = {2, 3},
                                const std::vector<int64_t>& b = {2, 3}) {
  testing::onnx::ModelProto model = testing::EmptyModel(12);
  auto* import = model.add_opset_import();
  import->set_domain("ai.onnx.preview.training");
  import->set_version(1);
  testing::SetType(model.mutable_graph()->add_input(), "a", a);
  testing::SetType(model.mutable_graph()->add_input(), "b", b);
  auto* output = model.mutable_graph()->add_output();
  output->set_name("d");
  output->mutable_type()->mutable_tensor_type()->set_elem_type(testing::onnx::TensorProto::FLOAT);
  return model;
}

size_t Count(const graph::Graph& graph, const std::string& op) {
  size_t count = 0;
  for (const graph::Node& node : graph.nodes) count += node.op == op;
  return count;
}

void ExpectRefusal(const testing::onnx::ModelProto& model, Code code, const std::string& reason) {
  const auto graph = Import(model);
  ASSERT_FALSE(graph.ok()) << reason;
  EXPECT_EQ(graph.status().code(), code) << graph.status().ToString();
  EXPECT_NE(graph.status().message().find(reason), std::string::npos) << graph.status().ToString();
  EXPECT_NE(graph.status().message().find("\"grad\""), std::string::npos);
}

TEST(GradientTest, ReadsTheGraphsOwnValuesWhereTheyAreGiven) {
  testing::onnx::ModelProto model = Model();
  AddNode(model, "Mul", {"a", "b"}, {"y"});
  AddGradient(model, {"a", "b"}, {"d"}, {"a", "b"}, "y");
  const auto graph = Import(model);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  EXPECT_EQ(Count(*graph, "Gradient"), 0u);
  EXPECT_EQ(Count(*graph, "Mul"), 3u);  // y's own, one for each operand
  EXPECT_EQ(Count(*graph, "ReduceSum"), 0u);
}

TEST(GradientTest, MakesNodesAnewForOtherValues) {
  testing::onnx::ModelProto model = Model();
  AddNode(model, "Relu", {"b"}, {"r"});
  AddNode(model, "Mul", {"a", "r"}, {"y"});
  AddGradient(model, {"a", "a"}, {"d"}, {"a"}, "y", {"b"});
  const auto graph = Import(model);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  EXPECT_EQ(Count(*graph, "Relu"), 2u);
}

TEST(GradientTest, NamesTheOperatorThatItDoesNotKnow) {
  testing::onnx::ModelProto model = Model();
  AddNode(model, "Exp", {"a"}, {"e"}, "power");
  AddNode(model, "Mul", {"e", "b"}, {"y"});
  AddGradient(model, {"a"}, {"d"}, {"a"}, "y");
  ExpectRefusal(model, Code::kUnsupported, "node \"power\" (Exp)");
  // Where y does not depend on xs by it, it may be any.
  model.mutable_graph()->mutable_node(2)->mutable_attribute(0)->set_strings(0, "b");
  EXPECT_TRUE(Import(model).ok()) << Import(model).status().ToString();
}

TEST(GradientTest, RefusesWhereItIsNotKnownWhatIsBroadcast) {
  testing::onnx::ModelProto model = Model({-1, 3}, {-1, 3});
  for (int i = 0; i < 2; ++i) {
    model.mutable_graph()
        ->mutable_input(i)
        ->mutable_type()
        ->mutable_tensor_type()
        ->mutable_shape()
        ->mutable_dim(0)
        ->set_dim_param(i == 0 ? "N" : "M");
  }
  AddNode(model, "Add", {"a", "b"}, {"y"}, "add");
  AddGradient(model, {"a"}, {"d"}, {"a"}, "y");
  ExpectRefusal(model, Code::kUnsupported, "node \"add\" (Add) reads \"a\"");
}

TEST(GradientTest, SumsOverWhatIsBroadcast) {
  testing::onnx::ModelProto model = Model({2, 3}, {3});
  AddNode(model, "Add", {"a", "b"}, {"y"});
  AddGradient(model, {"a", "b"}, {"", "d"}, {"a", "b"}, "y");
  const auto graph = Import(model);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  EXPECT_EQ(Count(*graph, "ReduceSum"), 1u);
}

TEST(GradientTest, RefusesWrongArguments) {
  const auto refused = [](const Names& inputs, const Names& xs, const std::string& y,
                          const std::string& reason) {
    testing::onnx::ModelProto model = Model();
    AddNode(model, "Add", {"a", "b"}, {"y"});
    AddGradient(model, inputs, {"d"}, xs, y);
    ExpectRefusal(model, Code::kInvalidArgument, reason);
  };
  refused({"a"}, {}, "y", "has no attribute xs");
  refused({"a"}, {"a", "b"}, "y", "has 1 inputs, expected 2");
  refused({"a"}, {"none"}, "y", "xs names \"none\"");
  refused({"a"}, {"a"}, "", "y names \"\"");
  refused({"a", "b"}, {"a", "a"}, "y", "stands twice");
}

TEST(GradientTest, CountsTheNodesThatItMakes) {
  testing::onnx::ModelProto model = Model();
  AddNode(model, "Mul", {"a", "b"}, {"y"});
  AddGradient(model, {"a", "b"}, {"d"}, {"a", "b"}, "y");
  ImportOptions options;
  options.max_nodes = 5;
  const auto graph = Import(model, options);
  ASSERT_FALSE(graph.ok());
  EXPECT_NE(graph.status().message().find("more than 5 nodes"), std::string::npos);
}

}  // namespace
}  // namespace tenon::model
