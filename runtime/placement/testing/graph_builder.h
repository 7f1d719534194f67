// Small graphs for tests: values by name, shapes inferred as nodes are added.
#pragma once

#include <string>
#include <vector>

#include "tenon/graph/graph.h"

namespace tenon::placement::testing {

class GraphBuilder {
 public:
  // Names in `dims` are symbols, "?" is unknown, others are numbers.
  void Input(const std::string& name, const std::vector<std::string>& dims,
             DataType type = DataType::kFloat32);
  void Floats(const std::string& name, const Shape& shape, float value = 1);
  void Ints(const std::string& name, const std::vector<int64_t>& values);
  // An input "" is absent.
  void Node(const std::string& op, const std::vector<std::string>& inputs,
            const std::vector<std::string>& outputs, std::vector<graph::Attribute> attributes = {},
            const std::string& domain = "");
  void Output(const std::string& name);
  graph::Graph Take();  // validated

 private:
  graph::Graph graph_;
};

}  // namespace tenon::placement::testing
