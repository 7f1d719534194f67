// Functions are expanded where they are called: those of the model, and ONNX operators that Tenon
// has no row for but ONNX has a body.
#include <onnx/defs/function.h>
#include <onnx/defs/schema.h>

#include <algorithm>

#include "graph_importer.h"

namespace tenon::model {

using graph::kNone;
using graph::ValueId;

namespace {

Status Bad(const std::string& what) { return Status(Code::kInvalidArgument, what); }

// Element types of the arguments, as far as they are known before inference; what bodies that depend
// on types ask for.
std::vector<onnx::TypeProto> TypesOf(const onnx::NodeProto& proto, Scope& scope) {
  std::vector<onnx::TypeProto> types;
  for (const std::string& input : proto.input()) {
    onnx::TypeProto& type = types.emplace_back();
    const ValueId id = input.empty() ? kNone : scope.Find(input);
    if (id == kNone || scope.graph().values[id].type == DataType::kUndefined) continue;
    type.mutable_tensor_type()->set_elem_type(static_cast<int>(scope.graph().values[id].type));
  }
  return types;
}

}  // namespace

const onnx::FunctionProto* GraphImporter::FindFunction(const onnx::NodeProto& proto, int opset,
                                                       Scope& scope) {
  const std::string domain = NormalisedDomain(proto.domain());
  const auto found = functions_.find({domain, proto.op_type(), proto.overload()});
  if (found != functions_.end()) return found->second;
  if (!domain.empty()) return nullptr;
  if (operators::FindOperator(domain, proto.op_type()) != nullptr &&
      !options_.expand.contains(proto.op_type()))
    return nullptr;
  if (options_.custom_operators.contains({domain, proto.op_type()})) return nullptr;
  const onnx::OpSchema* schema =
      onnx::OpSchemaRegistry::Schema(proto.op_type(), opset, onnx::ONNX_DOMAIN);
  if (schema == nullptr) return nullptr;
  auto made = std::make_unique<onnx::FunctionProto>();
  if (const onnx::FunctionProto* body = schema->GetFunction(opset)) {
    *made = *body;
  } else if (schema->HasContextDependentFunction()) {
    onnx::FunctionBodyBuildContextImpl context(proto, TypesOf(proto, scope));
    if (!schema->BuildContextDependentFunction(context, *made, opset)) return nullptr;
  } else {
    return nullptr;
  }
  // A body refers to attributes whose defaults stand in the schema alone.
  for (const auto& [name, attribute] : schema->attributes()) {
    if (attribute.default_value.type() != onnx::AttributeProto::UNDEFINED)
      *made->add_attribute_proto() = attribute.default_value;
  }
  if (made->opset_import_size() == 0) {
    auto* import = made->add_opset_import();
    import->set_version(opset);
  }
  made_functions_.push_back(std::move(made));
  return made_functions_.back().get();
}

uint64_t GraphImporter::ExpandedSize(const onnx::FunctionProto& function, uint32_t depth) {
  // One that is being counted calls itself, which is refused when it is expanded; so is what is nested too deep.
  if (depth > options_.max_depth) return 0;
  const auto [found, is_new] = expanded_sizes_.emplace(&function, 0);
  if (!is_new) return found->second;
  uint64_t size = 0;
  for (const onnx::NodeProto& node : function.node()) {
    size = std::min(size + ExpandedSize(node, depth), options_.max_expanded_nodes + 1);
  }
  return found->second = size;
}

uint64_t GraphImporter::ExpandedSize(const onnx::NodeProto& node, uint32_t depth) {
  uint64_t size = 1;
  const auto callee =
      functions_.find({NormalisedDomain(node.domain()), node.op_type(), node.overload()});
  if (callee != functions_.end()) size += ExpandedSize(*callee->second, depth + 1);
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    for (const onnx::NodeProto& inner : attribute.g().node())
      size = std::min(size + ExpandedSize(inner, depth), options_.max_expanded_nodes + 1);
  }
  return size;
}

Status GraphImporter::ExpandFunction(const onnx::NodeProto& proto,
                                     const onnx::FunctionProto& function, const std::string& name,
                                     const std::string& where, Scope& scope) {
  const auto calls_itself = [&](const onnx::FunctionProto* active) { return active == &function; };
  if (std::ranges::any_of(active_, calls_itself))
    return Bad(where + ": the function calls itself, and functions must not be recursive");
  if (++depth_ > options_.max_depth) {
    return Bad(where + ": subgraphs and functions are nested deeper than " +
               std::to_string(options_.max_depth) + kRaiseDepth);
  }
  if (proto.input_size() > function.input_size() || proto.output_size() > function.output_size()) {
    return Bad(where + ": has " + std::to_string(proto.input_size()) + " inputs and " +
               std::to_string(proto.output_size()) + " outputs, the function has " +
               std::to_string(function.input_size()) + " and " +
               std::to_string(function.output_size()));
  }
  // What a call from outside leads to is counted before any of it is expanded: it may be exponential.
  const uint64_t left = options_.max_expanded_nodes - expanded_count_;
  const auto size = static_cast<uint64_t>(function.node_size());
  if (size > left || (active_.empty() && ExpandedSize(function, 1) > left)) {
    return Bad(where + ": the model's functions expand to more than " +
               std::to_string(options_.max_expanded_nodes) +
               " nodes: that is the limit (call fewer, or write their nodes into the graph)");
  }
  expanded_count_ += size;
  active_.push_back(&function);
  const Call call{proto, function};
  Scope body(scope, &call, name + "/");
  for (const auto& opset : function.opset_import())
    TENON_RETURN_IF_ERROR(ImportOpset(opset, where + ": the function", body));
  for (int i = 0; i < function.input_size(); ++i) {
    const bool given = i < proto.input_size() && !proto.input(i).empty();
    body.Bind(function.input(i), given ? scope.Read(proto.input(i), name) : kNone);
  }
  std::vector<std::pair<std::string, ValueId>> passed;  // outputs that are inputs
  for (int i = 0; i < proto.output_size(); ++i) {
    if (proto.output(i).empty()) continue;
    TENON_ASSIGN(const ValueId id, scope.Define(proto.output(i), where + " output"));
    const std::string& output = function.output(i);
    if (body.IsDefined(output) || body.Find(output) != kNone)
      passed.emplace_back(output, id);
    else
      body.Promise(output, id);
  }
  for (int i = 0; i < function.node_size(); ++i)
    TENON_RETURN_IF_ERROR(ImportNode(function.node(i), i, body));
  for (int i = 0; i < proto.output_size(); ++i) {
    if (!proto.output(i).empty()) body.Read(function.output(i), name);
  }
  TENON_RETURN_IF_ERROR(body.CheckProduced().WithContext(where));
  for (const auto& [output, id] : passed) {
    graph::Node copy;
    copy.name = name + "/" + output;
    copy.op = "Identity";
    copy.definition = operators::FindOperator("", "Identity");
    copy.revision = copy.definition->newest().number;
    copy.inputs = {body.Read(output, name)};
    copy.outputs = {id};
    scope.graph().AddNode(std::move(copy));
  }
  active_.pop_back();
  --depth_;
  return {};
}

}  // namespace tenon::model
