#include "importer.h"

namespace tenon::model {
namespace {

using Type = onnx::AttributeProto::AttributeType;

// Files of IR version 1 don't say the type: it is that of the field which is set.
Type TypeOf(const onnx::AttributeProto& a) {
  if (a.type() != onnx::AttributeProto::UNDEFINED) return a.type();
  if (a.has_f()) return onnx::AttributeProto::FLOAT;
  if (a.has_i()) return onnx::AttributeProto::INT;
  if (a.has_s()) return onnx::AttributeProto::STRING;
  if (a.has_t()) return onnx::AttributeProto::TENSOR;
  if (a.has_g()) return onnx::AttributeProto::GRAPH;
  if (a.floats_size()) return onnx::AttributeProto::FLOATS;
  if (a.strings_size()) return onnx::AttributeProto::STRINGS;
  return onnx::AttributeProto::INTS;
}

}  // namespace

Result<graph::Attribute> ImportAttribute(const onnx::AttributeProto& a, const Source& source,
                                         const ImportOptions& options, const std::string& where) {
  graph::Attribute out;
  out.name = a.name();
  const std::string place = where + " attribute \"" + a.name() + "\"";
  if (!a.ref_attr_name().empty()) {
    return Status(Code::kInvalidArgument,
                  place + ": refers to an attribute of a function, but is in no function");
  }
  switch (TypeOf(a)) {
    case onnx::AttributeProto::INT:
      out.value = static_cast<int64_t>(a.i());
      return out;
    case onnx::AttributeProto::FLOAT:
      out.value = a.f();
      return out;
    case onnx::AttributeProto::STRING:
      out.value = a.s();
      return out;
    case onnx::AttributeProto::INTS:
      out.value = std::vector<int64_t>(a.ints().begin(), a.ints().end());
      return out;
    case onnx::AttributeProto::FLOATS:
      out.value = std::vector<float>(a.floats().begin(), a.floats().end());
      return out;
    case onnx::AttributeProto::STRINGS:
      out.value = std::vector<std::string>(a.strings().begin(), a.strings().end());
      return out;
    case onnx::AttributeProto::TENSOR: {
      TENON_ASSIGN(out.value, ImportTensor(a.t(), source, options, place));
      return out;
    }
    default:
      return Status(Code::kUnsupported, place + ": attributes of this kind (" +
                                            std::to_string(a.type()) + ") are not supported");
  }
}

Result<graph::Attribute> ImportTypeAttribute(const onnx::AttributeProto& a,
                                             const std::string& where) {
  ValueKind kind = ValueKind::kTensor;
  const auto* tensor = TensorWithin(a.tp(), &kind);
  const bool within = kind == ValueKind::kTensor || kind == ValueKind::kSequence;
  if (tensor == nullptr || !within || DataTypeOf(tensor->elem_type()) == DataType::kUndefined) {
    return Status(Code::kUnsupported, where + " attribute \"" + a.name() +
                                          "\": expected the type of a tensor or of a sequence of "
                                          "tensors, with an element type");
  }
  return graph::Attribute{
      a.name(), std::vector<int64_t>{static_cast<int64_t>(kind), int64_t{tensor->elem_type()}}};
}

}  // namespace tenon::model
