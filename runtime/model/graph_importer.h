// Turns the graphs of a ModelProto into Graphs: one object for a model.
#pragma once

#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "scope.h"

namespace tenon::model {

class GraphImporter {
 public:
  GraphImporter(const onnx::ModelProto& model, const Source& source, const ImportOptions& options)
      : model_(model), source_(source), options_(options) {}
  Result<graph::Graph> Run();

 private:
  // import.cc: graphs and what they declare
  Status ImportHeader(Scope* scope);
  Status ImportGraph(const onnx::GraphProto& proto, Scope& scope);
  Status ImportInitializers(const onnx::GraphProto& proto, Scope& scope);
  Status ImportInputs(const onnx::GraphProto& proto, Scope& scope);
  Status ImportDeclared(const onnx::GraphProto& proto, Scope& scope);
  Status ImportOutputs(const onnx::GraphProto& proto, Scope& scope);
  Status ImportType(const onnx::ValueInfoProto& info, const std::string& what, Scope& scope,
                    graph::Value& value) const;
  Status CountNodes(int more);

  // import_node.cc
  Status ImportNode(const onnx::NodeProto& proto, int index, Scope& scope);
  Status AddNode(const onnx::NodeProto& proto, graph::Node node, const std::string& where,
                 Scope& scope);
  Status ImportConstantNode(const onnx::NodeProto& proto, const std::string& where, Scope& scope);
  Status FindOperator(int opset, const std::string& where, graph::Node& node) const;
  Status ImportSubgraph(const onnx::GraphProto& proto, Scope& scope, GraphUnderWay& under_way);
  Status CloseSubgraphs(std::vector<GraphUnderWay>& under_way, graph::Node& node) const;

  // import_function.cc
  // The function that the node calls: one of the model, or an ONNX operator that has no row but a
  // body; null where it calls none.
  const onnx::FunctionProto* FindFunction(const onnx::NodeProto& proto, int opset, Scope& scope);
  Status ExpandFunction(const onnx::NodeProto& proto, const onnx::FunctionProto& function,
                        const std::string& name, const std::string& where, Scope& scope);

  // import_gradient.cc
  class Gradient;
  Status ExpandGradient(const onnx::NodeProto& proto, const std::string& name,
                        const std::string& where, Scope& scope);

  // Nodes that a call of the function leads to; more than the limit where it is exponential.
  uint64_t ExpandedSize(const onnx::FunctionProto& function, uint32_t depth);
  uint64_t ExpandedSize(const onnx::NodeProto& node, uint32_t depth);

  const onnx::ModelProto& model_;
  const Source& source_;
  const ImportOptions& options_;
  std::map<std::tuple<std::string, std::string, std::string>, const onnx::FunctionProto*>
      functions_;                                                     // by domain, name, overload
  std::vector<std::unique_ptr<onnx::FunctionProto>> made_functions_;  // of ONNX operators
  std::map<const onnx::FunctionProto*, uint64_t> expanded_sizes_;
  std::vector<const onnx::FunctionProto*> active_;  // that are being expanded
  uint64_t node_count_ = 0, expanded_count_ = 0;
  uint32_t depth_ = 0;  // of subgraphs and functions
};

std::string NormalisedDomain(const std::string& domain);
// `importer` names the model or the function in messages. kInvalidArgument: it imports another version, too.
Status ImportOpset(const onnx::OperatorSetIdProto& opset, const std::string& importer,
                   Scope& scope);
void SetConstant(graph::Graph& graph, graph::ValueId id, graph::Constant constant);

}  // namespace tenon::model
