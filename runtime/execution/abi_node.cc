#include "abi_node.h"

#include <algorithm>

namespace tenon::execution {

AbiNode::AbiNode(const program::Program& program, const program::ProgramNode& node)
    : attributes_(node.node.attributes) {
  for (uint32_t v : node.node.inputs) inputs_.push_back(Value(program, v, TENON_LAYOUT_ROW_MAJOR));
  for (uint32_t v : node.node.outputs)
    outputs_.push_back(Value(program, v, TENON_LAYOUT_ROW_MAJOR));
  node_.struct_size = sizeof node_;
  node_.revision = static_cast<uint32_t>(node.node.revision);
  node_.domain = node.node.domain.c_str();
  node_.op = node.node.op.c_str();
  node_.name = node.node.name.c_str();
  node_.inputs = inputs_.data();
  node_.outputs = outputs_.data();
  node_.attributes = attributes_.list().data();
  node_.input_count = static_cast<uint32_t>(inputs_.size());
  node_.output_count = static_cast<uint32_t>(outputs_.size());
  node_.attribute_count = static_cast<uint32_t>(attributes_.list().size());
}

AbiNode::AbiNode(const program::Program& program, const program::PhysicalValue& from,
                 const program::PhysicalValue& to)
    : attributes_({}) {
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

const tenon_value* AbiNode::Value(const program::Program& program, uint32_t logical,
                                  tenon_layout layout) {
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

}  // namespace tenon::execution
