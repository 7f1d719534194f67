#include "graph_builder.h"

#include <gtest/gtest.h>

#include "tenon/passes/passes.h"

namespace tenon::placement::testing {

void GraphBuilder::Input(const std::string& name, const std::vector<std::string>& dims,
                         DataType type) {
  graph::Value value;
  value.name = name;
  value.type = type;
  value.shape = Shape();
  for (const std::string& dim : dims) {
    const bool number = !dim.empty() && dim.find_first_not_of("0123456789") == std::string::npos;
    value.shape.Append(number       ? std::stoll(dim)
                       : dim == "?" ? kUnknownDim
                                    : SymbolDim(graph_.SymbolFor(dim)));
  }
  graph_.inputs.push_back(graph_.AddValue(std::move(value)));
}

void GraphBuilder::Floats(const std::string& name, const Shape& shape, float number) {
  const std::vector<float> data(static_cast<size_t>(shape.ElementCount()), number);
  graph::Value value;
  value.name = name;
  value.type = DataType::kFloat32;
  value.shape = shape;
  value.constant =
      passes::MakeConstant(value.type, shape, data.data(), data.size() * sizeof(float));
  graph_.AddValue(std::move(value));
}

void GraphBuilder::Ints(const std::string& name, const std::vector<int64_t>& values) {
  graph::Value value;
  value.name = name;
  value.type = DataType::kInt64;
  value.shape = {static_cast<int64_t>(values.size())};
  value.constant =
      passes::MakeConstant(value.type, value.shape, values.data(), values.size() * sizeof(int64_t));
  graph_.AddValue(std::move(value));
}

void GraphBuilder::Node(const std::string& op, const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs,
                        std::vector<graph::Attribute> attributes, const std::string& domain) {
  graph::Node node;
  node.op = op;
  node.domain = domain;
  node.name = op + "_" + outputs[0];
  node.definition = operators::FindOperator(domain, op);
  ASSERT_NE(node.definition, nullptr) << op;
  node.revision = node.definition->newest().number;
  node.attributes = std::move(attributes);
  for (const std::string& name : inputs) {
    node.inputs.push_back(name.empty() ? graph::kNone : graph_.FindValue(name));
    ASSERT_TRUE(name.empty() || node.inputs.back() != graph::kNone) << name;
  }
  for (const std::string& name : outputs) {
    graph::Value value;
    value.name = name;
    node.outputs.push_back(name.empty() ? graph::kNone : graph_.AddValue(std::move(value)));
  }
  graph_.AddNode(std::move(node));
  passes::Options options;
  options.fold = false;
  const Status status = passes::InferShapes(graph_, options);
  ASSERT_TRUE(status.ok()) << status.message();
}

void GraphBuilder::Output(const std::string& name) {
  graph_.outputs.push_back(graph_.FindValue(name));
}

graph::Graph GraphBuilder::Take() {
  const Status status = graph_.Validate();
  EXPECT_TRUE(status.ok()) << status.message();
  return std::move(graph_);
}

}  // namespace tenon::placement::testing
