// From a Graph back to ONNX bytes.
#include <algorithm>

#include "importer.h"

namespace tenon::model {
namespace {

using graph::Graph;
using graph::kNone;

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

void ExportValue(const Graph& graph, const graph::Value& value, onnx::ValueInfoProto* out) {
  out->set_name(value.name);
  auto* tensor = out->mutable_type()->mutable_tensor_type();
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
  void operator()(const std::shared_ptr<Graph>&) const {}
};

// The oldest opset of the default domain in which every node has its revision.
Result<int> ChooseOpset(const Graph& graph, int wanted) {
  int opset = std::max(wanted, 13);
  for (const graph::Node& node : graph.nodes) {
    if (node.definition && node.domain.empty() && wanted == 0) {
      opset = std::max(opset, operators::OpsetOf(*node.definition, node.revision));
    }
  }
  for (const graph::Node& node : graph.nodes) {
    if (!node.definition || !node.domain.empty()) continue;
    if (operators::RevisionAt(*node.definition, opset) == node.revision) continue;
    return Status(Code::kUnsupported, "node \"" + node.name + "\" (" + node.op +
                                          ") is in revision " + std::to_string(node.revision) +
                                          ", which opset " + std::to_string(opset) +
                                          " does not have");
  }
  return opset;
}

void ExportNode(const Graph& graph, const graph::Node& node, onnx::NodeProto* out) {
  out->set_name(node.name);
  out->set_op_type(node.op);
  out->set_domain(node.domain);
  for (const graph::ValueId id : node.inputs)
    out->add_input(id == kNone ? "" : graph.values[id].name);
  for (const graph::ValueId id : node.outputs)
    out->add_output(id == kNone ? "" : graph.values[id].name);
  while (out->output_size() > 1 && out->output(out->output_size() - 1).empty())
    out->mutable_output()->RemoveLast();
  for (const graph::Attribute& attribute : node.attributes) {
    auto* target = out->add_attribute();
    target->set_name(attribute.name);
    std::visit(AttributeWriter{target}, attribute.value);
  }
}

}  // namespace

Result<std::string> Export(const Graph& graph, const ExportOptions& options) try {
  RegisterSchemas();
  TENON_ASSIGN(const int opset, ChooseOpset(graph, options.opset));
  onnx::ModelProto model;
  model.set_ir_version(IrVersionFor(opset));
  model.set_producer_name("tenon");
  auto* import = model.add_opset_import();
  import->set_domain("");
  import->set_version(opset);
  for (const auto& [domain, version] : graph.opsets) {
    if (domain.empty()) continue;
    import = model.add_opset_import();
    import->set_domain(domain);
    import->set_version(version);
  }
  for (const auto& [key, value] : graph.metadata) {
    auto* pair = model.add_metadata_props();
    pair->set_key(key);
    pair->set_value(value);
  }
  auto* out = model.mutable_graph();
  out->set_name(graph.name.empty() ? "graph" : graph.name);
  for (const graph::ValueId id : graph.inputs)
    ExportValue(graph, graph.values[id], out->add_input());
  for (const graph::ValueId id : graph.outputs)
    ExportValue(graph, graph.values[id], out->add_output());
  for (const graph::Value& value : graph.values) {
    if (!value.constant) {
      if (value.producer != kNone && value.type != DataType::kUndefined)
        ExportValue(graph, value, out->add_value_info());
      continue;
    }
    auto* tensor = out->add_initializer();
    ExportConstant(*value.constant, tensor);
    tensor->set_name(value.name);
  }
  for (const graph::Node& node : graph.nodes) ExportNode(graph, node, out->add_node());
  std::string bytes;
  if (!model.SerializeToString(&bytes)) {
    return Status(Code::kUnsupported,
                  "the model can't be written in one file: it has more than 2 GB");
  }
  return bytes;
} catch (const std::exception& thrown) {
  return Status(Code::kOutOfMemory, std::string("export failed: ") + thrown.what());
}

}  // namespace tenon::model
