#include "abi_node.h"

#include <algorithm>

namespace tenon::execution {

AbiNode::AbiNode(const program::Program& program, const program::ProgramNode& node) {
  for (uint32_t v : node.node.inputs) inputs_.push_back(Value(program, v, TENON_LAYOUT_ROW_MAJOR));
  for (uint32_t v : node.node.outputs) outputs_.push_back(Value(program, v, TENON_LAYOUT_ROW_MAJOR));
  for (const graph::Attribute& attribute : node.node.attributes) AddAttribute(attribute);
  node_.struct_size = sizeof node_;
  node_.revision = static_cast<uint32_t>(node.node.revision);
  node_.domain = node.node.domain.c_str();
  node_.op = node.node.op.c_str();
  node_.name = node.node.name.c_str();
  node_.inputs = inputs_.data();
  node_.outputs = outputs_.data();
  node_.attributes = attribute_list_.data();
  node_.input_count = static_cast<uint32_t>(inputs_.size());
  node_.output_count = static_cast<uint32_t>(outputs_.size());
  node_.attribute_count = static_cast<uint32_t>(attribute_list_.size());
}

AbiNode::AbiNode(const program::Program& program, const program::PhysicalValue& from,
                 const program::PhysicalValue& to) {
  inputs_.push_back(Value(program, from.logical, from.layout));
  outputs_.push_back(Value(program, to.logical, to.layout));
  node_.struct_size = sizeof node_;
  node_.revision = 1;
  node_.domain = "ai.tenon";
  node_.op = "Reorder";
  node_.name = program.logical[from.logical].name.c_str();
  node_.inputs = inputs_.data();
  node_.outputs = outputs_.data();
  node_.input_count = node_.output_count = 1;
}

const tenon_value* AbiNode::Value(const program::Program& program, uint32_t logical, tenon_layout layout) {
  if (logical == program::kNone) return nullptr;
  const program::LogicalValue& value = program.logical[logical];
  tenon_value& out = values_.emplace_back();
  auto& dims = dims_.emplace_back();
  std::ranges::copy(value.shape.dims(), dims.begin());
  out.struct_size = sizeof out;
  out.dtype = static_cast<tenon_dtype>(value.type);
  out.name = value.name.c_str();
  out.rank = value.shape.rank();
  out.dims = dims.data();
  out.layout = layout;
  if (value.constant != program::kNone && program.constants[value.constant]->blob) {
    out.data = program.constants[value.constant]->blob->data;
    out.data_bytes = program.constants[value.constant]->blob->size;
  }
  return &out;
}

const tenon_value* AbiNode::ConstantValue(const graph::Constant& constant, const char* name) {
  tenon_value& out = values_.emplace_back();
  auto& dims = dims_.emplace_back();
  std::ranges::copy(constant.shape.dims(), dims.begin());
  out.struct_size = sizeof out;
  out.dtype = static_cast<tenon_dtype>(constant.type);
  out.name = name;
  out.rank = constant.shape.rank();
  out.dims = dims.data();
  if (constant.blob) {
    out.data = constant.blob->data;
    out.data_bytes = constant.blob->size;
  }
  return &out;
}

void AbiNode::AddAttribute(const graph::Attribute& attribute) {
  tenon_attribute out{};
  out.struct_size = sizeof out;
  out.name = attribute.name.c_str();
  if (const auto* i = std::get_if<int64_t>(&attribute.value)) {
    out.kind = TENON_ATTRIBUTE_INT;
    out.i = *i;
  } else if (const auto* f = std::get_if<float>(&attribute.value)) {
    out.kind = TENON_ATTRIBUTE_FLOAT;
    out.f = *f;
  } else if (const auto* s = std::get_if<std::string>(&attribute.value)) {
    out.kind = TENON_ATTRIBUTE_STRING;
    out.s = s->c_str();
    out.s_bytes = s->size();
  } else if (const auto* ints = std::get_if<std::vector<int64_t>>(&attribute.value)) {
    out.kind = TENON_ATTRIBUTE_INTS;
    out.ints = ints->data();
    out.count = ints->size();
  } else if (const auto* floats = std::get_if<std::vector<float>>(&attribute.value)) {
    out.kind = TENON_ATTRIBUTE_FLOATS;
    out.floats = floats->data();
    out.count = floats->size();
  } else if (const auto* strings = std::get_if<std::vector<std::string>>(&attribute.value)) {
    auto& list = strings_.emplace_back();
    for (const std::string& text : *strings) list.push_back(text.c_str());
    out.kind = TENON_ATTRIBUTE_STRINGS;
    out.strings = list.data();
    out.count = list.size();
  } else if (const auto* tensor = std::get_if<graph::Constant>(&attribute.value)) {
    out.kind = TENON_ATTRIBUTE_TENSOR;
    out.tensor = ConstantValue(*tensor, attribute.name.c_str());
  } else {
    return;
  }
  attributes_.push_back(out);
  attribute_list_.push_back(&attributes_.back());
}

}  // namespace tenon::execution
