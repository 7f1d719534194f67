#include "tenon/placement/abi_views.h"

#include <numeric>

namespace tenon::placement {
namespace {

tenon_value ViewOf(DataType type, const Shape& shape, const char* name) {
  tenon_value view{};
  view.struct_size = sizeof view;
  view.dtype = static_cast<tenon_dtype>(type);
  view.name = name;
  view.rank = shape.rank();
  view.dims = shape.dims().data();
  view.layout = TENON_LAYOUT_ROW_MAJOR;
  return view;
}

void SetContents(const graph::Constant& constant, tenon_value* view) {
  if (!constant.blob) return;
  view->data = constant.blob->data;
  view->data_bytes = constant.blob->size;
}

}  // namespace

const tenon_value* AbiValues::Get(graph::ValueId id) { return Mutable(id); }

tenon_value* AbiValues::Mutable(graph::ValueId id) {
  if (id == graph::kNone) return nullptr;
  auto [found, added] = values_.try_emplace(id);
  if (added) {
    const graph::Value& value = graph_.values[id];
    const Shape& shape = value.constant ? value.constant->shape : value.shape;
    found->second = ViewOf(value.type, shape, value.name.c_str());
    if (value.constant) SetContents(*value.constant, &found->second);
  }
  return &found->second;
}

AbiNode::~AbiNode() = default;

AbiNode::AbiNode(const graph::Node& node, AbiValues& values, uint32_t id) {
  for (graph::ValueId v : node.inputs) inputs_.push_back(values.Get(v));
  for (graph::ValueId v : node.outputs) outputs_.push_back(values.Get(v));
  for (const graph::Attribute& attribute : node.attributes) AddAttribute(attribute);
  node_.struct_size = sizeof node_;
  node_.revision = static_cast<uint32_t>(node.revision);
  node_.domain = node.domain.c_str();
  node_.op = node.op.c_str();
  node_.name = node.name.c_str();
  node_.inputs = inputs_.data();
  node_.outputs = outputs_.data();
  node_.attributes = attribute_list_.data();
  node_.input_count = static_cast<uint32_t>(inputs_.size());
  node_.output_count = static_cast<uint32_t>(outputs_.size());
  node_.attribute_count = static_cast<uint32_t>(attribute_list_.size());
  node_.id = id;
}

const tenon_value* AbiNode::ConstantValue(const graph::Constant& constant, const char* name) {
  tenon_value& view = constants_.emplace_back(ViewOf(constant.type, constant.shape, name));
  SetContents(constant, &view);
  return &view;
}

void AbiNode::AddAttribute(const graph::Attribute& attribute) {
  tenon_attribute& view = attributes_.emplace_back();
  view = {};
  view.struct_size = sizeof view;
  view.name = attribute.name.c_str();
  attribute_list_.push_back(&view);
  if (const auto* i = std::get_if<int64_t>(&attribute.value)) {
    view.kind = TENON_ATTRIBUTE_INT;
    view.i = *i;
  } else if (const auto* f = std::get_if<float>(&attribute.value)) {
    view.kind = TENON_ATTRIBUTE_FLOAT;
    view.f = static_cast<double>(*f);
  } else if (const auto* s = std::get_if<std::string>(&attribute.value)) {
    view.kind = TENON_ATTRIBUTE_STRING;
    view.s = s->c_str();
    view.s_bytes = s->size();
  } else if (const auto* ints = std::get_if<std::vector<int64_t>>(&attribute.value)) {
    view.kind = TENON_ATTRIBUTE_INTS;
    view.ints = ints->data();
    view.count = ints->size();
  } else if (const auto* floats = std::get_if<std::vector<float>>(&attribute.value)) {
    view.kind = TENON_ATTRIBUTE_FLOATS;
    view.floats = floats->data();
    view.count = floats->size();
  } else if (const auto* strings = std::get_if<std::vector<std::string>>(&attribute.value)) {
    std::vector<const char*>& list = strings_.emplace_back();
    for (const std::string& text : *strings) list.push_back(text.c_str());
    view.kind = TENON_ATTRIBUTE_STRINGS;
    view.strings = list.data();
    view.count = list.size();
  } else if (const auto* tensor = std::get_if<graph::Constant>(&attribute.value)) {
    view.kind = TENON_ATTRIBUTE_TENSOR;
    view.tensor = ConstantValue(*tensor, attribute.name.c_str());
  } else if (const auto* graph = std::get_if<graph::Subgraph>(&attribute.value)) {
    graphs_.push_back(std::make_unique<AbiSegment>(**graph));
    view.kind = TENON_ATTRIBUTE_GRAPH;
    view.graph = graphs_.back()->segment();
  }
}

AbiSegment::AbiSegment(const graph::Graph& graph) : values_(graph) {
  std::vector<graph::NodeId> nodes(graph.nodes.size());
  std::iota(nodes.begin(), nodes.end(), 0u);
  Fill(graph.name.c_str(), nodes, graph.inputs, graph.outputs);
}

AbiSegment::AbiSegment(const graph::Graph& graph, const char* name,
                       std::span<const graph::NodeId> nodes, std::span<const graph::ValueId> inputs,
                       std::span<const graph::ValueId> outputs)
    : values_(graph) {
  Fill(name, nodes, inputs, outputs);
}

void AbiSegment::Fill(const char* name, std::span<const graph::NodeId> nodes,
                      std::span<const graph::ValueId> inputs,
                      std::span<const graph::ValueId> outputs) {
  const graph::Graph& graph = values_.graph();
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    node_list_.push_back(nodes_.emplace_back(graph.nodes[nodes[i]], values_, i).node());
  }
  for (graph::ValueId v : inputs) inputs_.push_back(values_.Get(v));
  for (graph::ValueId v : outputs) outputs_.push_back(values_.Get(v));
  for (const std::string& symbol : graph.symbols) symbols_.push_back(symbol.c_str());
  segment_.struct_size = sizeof segment_;
  segment_.node_count = static_cast<uint32_t>(node_list_.size());
  segment_.name = name;
  segment_.nodes = node_list_.data();
  segment_.inputs = inputs_.data();
  segment_.outputs = outputs_.data();
  segment_.input_count = static_cast<uint32_t>(inputs_.size());
  segment_.output_count = static_cast<uint32_t>(outputs_.size());
  segment_.symbol_count = static_cast<uint32_t>(symbols_.size());
  segment_.symbols = symbols_.data();
}

AbiReorder::AbiReorder(DataType type, const Shape& shape, tenon_layout from, tenon_layout to)
    : shape_(shape), input_(&values_[0]), output_(&values_[1]) {
  values_[0] = ViewOf(type, shape_, "in");
  values_[0].layout = from;
  values_[1] = ViewOf(type, shape_, "out");
  values_[1].layout = to;
  node_.struct_size = sizeof node_;
  node_.revision = 1;
  node_.domain = "ai.tenon";
  node_.op = "Reorder";
  node_.name = "reorder";
  node_.inputs = &input_;
  node_.outputs = &output_;
  node_.input_count = node_.output_count = 1;
}

}  // namespace tenon::placement
