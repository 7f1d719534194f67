// From a Graph back to ONNX bytes.
#include <algorithm>
#include <map>
#include <unordered_set>

#include "importer.h"

namespace tenon::model {
namespace {

using graph::Graph;
using graph::kNone;

constexpr const char* kOwnDomain = "ai.tenon";

// The IR version that came with an opset (https://onnx.ai/onnx/repo-docs/Versioning.html).
int IrVersionFor(int opset) {
  if (opset <= 18) return 8;
  if (opset <= 20) return 9;
  if (opset <= 22) return 10;
  if (opset <= 23) return 11;
  if (opset <= 24) return 12;
  return 13;
}

void ExportDims(const Graph& graph, const Shape& shape, onnx::TensorShapeProto* out) {
  for (const int64_t dim : shape.dims()) {
    auto* target = out->add_dim();
    if (dim >= 0)
      target->set_dim_value(dim);
    else if (dim != kUnknownDim && SymbolId(dim) < graph.symbols.size())
      target->set_dim_param(graph.symbols[SymbolId(dim)]);
  }
}

void ExportType(const Graph& graph, const graph::Value& value, onnx::TypeProto* type) {
  using enum ValueKind;
  if (value.kind == kOptional || value.kind == kOptionalSequence)
    type = type->mutable_optional_type()->mutable_elem_type();
  if (value.kind == kSequence || value.kind == kOptionalSequence)
    type = type->mutable_sequence_type()->mutable_elem_type();
  auto* tensor = type->mutable_tensor_type();
  tensor->set_elem_type(static_cast<int>(value.type));
  if (value.shape.has_rank()) ExportDims(graph, value.shape, tensor->mutable_shape());
}

void ExportConstant(const graph::Constant& constant, onnx::TensorProto* out) {
  out->set_data_type(static_cast<int>(constant.type));
  for (const int64_t dim : constant.shape.dims()) out->add_dims(dim);
  if (constant.blob) out->set_raw_data(constant.blob->data, constant.blob->size);
  for (const std::string& text : constant.strings) out->add_string_data(text);
}

struct AttributeWriter {
  onnx::AttributeProto* out;
  void operator()(int64_t value) const {
    out->set_type(onnx::AttributeProto::INT);
    out->set_i(value);
  }
  void operator()(float value) const {
    out->set_type(onnx::AttributeProto::FLOAT);
    out->set_f(value);
  }
  void operator()(const std::string& value) const {
    out->set_type(onnx::AttributeProto::STRING);
    out->set_s(value);
  }
  void operator()(const std::vector<int64_t>& values) const {
    out->set_type(onnx::AttributeProto::INTS);
    for (const int64_t value : values) out->add_ints(value);
  }
  void operator()(const std::vector<float>& values) const {
    out->set_type(onnx::AttributeProto::FLOATS);
    for (const float value : values) out->add_floats(value);
  }
  void operator()(const std::vector<std::string>& values) const {
    out->set_type(onnx::AttributeProto::STRINGS);
    for (const std::string& value : values) out->add_strings(value);
  }
  void operator()(const graph::Constant& value) const {
    out->set_type(onnx::AttributeProto::TENSOR);
    ExportConstant(value, out->mutable_t());
  }
  void operator()(const graph::Subgraph&) const {}  // by GraphExporter
};

// As ImportTypeAttribute reads it.
void ExportTypeAttribute(const std::vector<int64_t>& type, onnx::AttributeProto* out) {
  out->set_type(onnx::AttributeProto::TYPE_PROTO);
  onnx::TypeProto* target = out->mutable_tp();
  if (type[0] == static_cast<int64_t>(ValueKind::kSequence))
    target = target->mutable_sequence_type()->mutable_elem_type();
  target->mutable_tensor_type()->set_elem_type(static_cast<int>(type[1]));
}

void ListNodes(const Graph& graph, std::vector<const graph::Node*>* nodes) {
  for (const graph::Node& node : graph.nodes) {
    nodes->push_back(&node);
    for (const Graph* subgraph : node.Subgraphs()) ListNodes(*subgraph, nodes);
  }
}

bool UsesDomain(const Graph& graph, std::string_view domain) {
  std::vector<const graph::Node*> nodes;
  ListNodes(graph, &nodes);
  return std::ranges::any_of(nodes, [&](const graph::Node* n) { return n->domain == domain; });
}

// The oldest opset, from `least` on, that has every revision that nodes are in.
int OldestOpset(const std::vector<const graph::Node*>& nodes, int least) {
  int opset = least;
  for (const graph::Node* node : nodes) {
    if (node->definition && node->domain.empty())
      opset = std::max(opset, operators::OpsetOf(*node->definition, node->revision));
  }
  return opset;
}

// The first node that is in another revision than the opset's; null where there is none.
const graph::Node* FindMisfit(const std::vector<const graph::Node*>& nodes, int opset) {
  const auto fits = [opset](const graph::Node* node) {
    return !node->definition || !node->domain.empty() ||
           operators::RevisionAt(*node->definition, opset) == node->revision;
  };
  const auto found = std::ranges::find_if_not(nodes, fits);
  return found == nodes.end() ? nullptr : *found;
}

// The opset of the default domain in which every node has its revision: `wanted`, or where that is 0 the
// oldest from 13 on, else the oldest.
Result<int> ChooseOpset(const Graph& graph, int wanted) {
  std::vector<const graph::Node*> nodes;
  ListNodes(graph, &nodes);
  int opset = wanted != 0 ? std::max(wanted, 13) : OldestOpset(nodes, 13);
  const graph::Node* misfit = FindMisfit(nodes, opset);
  if (misfit != nullptr && wanted == 0) {
    opset = OldestOpset(nodes, kOldestOpset);
    misfit = FindMisfit(nodes, opset);
  }
  if (misfit == nullptr) return opset;
  return Status(Code::kUnsupported, "node \"" + misfit->name + "\" (" + misfit->op +
                                        ") is in revision " + std::to_string(misfit->revision) +
                                        ", which opset " + std::to_string(opset) +
                                        " does not have");
}

// ONNX's names are unique over a graph and its subgraphs, and what a subgraph captures it calls by
// its name outside.
class GraphExporter {
 public:
  explicit GraphExporter(const ExportOptions& options) : options_(options) {}
  void Export(const Graph& graph, onnx::GraphProto* out) {
    Fill(graph, "", NamesOf(graph, {}), out);
  }

