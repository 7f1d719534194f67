// From a parsed ModelProto to a Graph: graphs, and what they declare.
#include "graph_importer.h"

namespace tenon::model {

using graph::Graph;
using graph::kNone;
using graph::Value;
using graph::ValueId;

namespace {

Status Bad(const std::string& what) { return Status(Code::kInvalidArgument, what); }

// `?` and generated names of anonymous dimensions are equal to nothing.
bool IsAnonymous(const std::string& symbol) {
  return symbol.empty() || symbol == "?" || symbol == "-1" || symbol == "None";
}

}  // namespace

const onnx::TypeProto_Tensor* TensorWithin(const onnx::TypeProto& type, ValueKind* kind) {
  const onnx::TypeProto* at = &type;
  const bool optional = at->has_optional_type();
  if (optional) at = &at->optional_type().elem_type();
  const bool sequence = at->has_sequence_type();
  if (sequence) at = &at->sequence_type().elem_type();
  *kind = optional   ? (sequence ? ValueKind::kOptionalSequence : ValueKind::kOptional)
          : sequence ? ValueKind::kSequence
                     : ValueKind::kTensor;
  return at->has_tensor_type() ? &at->tensor_type() : nullptr;
}

std::string NormalisedDomain(const std::string& domain) {
  return domain == "ai.onnx" ? "" : domain;
}

Status ImportOpset(const onnx::OperatorSetIdProto& opset, const std::string& importer,
                   Scope& scope) {
  const std::string domain = NormalisedDomain(opset.domain());
  const auto version = static_cast<int>(std::min<int64_t>(opset.version(), 1 << 20));
  const int before = scope.OpsetOf(domain);
  if (before != 0 && before != version) {
    return Bad(importer + " imports opsets " + std::to_string(before) + " and " +
               std::to_string(version) + " of " +
               (domain.empty() ? "the default domain (\"\" and \"ai.onnx\" are the same)"
                               : "the domain \"" + domain + "\"") +
               ", expected one: remove the entry that its nodes are not written for");
  }
  scope.SetOpset(domain, version);
  return {};
}

void SetConstant(Graph& graph, ValueId id, graph::Constant constant) {
  Value& value = graph.values[id];
  value.type = constant.type;
  value.shape = constant.shape;
  value.constant = std::make_shared<graph::Constant>(std::move(constant));
}

Result<Graph> GraphImporter::Run() {
  if (!model_.has_graph()) return Status(Code::kDataLoss, "not an ONNX model: it has no graph");
  GraphUnderWay made;
  Scope scope(made, nullptr, nullptr);
  TENON_RETURN_IF_ERROR(ImportHeader(&scope));
  for (const onnx::FunctionProto& function : model_.functions()) {
    functions_[{NormalisedDomain(function.domain()), function.name(), function.overload()}] =
        &function;
  }
  TENON_RETURN_IF_ERROR(ImportGraph(model_.graph(), scope));
  return std::move(made.graph);
}

Status GraphImporter::ImportHeader(Scope* scope) {
  if (model_.ir_version() < 1 || model_.ir_version() > onnx::Version::IR_VERSION) {
    return Status(Code::kUnsupported, "IR version " + std::to_string(model_.ir_version()) +
                                          "; versions 1 to " +
                                          std::to_string(onnx::Version::IR_VERSION) + " are known");
  }
  if (model_.ir_version() < 3 && model_.opset_import_size() == 0) {
    // These versions had no opsets: what they had is opset 1.
    scope->SetOpset("", 1);
    scope->graph().opsets.emplace_back("", kOldestOpset);
  }
  for (const auto& opset : model_.opset_import()) {
    const std::string domain = NormalisedDomain(opset.domain());
    TENON_RETURN_IF_ERROR(ImportOpset(opset, "the model", *scope));
    const int version = scope->OpsetOf(domain);
    if (domain.empty() && (version < 1 || version > NewestOpset())) {
      return Status(Code::kUnsupported, "opset " + std::to_string(opset.version()) +
                                            " of the default domain; opsets 1 to " +
                                            std::to_string(NewestOpset()) + " are known");
    }
    scope->graph().opsets.emplace_back(domain,
                                       domain.empty() ? std::max(version, kOldestOpset) : version);
  }
  for (const auto& pair : model_.metadata_props())
    scope->graph().metadata.emplace_back(pair.key(), pair.value());
  return {};
}

Status GraphImporter::CountNodes(int more) {
  node_count_ += static_cast<uint64_t>(more);
  if (node_count_ <= options_.max_nodes) return {};
  return Bad("the model has more than " + std::to_string(options_.max_nodes) +
             " nodes, with its subgraphs: that is the limit (tenon_limits.max_nodes sets another)");
}

Status GraphImporter::ImportGraph(const onnx::GraphProto& proto, Scope& scope) {
  TENON_RETURN_IF_ERROR(CountNodes(proto.node_size()));
  if (proto.sparse_initializer_size() > 0)
    return Status(Code::kUnsupported, "sparse initializers are not supported");
  Graph& graph = scope.graph();
  graph.name = proto.name();
  TENON_RETURN_IF_ERROR(ImportInitializers(proto, scope));
  TENON_RETURN_IF_ERROR(ImportInputs(proto, scope));
  TENON_RETURN_IF_ERROR(ImportDeclared(proto, scope));
  for (int i = 0; i < proto.node_size(); ++i)
    TENON_RETURN_IF_ERROR(ImportNode(proto.node(i), i, scope));
  TENON_RETURN_IF_ERROR(ImportOutputs(proto, scope));
  TENON_RETURN_IF_ERROR(scope.CheckProduced());
  return graph.Sort();
}

Status GraphImporter::ImportInitializers(const onnx::GraphProto& proto, Scope& scope) {
  for (const onnx::TensorProto& tensor : proto.initializer()) {
    const std::string where = "initializer \"" + tensor.name() + "\"";
    TENON_ASSIGN(const ValueId id, scope.Define(tensor.name(), "initializer"));
    TENON_ASSIGN(graph::Constant constant, ImportTensor(tensor, source_, options_, where));
    SetConstant(scope.graph(), id, std::move(constant));
  }
  return {};
}

Status GraphImporter::ImportType(const onnx::ValueInfoProto& info, const std::string& what,
                                 Scope& scope, Value& value) const {
  const std::string where = what + " \"" + info.name() + "\"";
  if (info.type().value_case() == onnx::TypeProto::VALUE_NOT_SET) return {};
  const auto* tensor = TensorWithin(info.type(), &value.kind);
  if (tensor == nullptr) {
    return Status(Code::kUnsupported,
                  where +
                      " is no tensor, no sequence of tensors and no optional of these; maps and "
                      "sparse tensors are not supported");
  }
  value.type = DataTypeOf(tensor->elem_type());
  if (value.type == DataType::kUndefined && tensor->elem_type() != 0)
    return Bad(where + ": unknown element type " + std::to_string(tensor->elem_type()));
  if (!tensor->has_shape()) return {};
  if (tensor->shape().dim_size() > kMaxRank) {
    return Status(Code::kUnsupported, where + ": rank " +
                                          std::to_string(tensor->shape().dim_size()) +
                                          ", Tenon has at most " + std::to_string(kMaxRank));
  }
  value.shape = Shape();
  for (const auto& dim : tensor->shape().dim()) {
    if (dim.has_dim_value() && dim.dim_value() >= 0)
      value.shape.Append(dim.dim_value());
    else if (dim.has_dim_param() && !IsAnonymous(dim.dim_param()))
      value.shape.Append(SymbolDim(scope.graph().SymbolFor(dim.dim_param())));
    else
      value.shape.Append(kUnknownDim);
  }
  if (FitsMemory(value.shape)) return {};
  return Bad(where + ": the shape " + value.shape.ToString() + " is larger than any memory");
}

Status GraphImporter::ImportInputs(const onnx::GraphProto& proto, Scope& scope) {
  Graph& graph = scope.graph();
  for (const onnx::ValueInfoProto& input : proto.input()) {
    const ValueId known = scope.Find(input.name());
    if (known != kNone && graph.values[known].constant) {
      // Up to IR version 3 initializers are listed among the inputs; later that means a default that may be overridden.
      // Either way the model says the value. A subgraph's inputs are set by its node.
      if (!scope.is_subgraph()) continue;
      return Bad("input \"" + input.name() + "\" of a subgraph is an initializer, too");
    }
    TENON_ASSIGN(const ValueId id, scope.Define(input.name(), "input"));
    TENON_RETURN_IF_ERROR(ImportType(input, "input", scope, graph.values[id]));
    if (graph.values[id].type == DataType::kUndefined && !scope.is_subgraph())
      return Bad("input \"" + input.name() + "\" has no type");
    graph.inputs.push_back(id);
  }
  return {};
}

Status GraphImporter::ImportDeclared(const onnx::GraphProto& proto, Scope& scope) {
  for (const onnx::ValueInfoProto& info : proto.value_info()) {
    if (info.name().empty() || scope.IsDefined(info.name())) continue;
    Value declared;
    if (!ImportType(info, "value", scope, declared).ok()) continue;  // a hint only
    Value& value = scope.graph().values[scope.ValueFor(info.name())];
    value.type = declared.type;
    value.shape = declared.shape;
    value.kind = declared.kind;
  }
  return {};
}

Status GraphImporter::ImportOutputs(const onnx::GraphProto& proto, Scope& scope) {
  Graph& graph = scope.graph();
  if (proto.output_size() == 0 && !scope.is_subgraph()) return Bad("the graph has no outputs");
  std::unordered_set<std::string> names;
  for (const onnx::ValueInfoProto& output : proto.output()) {
    if (output.name().empty()) return Bad("an output has no name");
    const ValueId id = scope.is_subgraph()              ? scope.Read(output.name(), "(output)")
                       : scope.IsDefined(output.name()) ? scope.Find(output.name())
                                                        : kNone;
    if (id == kNone) {
      return Bad("output \"" + output.name() +
                 "\" is made by no node and is no input or initializer");
    }
    if (!names.insert(output.name()).second && !scope.is_subgraph())
      return Bad("output \"" + output.name() + "\" stands twice");
    if (graph.values[id].producer != kNone) {
      Value declared;
      TENON_RETURN_IF_ERROR(ImportType(output, "output", scope, declared));
      graph.values[id].type = declared.type;
      graph.values[id].shape = declared.shape;
      graph.values[id].kind = declared.kind;
    }
    graph.outputs.push_back(id);
  }
  return {};
}

Result<Graph> ImportModel(const onnx::ModelProto& model, const Source& source,
                          const ImportOptions& options) {
  RegisterSchemas();
  TENON_ASSIGN(Graph graph, GraphImporter(model, source, options).Run());
  graph.Compact();
  TENON_RETURN_IF_ERROR(graph.Validate());
  return graph;
}

}  // namespace tenon::model
