// From a parsed ModelProto to a Graph: nodes, and the subgraphs within them.
#include <algorithm>

#include "graph_importer.h"

namespace tenon::model {

using graph::kNone;
using graph::ValueId;

namespace {

Status Bad(const std::string& what) { return Status(Code::kInvalidArgument, what); }

// The attribute that stands for one which refers to an attribute of the function: the caller's, or
// the function's default; null where neither has it.
const onnx::AttributeProto* Referred(const Call& call, const std::string& name) {
  for (const onnx::AttributeProto& attribute : call.node.attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  for (const onnx::AttributeProto& attribute : call.function.attribute_proto()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

bool RefersToCall(const onnx::NodeProto& node) {
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (!attribute.ref_attr_name().empty()) return true;
  }
  return false;
}

// The node with its caller's attributes; what the caller leaves out is left out.
onnx::NodeProto WithAttributesOf(const Call& call, const onnx::NodeProto& node) {
  onnx::NodeProto resolved = node;
  resolved.clear_attribute();
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (attribute.ref_attr_name().empty()) {
      *resolved.add_attribute() = attribute;
      continue;
    }
    const onnx::AttributeProto* referred = Referred(call, attribute.ref_attr_name());
    if (referred == nullptr) continue;
    onnx::AttributeProto& added = *resolved.add_attribute();
    added = *referred;
    added.set_name(attribute.name());
  }
  return resolved;
}

// Each output says where the next one begins; what a host node makes of its subgraph may be left out.
bool HasListOfOutputs(const graph::Node& node) {
  return node.definition && node.definition->arity.max_outputs == operators::kVariadic &&
         node.Subgraphs().empty();
}

bool IsGraph(const onnx::AttributeProto& attribute) { return attribute.has_g(); }

}  // namespace

Status GraphImporter::ImportNode(const onnx::NodeProto& written, int index, Scope& scope) {
  onnx::NodeProto resolved;
  const bool refers = scope.call() != nullptr && RefersToCall(written);
  if (refers) resolved = WithAttributesOf(*scope.call(), written);
  const onnx::NodeProto& proto = refers ? resolved : written;
  graph::Node node;
  node.name = scope.NodeName(proto, index);
  node.domain = NormalisedDomain(proto.domain());
  node.op = proto.op_type();
  const std::string where = "node \"" + node.name + "\" (" +
                            (node.domain.empty() ? "" : node.domain + ".") + node.op + ")";
  const int opset = scope.OpsetOf(node.domain);
  if (const auto* function = FindFunction(proto, opset, scope))
    return ExpandFunction(proto, *function, node.name, where, scope);
  if (opset == 0)
    return Bad(where + ": the model imports no opset of the domain \"" + node.domain + "\"");
  if (node.domain == "ai.onnx.preview.training" && node.op == "Gradient")
    return ExpandGradient(proto, node.name, where, scope);
  if (node.domain.empty()) TENON_RETURN_IF_ERROR(VerifyNode(proto, opset, where));
  if (node.domain.empty() && node.op == "Constant") return ImportConstantNode(proto, where, scope);
  const int known = node.domain.empty() ? std::max(opset, kOldestOpset) : opset;
  TENON_RETURN_IF_ERROR(FindOperator(known, where, node));
  return AddNode(proto, std::move(node), where, scope);
}

Status GraphImporter::AddNode(const onnx::NodeProto& proto, graph::Node node,
                              const std::string& where, Scope& scope) {
  for (const std::string& input : proto.input())
    node.inputs.push_back(input.empty() ? kNone : scope.Read(input, node.name));
  std::vector<GraphUnderWay> under_way(
      static_cast<size_t>(std::ranges::count_if(proto.attribute(), IsGraph)));
  size_t subgraphs = 0;
  for (const onnx::AttributeProto& attribute : proto.attribute()) {
    if (node.Find(attribute.name()))
      return Bad(where + ": attribute \"" + attribute.name() + "\" stands twice");
    if (node.domain.empty() && attribute.name() == "consumed_inputs") continue;  // a hint
    if (IsGraph(attribute)) {
      TENON_RETURN_IF_ERROR(ImportSubgraph(attribute.g(), scope, under_way[subgraphs++])
                                .WithContext(where + " " + attribute.name()));
      node.attributes.push_back({attribute.name(), graph::Subgraph(graph::Graph())});
      continue;
    }
    if (node.domain.empty() && node.op == "Optional" && attribute.has_tp()) {
      TENON_ASSIGN(graph::Attribute type, ImportTypeAttribute(attribute, where));
      node.attributes.push_back(std::move(type));
      continue;
    }
    TENON_ASSIGN(graph::Attribute imported, ImportAttribute(attribute, source_, options_, where));
    node.attributes.push_back(std::move(imported));
  }
  // A Loop's count and condition may be left out; its values come behind them.
  if (node.domain.empty() && node.op == "Loop")
    node.inputs.resize(std::max<size_t>(2, node.inputs.size()), kNone);
  if (subgraphs != 0) TENON_RETURN_IF_ERROR(CloseSubgraphs(under_way, node).WithContext(where));
  for (const std::string& output : proto.output()) {
    node.outputs.push_back(kNone);
    if (output.empty() && HasListOfOutputs(node)) {
      return Bad(where + ": output " + std::to_string(node.outputs.size() - 1) +
                 " has no name (expected one for each part of a list)");
    }
    if (output.empty()) continue;
    TENON_ASSIGN(node.outputs.back(), scope.Define(output, where + " output"));
  }
  while (subgraphs == 0 && !node.inputs.empty() && node.inputs.back() == kNone)
    node.inputs.pop_back();
  scope.graph().AddNode(std::move(node));
  return {};
}

Status GraphImporter::ImportSubgraph(const onnx::GraphProto& proto, Scope& scope,
                                     GraphUnderWay& under_way) {
  if (++depth_ > options_.max_depth) {
    return Bad("subgraphs and functions are nested deeper than " +
               std::to_string(options_.max_depth) + kRaiseDepth);
  }
  Scope inner(under_way, &scope, &scope);
  for (const onnx::TensorProto& tensor : proto.initializer()) inner.DefinesItself(tensor.name());
  for (const onnx::ValueInfoProto& input : proto.input()) inner.DefinesItself(input.name());
  for (const onnx::NodeProto& node : proto.node()) {
    for (const std::string& output : node.output()) inner.DefinesItself(output);
  }
  TENON_RETURN_IF_ERROR(ImportGraph(proto, inner));
  --depth_;
  return {};
}

// What any of the subgraphs captures becomes the last inputs of the node and of all of them.
Status GraphImporter::CloseSubgraphs(std::vector<GraphUnderWay>& under_way,
                                     graph::Node& node) const {
  std::vector<ValueId> captured;
  for (const GraphUnderWay& made : under_way) {
    for (const auto& [outside, inside] : made.captures) {
      if (std::ranges::find(captured, outside) == captured.end()) captured.push_back(outside);
    }
  }
  size_t next = 0;
  for (graph::Attribute& attribute : node.attributes) {
    auto* subgraph = std::get_if<graph::Subgraph>(&attribute.value);
    if (subgraph == nullptr) continue;
    GraphUnderWay& made = under_way[next++];
    for (ValueId outside : captured) {
      const auto found = made.captured.find(outside);
      ValueId inside = kNone;
      if (found != made.captured.end()) {
        inside = found->second;
      } else {
        graph::Value unused;
        unused.name = "captured_" + std::to_string(made.graph.inputs.size());
        while (!made.value_names.insert(unused.name).second) unused.name += "_";
        inside = made.graph.AddValue(std::move(unused));
      }
      made.graph.inputs.push_back(inside);
    }
    made.graph.Compact();
    *subgraph = graph::Subgraph(std::move(made.graph));
  }
  node.inputs.insert(node.inputs.end(), captured.begin(), captured.end());
  node.captured = static_cast<uint32_t>(captured.size());
  return {};
}

Status GraphImporter::FindOperator(int opset, const std::string& where, graph::Node& node) const {
  node.definition = operators::FindOperator(node.domain, node.op);
  if (!node.definition) {
    node.revision = opset;
    if (options_.custom_operators.contains({node.domain, node.op})) return {};
    return Status(Code::kUnsupported, where + ": no such operator in opset " +
                                          std::to_string(opset) +
                                          " that Tenon or an enabled backend knows");
  }
  node.revision = operators::RevisionAt(*node.definition, opset);
  if (node.revision != 0) return {};
  return Status(Code::kUnsupported,
                where + ": the operator does not exist in opset " + std::to_string(opset));
}

// A node Constant is an initializer.
Status GraphImporter::ImportConstantNode(const onnx::NodeProto& node, const std::string& where,
                                         Scope& scope) {
  if (node.output_size() != 1 || node.attribute_size() != 1)
    return Bad(where + ": needs one attribute and one output");
  TENON_ASSIGN(const ValueId id, scope.Define(node.output(0), where + " output"));
  const onnx::AttributeProto& attribute = node.attribute(0);
  if (!attribute.ref_attr_name().empty()) {
    return Bad(where + " attribute \"" + attribute.name() +
               "\": refers to an attribute of a function, but is in no function");
  }
  onnx::TensorProto tensor;
  const std::string& name = attribute.name();
  if (name == "value") {
    TENON_ASSIGN(graph::Constant constant, ImportTensor(attribute.t(), source_, options_, where));
    SetConstant(scope.graph(), id, std::move(constant));
    return {};
  }
  if (name == "value_float" || name == "value_floats") {
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    if (name == "value_float") tensor.add_float_data(attribute.f());
    for (const float value : attribute.floats()) tensor.add_float_data(value);
    if (name == "value_floats") tensor.add_dims(attribute.floats_size());
  } else if (name == "value_int" || name == "value_ints") {
    tensor.set_data_type(onnx::TensorProto::INT64);
    if (name == "value_int") tensor.add_int64_data(attribute.i());
    for (const int64_t value : attribute.ints()) tensor.add_int64_data(value);
    if (name == "value_ints") tensor.add_dims(attribute.ints_size());
  } else if (name == "value_string" || name == "value_strings") {
    tensor.set_data_type(onnx::TensorProto::STRING);
    if (name == "value_string") tensor.add_string_data(attribute.s());
    for (const std::string& value : attribute.strings()) tensor.add_string_data(value);
    if (name == "value_strings") tensor.add_dims(attribute.strings_size());
  } else {
    return Status(Code::kUnsupported, where + ": attribute \"" + name + "\"");
  }
  TENON_ASSIGN(graph::Constant constant, ImportTensor(tensor, source_, options_, where));
  SetConstant(scope.graph(), id, std::move(constant));
  return {};
}

}  // namespace tenon::model
