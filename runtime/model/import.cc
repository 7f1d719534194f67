// From a parsed ModelProto to a Graph.
#include <unordered_map>
#include <unordered_set>

#include "importer.h"

namespace tenon::model {
namespace {

using graph::Graph;
using graph::kNone;
using graph::Value;
using graph::ValueId;

constexpr int kOldestOpset = 6;

Status Bad(const std::string& what) { return Status(Code::kInvalidArgument, what); }

std::string Normalised(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

// `?` and generated names of anonymous dimensions are equal to nothing.
bool IsAnonymous(const std::string& symbol) {
  return symbol.empty() || symbol == "?" || symbol == "-1" || symbol == "None";
}

class Importer {
 public:
  Importer(const onnx::ModelProto& model, const Source& source, const ImportOptions& options)
      : model_(model), source_(source), options_(options) {}

  Result<Graph> Run() {
    TENON_RETURN_IF_ERROR(ImportHeader());
    const onnx::GraphProto& graph = model_.graph();
    if (static_cast<uint64_t>(graph.node_size()) > options_.max_nodes) {
      return Bad("the graph has " + std::to_string(graph.node_size()) + " nodes, the limit is " +
                 std::to_string(options_.max_nodes));
    }
    if (graph.sparse_initializer_size() > 0)
      return Status(Code::kUnsupported, "sparse initializers are not supported");
    TENON_RETURN_IF_ERROR(ImportInitializers(graph));
    TENON_RETURN_IF_ERROR(ImportInputs(graph));
    TENON_RETURN_IF_ERROR(ImportDeclared(graph));
    for (int i = 0; i < graph.node_size(); ++i) TENON_RETURN_IF_ERROR(ImportNode(graph.node(i), i));
    TENON_RETURN_IF_ERROR(ImportOutputs(graph));
    TENON_RETURN_IF_ERROR(CheckProduced());
    TENON_RETURN_IF_ERROR(graph_.Sort());
    graph_.Compact();
    TENON_RETURN_IF_ERROR(graph_.Validate());
    return std::move(graph_);
  }

 private:
  Status ImportHeader() {
    if (!model_.has_graph()) return Status(Code::kDataLoss, "not an ONNX model: it has no graph");
    if (model_.ir_version() < 1 || model_.ir_version() > onnx::Version::IR_VERSION) {
      return Status(Code::kUnsupported,
                    "IR version " + std::to_string(model_.ir_version()) + "; versions 1 to " +
                        std::to_string(onnx::Version::IR_VERSION) + " are known");
    }
    for (const auto& opset : model_.opset_import()) {
      const std::string domain = Normalised(opset.domain());
      const auto version = static_cast<int>(std::min<int64_t>(opset.version(), 1 << 20));
      if (domain.empty() && (version < kOldestOpset || version > NewestOpset())) {
        return Status(Code::kUnsupported, "opset " + std::to_string(opset.version()) +
                                              " of the default domain; opsets " +
                                              std::to_string(kOldestOpset) + " to " +
                                              std::to_string(NewestOpset()) + " are known");
      }
      graph_.opsets.emplace_back(domain, version);
    }
    graph_.name = model_.graph().name();
    for (const auto& pair : model_.metadata_props())
      graph_.metadata.emplace_back(pair.key(), pair.value());
    return {};
  }

  int OpsetOf(const std::string& domain) const {
    for (const auto& [known, version] : graph_.opsets) {
      if (known == domain) return version;
    }
    return 0;
  }

  ValueId ValueFor(const std::string& name) {
    const auto [found, is_new] = ids_.emplace(name, kNone);
    if (is_new) {
      Value value;
      value.name = name;
      found->second = graph_.AddValue(std::move(value));
    }
    return found->second;
  }

  Status Define(const std::string& name, const std::string& what) {
    if (name.empty()) return Bad(what + " has no name");
    if (defined_.insert(name).second) return {};
    return Bad(what + " \"" + name + "\": the name is taken already; names of values are unique");
  }

  Status ImportInitializers(const onnx::GraphProto& graph) {
    for (const onnx::TensorProto& tensor : graph.initializer()) {
      TENON_RETURN_IF_ERROR(Define(tensor.name(), "initializer"));
      TENON_ASSIGN(graph::Constant constant, ImportTensor(tensor, source_, options_,
                                                          "initializer \"" + tensor.name() + "\""));
      SetConstant(ValueFor(tensor.name()), std::move(constant));
    }
    return {};
  }

  void SetConstant(ValueId id, graph::Constant constant) {
    Value& value = graph_.values[id];
    value.type = constant.type;
    value.shape = constant.shape;
    value.constant = std::make_shared<graph::Constant>(std::move(constant));
  }

  Status ImportType(const onnx::ValueInfoProto& info, const std::string& what, Value& value) {
    if (!info.type().has_tensor_type()) {
      return info.type().value_case() == onnx::TypeProto::VALUE_NOT_SET
                 ? Status()
                 : Status(Code::kUnsupported,
                          what + " \"" + info.name() +
                              "\" is no tensor; sequences, maps and optionals are not supported");
    }
    const auto& tensor = info.type().tensor_type();
    if (tensor.elem_type() < 0 || tensor.elem_type() > 255)
      return Bad(what + " \"" + info.name() + "\": unknown element type " +
                 std::to_string(tensor.elem_type()));
    value.type = static_cast<DataType>(tensor.elem_type());
    if (!tensor.has_shape()) return {};
    if (tensor.shape().dim_size() > kMaxRank) {
      return Status(Code::kUnsupported, what + " \"" + info.name() + "\": rank " +
                                            std::to_string(tensor.shape().dim_size()) +
                                            ", Tenon has at most " + std::to_string(kMaxRank));
    }
    value.shape = Shape();
    for (const auto& dim : tensor.shape().dim()) {
      if (dim.has_dim_value() && dim.dim_value() >= 0)
        value.shape.Append(dim.dim_value());
      else if (dim.has_dim_param() && !IsAnonymous(dim.dim_param()))
        value.shape.Append(SymbolDim(graph_.SymbolFor(dim.dim_param())));
      else
        value.shape.Append(kUnknownDim);
    }
    return {};
  }

  Status ImportInputs(const onnx::GraphProto& graph) {
    for (const onnx::ValueInfoProto& input : graph.input()) {
      const auto known = ids_.find(input.name());
      // Up to IR version 3 initializers are listed among the inputs; later that means a default that may be overridden.
      // Either way the model says the value.
      if (known != ids_.end() && graph_.values[known->second].constant) continue;
      TENON_RETURN_IF_ERROR(Define(input.name(), "input"));
      const ValueId id = ValueFor(input.name());
      TENON_RETURN_IF_ERROR(ImportType(input, "input", graph_.values[id]));
      if (graph_.values[id].type == DataType::kUndefined)
        return Bad("input \"" + input.name() + "\" has no type");
      graph_.inputs.push_back(id);
    }
    return {};
  }

  Status ImportDeclared(const onnx::GraphProto& graph) {
    for (const onnx::ValueInfoProto& info : graph.value_info()) {
      if (info.name().empty() || defined_.contains(info.name())) continue;
      Value declared;
      if (!ImportType(info, "value", declared).ok()) continue;  // a hint only
      Value& value = graph_.values[ValueFor(info.name())];
      value.type = declared.type;
      value.shape = declared.shape;
    }
    return {};
  }

  std::string NodeName(const onnx::NodeProto& node, int index) {
    std::string name =
        node.name().empty() ? node.op_type() + "_" + std::to_string(index) : node.name();
    if (node_names_.insert(name).second) return name;
    name += "_" + std::to_string(index);
    while (!node_names_.insert(name).second) name += "_";
    return name;
  }

  Status ImportNode(const onnx::NodeProto& proto, int index) {
    graph::Node node;
    node.name = NodeName(proto, index);
    node.domain = Normalised(proto.domain());
    node.op = proto.op_type();
    const std::string where = "node \"" + node.name + "\" (" +
                              (node.domain.empty() ? "" : node.domain + ".") + node.op + ")";
    const int opset = OpsetOf(node.domain);
    if (opset == 0)
      return Bad(where + ": the model imports no opset of the domain \"" + node.domain + "\"");
    if (node.domain.empty()) TENON_RETURN_IF_ERROR(VerifyNode(proto, opset, where));
    if (node.domain.empty() && node.op == "Constant") return ImportConstantNode(proto, where);
    TENON_RETURN_IF_ERROR(FindOperator(opset, where, node));
    for (const onnx::AttributeProto& attribute : proto.attribute()) {
      TENON_ASSIGN(graph::Attribute imported, ImportAttribute(attribute, source_, options_, where));
      if (node.Find(imported.name))
        return Bad(where + ": attribute \"" + imported.name + "\" stands twice");
      node.attributes.push_back(std::move(imported));
    }
    for (const std::string& input : proto.input()) {
      node.inputs.push_back(input.empty() ? kNone : ValueFor(input));
      if (!input.empty()) readers_.emplace(node.inputs.back(), node.name);
    }
    for (const std::string& output : proto.output()) {
      if (output.empty()) {
        node.outputs.push_back(kNone);
        continue;
      }
      TENON_RETURN_IF_ERROR(Define(output, where + " output"));
      node.outputs.push_back(ValueFor(output));
    }
    while (!node.inputs.empty() && node.inputs.back() == kNone) node.inputs.pop_back();
    graph_.AddNode(std::move(node));
    return {};
  }

  Status FindOperator(int opset, const std::string& where, graph::Node& node) {
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
  Status ImportConstantNode(const onnx::NodeProto& node, const std::string& where) {
    if (node.output_size() != 1 || node.attribute_size() != 1)
      return Bad(where + ": needs one attribute and one output");
    TENON_RETURN_IF_ERROR(Define(node.output(0), where + " output"));
    const onnx::AttributeProto& attribute = node.attribute(0);
    onnx::TensorProto tensor;
    if (attribute.name() == "value") {
      TENON_ASSIGN(graph::Constant constant, ImportTensor(attribute.t(), source_, options_, where));
      SetConstant(ValueFor(node.output(0)), std::move(constant));
      return {};
    }
    if (attribute.name() == "value_float" || attribute.name() == "value_floats") {
      tensor.set_data_type(onnx::TensorProto::FLOAT);
      if (attribute.has_f()) tensor.add_float_data(attribute.f());
      for (const float value : attribute.floats()) tensor.add_float_data(value);
      if (attribute.name() == "value_floats") tensor.add_dims(attribute.floats_size());
    } else if (attribute.name() == "value_int" || attribute.name() == "value_ints") {
      tensor.set_data_type(onnx::TensorProto::INT64);
      if (attribute.has_i()) tensor.add_int64_data(attribute.i());
      for (const int64_t value : attribute.ints()) tensor.add_int64_data(value);
      if (attribute.name() == "value_ints") tensor.add_dims(attribute.ints_size());
    } else {
      return Status(Code::kUnsupported, where + ": attribute \"" + attribute.name() + "\"");
    }
    TENON_ASSIGN(graph::Constant constant, ImportTensor(tensor, source_, options_, where));
    SetConstant(ValueFor(node.output(0)), std::move(constant));
    return {};
  }

  Status ImportOutputs(const onnx::GraphProto& graph) {
    if (graph.output_size() == 0) return Bad("the graph has no outputs");
    std::unordered_set<std::string> names;
    for (const onnx::ValueInfoProto& output : graph.output()) {
      if (!defined_.contains(output.name())) {
        return Bad("output \"" + output.name() +
                   "\" is made by no node and is no input or initializer");
      }
      if (!names.insert(output.name()).second)
        return Bad("output \"" + output.name() + "\" stands twice");
      const ValueId id = ValueFor(output.name());
      if (graph_.values[id].producer != kNone) {
        Value declared;
        TENON_RETURN_IF_ERROR(ImportType(output, "output", declared));
        graph_.values[id].type = declared.type;
        graph_.values[id].shape = declared.shape;
      }
      graph_.outputs.push_back(id);
    }
    return {};
  }

  // Every value that is read is an input, a constant, or made by a node.
  Status CheckProduced() const {
    for (const auto& [id, reader] : readers_) {
      const Value& value = graph_.values[id];
      if (value.producer != kNone || defined_.contains(value.name)) continue;
      return Bad("node \"" + reader + "\" reads \"" + value.name +
                 "\", which is made by no node and is no input or initializer");
    }
    return {};
  }

  const onnx::ModelProto& model_;
  const Source& source_;
  const ImportOptions& options_;
  Graph graph_;
  std::unordered_map<std::string, ValueId> ids_;
  std::unordered_set<std::string> defined_;
  std::unordered_set<std::string> node_names_;
  std::unordered_map<ValueId, std::string> readers_;
};

}  // namespace

Result<Graph> ImportModel(const onnx::ModelProto& model, const Source& source,
                          const ImportOptions& options) {
  RegisterSchemas();
  return Importer(model, source, options).Run();
}

}  // namespace tenon::model
