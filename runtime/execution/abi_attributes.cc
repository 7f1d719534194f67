#include "tenon/execution/abi_attributes.h"

#include <algorithm>

namespace tenon::execution {

AbiAttributes::AbiAttributes(std::span<const graph::Attribute> attributes) {
  for (const graph::Attribute& attribute : attributes) {
    tenon_attribute out{};
    out.struct_size = sizeof out;
    out.name = attribute.name.c_str();
    if (!Fill(attribute, &out)) continue;
    attributes_.push_back(out);
    list_.push_back(&attributes_.back());
  }
}

bool AbiAttributes::Fill(const graph::Attribute& attribute, tenon_attribute* out) {
  if (const auto* i = std::get_if<int64_t>(&attribute.value)) {
    out->kind = TENON_ATTRIBUTE_INT;
    out->i = *i;
  } else if (const auto* f = std::get_if<float>(&attribute.value)) {
    out->kind = TENON_ATTRIBUTE_FLOAT;
    out->f = *f;
  } else if (const auto* s = std::get_if<std::string>(&attribute.value)) {
    out->kind = TENON_ATTRIBUTE_STRING;
    out->s = s->c_str();
    out->s_bytes = s->size();
  } else if (const auto* ints = std::get_if<std::vector<int64_t>>(&attribute.value)) {
    out->kind = TENON_ATTRIBUTE_INTS;
    out->ints = ints->data();
    out->count = ints->size();
  } else if (const auto* floats = std::get_if<std::vector<float>>(&attribute.value)) {
    out->kind = TENON_ATTRIBUTE_FLOATS;
    out->floats = floats->data();
    out->count = floats->size();
  } else if (const auto* strings = std::get_if<std::vector<std::string>>(&attribute.value)) {
    auto& list = strings_.emplace_back();
    for (const std::string& text : *strings) list.push_back(text.c_str());
    out->kind = TENON_ATTRIBUTE_STRINGS;
    out->strings = list.data();
    out->count = list.size();
  } else if (const auto* tensor = std::get_if<graph::Constant>(&attribute.value)) {
    out->kind = TENON_ATTRIBUTE_TENSOR;
    out->tensor = ConstantValue(*tensor, attribute.name.c_str());
  } else {
    return false;
  }
  return true;
}

const tenon_value* AbiAttributes::ConstantValue(const graph::Constant& constant, const char* name) {
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

}  // namespace tenon::execution
