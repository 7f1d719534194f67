#include "node.h"

#include "tenon/backend_api/sdk/sdk.h"

namespace tenon::simulator {
namespace {

using Kind = AttributeView::Kind;

void WriteTensor(Writer& writer, const tenon_value& tensor) {
  writer.Number(tensor.dtype);
  writer.Array(tensor.dims, static_cast<uint64_t>(tensor.rank));
  writer.Array(static_cast<const std::byte*>(tensor.data), tensor.data_bytes);
}

void WriteAttribute(Writer& writer, const tenon_attribute& attribute) {
  writer.Text(attribute.name);
  writer.Number(attribute.kind);
  switch (attribute.kind) {
    case TENON_ATTRIBUTE_INT:
      return writer.Number(attribute.i);
    case TENON_ATTRIBUTE_FLOAT:
      return writer.Number(static_cast<float>(attribute.f));
    case TENON_ATTRIBUTE_STRING:
      return writer.Text({attribute.s, attribute.s_bytes});
    case TENON_ATTRIBUTE_INTS:
      return writer.Array(attribute.ints, attribute.count);
    case TENON_ATTRIBUTE_FLOATS:
      return writer.Array(attribute.floats, attribute.count);
    case TENON_ATTRIBUTE_STRINGS:
      writer.Number(attribute.count);
      for (uint64_t i = 0; i < attribute.count; ++i) writer.Text(attribute.strings[i]);
      return;
    case TENON_ATTRIBUTE_TENSOR:
      return WriteTensor(writer, *attribute.tensor);
    default:
      throw sdk::Refusal(TENON_REASON_ATTRIBUTE, "attribute " + std::string(attribute.name),
                         attribute.kind == TENON_ATTRIBUTE_GRAPH ? "a graph" : "an unknown kind",
                         "a number, a text, a list or a tensor");
  }
}

TensorView ReadTensor(Reader& reader) {
  TensorView tensor;
  tensor.type = static_cast<DataType>(reader.Number<tenon_dtype>());
  const auto dims = reader.Array<int64_t>();
  tensor.shape = ShapeOf(static_cast<int32_t>(dims.size()), dims.data());
  tensor.data = const_cast<std::byte*>(reader.Array<std::byte>().data());
  return tensor;
}

}  // namespace

void WriteNode(Writer& writer, const tenon_node& node) {
  writer.Text(node.domain);
  writer.Text(node.op);
  writer.Text(node.name);
  writer.Number(node.revision);
  writer.Number(node.attribute_count);
  for (uint32_t i = 0; i < node.attribute_count; ++i) WriteAttribute(writer, *node.attributes[i]);
}

Node::Node(const tenon_node& node) {
  Writer writer;
  WriteNode(writer, node);
  bytes_ = writer.Take();
  Reader reader(bytes_);
  Read(reader);
}

Node::Node(Reader& reader) { Read(reader); }

void Node::Read(Reader& reader) {
  view_.domain = reader.Text();
  view_.op = reader.Text();
  view_.name = reader.Text();
  view_.revision = static_cast<int>(reader.Number<uint32_t>());
  const auto count = reader.Number<uint32_t>();
  for (uint32_t i = 0; i < count; ++i) attributes_.push_back(ReadAttribute(reader));
  view_.attributes = attributes_;
}

AttributeView Node::ReadAttribute(Reader& reader) {
  AttributeView attribute;
  attribute.name = reader.Text();
  switch (const auto kind = reader.Number<tenon_attribute_kind>()) {
    case TENON_ATTRIBUTE_INT:
      attribute.kind = Kind::kInt;
      attribute.i = reader.Number<int64_t>();
      return attribute;
    case TENON_ATTRIBUTE_FLOAT:
      attribute.kind = Kind::kFloat;
      attribute.f = reader.Number<float>();
      return attribute;
    case TENON_ATTRIBUTE_STRING:
      attribute.kind = Kind::kString;
      attribute.s = reader.Text();
      return attribute;
    case TENON_ATTRIBUTE_INTS:
      attribute.kind = Kind::kInts;
      attribute.ints = reader.Array<int64_t>();
      return attribute;
    case TENON_ATTRIBUTE_FLOATS:
      attribute.kind = Kind::kFloats;
      attribute.floats = reader.Array<float>();
      return attribute;
    case TENON_ATTRIBUTE_STRINGS: {
      attribute.kind = Kind::kStrings;
      auto& list = lists_.emplace_back();
      for (auto left = reader.Number<uint64_t>(); left > 0; --left)
        list.emplace_back(reader.Text());
      attribute.strings = list;
      return attribute;
    }
    case TENON_ATTRIBUTE_TENSOR:
      attribute.kind = Kind::kTensor;
      attribute.tensor = ReadTensor(reader);
      return attribute;
    default:
      throw sdk::Failure(TENON_DATA_LOSS,
                         "an attribute has the unknown kind " + std::to_string(kind));
  }
}

std::string Node::Label() const {
  return std::string(view_.op) + " \"" + std::string(view_.name) + "\"";
}

Shape ShapeOf(int32_t rank, const int64_t* dims) {
  if (rank < 0) return Shape::UnknownRank();
  if (rank > kMaxRank) {
    throw sdk::Refusal(TENON_REASON_RANK, "rank", std::to_string(rank),
                       "at most " + std::to_string(kMaxRank));
  }
  return Shape(std::span(dims, static_cast<size_t>(rank)));
}

operators::TensorSpec SpecOf(const tenon_value* value) {
  if (!value) return {};
  return {true, static_cast<DataType>(value->dtype), ShapeOf(value->rank, value->dims)};
}

operators::TensorSpec SpecOf(const tenon_argument* argument) {
  if (!argument) return {};
  return {true, static_cast<DataType>(argument->dtype),
          ShapeOf(argument->tensor.ndim, argument->tensor.shape)};
}

}  // namespace tenon::simulator