 private:
  using Names = std::vector<std::string>;  // by value

  // `captured` are the names outside of the last inputs.
  Names NamesOf(const Graph& graph, std::span<const std::string> captured) {
    Names names(graph.values.size());
    const size_t formal = graph.inputs.size() - captured.size();
    for (size_t i = 0; i < captured.size(); ++i) names[graph.inputs[formal + i]] = captured[i];
    for (size_t v = 0; v < names.size(); ++v) {
      if (!names[v].empty()) continue;
      names[v] = graph.values[v].name;
      for (int i = 1; !used_.insert(names[v]).second; ++i)
        names[v] = graph.values[v].name + "_" + std::to_string(i);
    }
    return names;
  }

  void Fill(const Graph& graph, const std::string& path, const Names& names, onnx::GraphProto* out,
            size_t captured = 0) {
    const auto add = [&](graph::ValueId id, onnx::ValueInfoProto* info) {
      info->set_name(names[id]);
      ExportType(graph, graph.values[id], info->mutable_type());
    };
    out->set_name(graph.name.empty() ? "graph" : graph.name);
    for (size_t i = 0; i < graph.inputs.size() - captured; ++i)
      add(graph.inputs[i], out->add_input());
    for (const graph::ValueId id : graph.outputs) add(id, out->add_output());
    for (graph::ValueId id = 0; id < graph.values.size(); ++id) {
      const graph::Value& value = graph.values[id];
      if (!value.constant) {
        if (value.producer != kNone && value.type != DataType::kUndefined)
          add(id, out->add_value_info());
        continue;
      }
      auto* tensor = out->add_initializer();
      ExportConstant(*value.constant, tensor);
      tensor->set_name(names[id]);
    }
    for (const graph::Node& node : graph.nodes) AddNode(node, path, names, out->add_node());
  }

  void Annotate(const graph::Node& node, const std::string& path, onnx::NodeProto* out) const {
    if (!options_.annotate) return;
    for (const auto& [key, value] : options_.annotate(path, node)) {
      auto* pair = out->add_metadata_props();
      pair->set_key(key);
      pair->set_value(value);
    }
  }

  void AddNode(const graph::Node& node, const std::string& path, const Names& names,
               onnx::NodeProto* out) {
    Annotate(node, path, out);
    const auto name = [&](graph::ValueId id) { return id == kNone ? "" : names[id]; };
    out->set_name(node.name);
    out->set_op_type(node.op);
    out->set_domain(node.domain);
    const size_t formal = node.inputs.size() - node.captured;
    for (size_t i = 0; i < formal; ++i) out->add_input(name(node.inputs[i]));
    for (const graph::ValueId id : node.outputs) out->add_output(name(id));
    while (out->output_size() > 1 && out->output(out->output_size() - 1).empty())
      out->mutable_output()->RemoveLast();
    Names captured;
    for (size_t i = formal; i < node.inputs.size(); ++i) captured.push_back(name(node.inputs[i]));
    for (const graph::Attribute& attribute : node.attributes) {
      auto* target = out->add_attribute();
      target->set_name(attribute.name);
      if (node.domain.empty() && node.op == "Optional") {
        ExportTypeAttribute(std::get<std::vector<int64_t>>(attribute.value), target);
        continue;
      }
      std::visit(AttributeWriter{target}, attribute.value);
      const auto* subgraph = std::get_if<graph::Subgraph>(&attribute.value);
      if (subgraph == nullptr) continue;
      target->set_type(onnx::AttributeProto::GRAPH);
      Fill(**subgraph, (path.empty() ? "" : path + "/") + node.name + "/" + attribute.name,
           NamesOf(**subgraph, captured), target->mutable_g(), captured.size());
    }
  }

  const ExportOptions& options_;
  std::unordered_set<std::string> used_;
};

}  // namespace

Result<std::string> Export(const Graph& graph, const ExportOptions& options) try {
  RegisterSchemas();
  TENON_ASSIGN(const int opset, ChooseOpset(graph, options.opset));
  onnx::ModelProto model;
  // Nodes have metadata_props since IR version 10.
  model.set_ir_version(std::max(IrVersionFor(opset), options.annotate ? 10 : 0));
  model.set_producer_name("tenon");
  std::map<std::string, int> opsets(graph.opsets.begin(), graph.opsets.end());
  opsets[""] = opset;
  if (UsesDomain(graph, kOwnDomain)) opsets.emplace(kOwnDomain, 1);
  for (const auto& [domain, version] : opsets) {
    auto* import = model.add_opset_import();
    import->set_domain(domain);
    import->set_version(version);
  }
  for (const auto& [key, value] : graph.metadata) {
    auto* pair = model.add_metadata_props();
    pair->set_key(key);
    pair->set_value(value);
  }
  GraphExporter(options).Export(graph, model.mutable_graph());
  std::string bytes;
  if (!model.SerializeToString(&bytes)) {
    return Status(Code::kUnsupported,
                  "the model can't be written in one file: it has more than 2 GB");
  }
  return bytes;
} catch (...) {
  return StatusOfException().WithContext("export failed");
}

}  // namespace tenon::model
