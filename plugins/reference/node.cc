#include "node.h"

#include <cstring>

#include "tenon/backend_api/sdk/sdk.h"

namespace tenon::reference {

Node::Node(const tenon_node& node) {
  view_.domain = Keep(node.domain);
  view_.op = Keep(node.op);
  view_.name = Keep(node.name);
  view_.revision = static_cast<int>(node.revision);
  attributes_.reserve(node.attribute_count);
  for (uint32_t i = 0; i < node.attribute_count; ++i)
    attributes_.push_back(Copy(*node.attributes[i]));
  view_.attributes = attributes_;
}

AttributeView Node::Copy(const tenon_attribute& attribute) {
  using Kind = AttributeView::Kind;
  AttributeView copy;
  copy.name = Keep(attribute.name);
  switch (attribute.kind) {
    case TENON_ATTRIBUTE_INT:
      copy.kind = Kind::kInt;
      copy.i = attribute.i;
      return copy;
    case TENON_ATTRIBUTE_FLOAT:
      copy.kind = Kind::kFloat;
      copy.f = static_cast<float>(attribute.f);
      return copy;
    case TENON_ATTRIBUTE_STRING:
      copy.kind = Kind::kString;
      copy.s = Keep(std::string_view(attribute.s, attribute.s_bytes));
      return copy;
    case TENON_ATTRIBUTE_INTS:
      copy.kind = Kind::kInts;
      copy.ints = Keep(attribute.ints, attribute.count);
      return copy;
    case TENON_ATTRIBUTE_FLOATS:
      copy.kind = Kind::kFloats;
      copy.floats = Keep(attribute.floats, attribute.count);
      return copy;
    case TENON_ATTRIBUTE_STRINGS:
      copy.kind = Kind::kStrings;
      copy.strings = Keep(attribute.strings, attribute.count);
      return copy;
    case TENON_ATTRIBUTE_TENSOR:
      copy.kind = Kind::kTensor;
      copy.tensor = Copy("attribute " + std::string(attribute.name), *attribute.tensor);
      return copy;
    default:
      throw sdk::Refusal(TENON_REASON_ATTRIBUTE, "attribute " + std::string(attribute.name),
                         attribute.kind == TENON_ATTRIBUTE_GRAPH ? "a graph" : "an unknown kind",
                         "a number, a text, a list or a tensor");
  }
}

TensorView Node::Copy(const std::string& field, const tenon_value& tensor) {
  TensorView copy;
  copy.type = static_cast<DataType>(tensor.dtype);
  copy.shape = ShapeOf(field, tensor.rank, tensor.dims);
  const auto* bytes = static_cast<const std::byte*>(tensor.data);
  copy.data = const_cast<std::byte*>(Keep(bytes, tensor.data_bytes).data());
  return copy;
}

std::string_view Node::Keep(std::string_view text) { return texts_.emplace_back(text); }

template <typename T>
std::span<const T> Node::Keep(const T* data, size_t count) {
  if (count == 0) return {};
  auto& block = blocks_.emplace_back(new std::byte[count * sizeof(T)]);  // aligned for every T
  std::memcpy(block.get(), data, count * sizeof(T));
  return {reinterpret_cast<const T*>(block.get()), count};
}

std::span<const std::string> Node::Keep(const char* const* strings, size_t count) {
  return lists_.emplace_back(strings, strings + count);
}

Shape ShapeOf(const std::string& field, int32_t rank, const int64_t* dims) {
  if (rank < 0) return Shape::UnknownRank();
  if (rank > kMaxRank) {
    throw sdk::Refusal(TENON_REASON_RANK, field + " rank", std::to_string(rank),
                       "at most " + std::to_string(kMaxRank));
  }
  return Shape(std::span(dims, static_cast<size_t>(rank)));
}

}  // namespace tenon::reference
