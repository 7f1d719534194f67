#include "value_pb.h"

#include <fmt/format.h>
#include <onnx/onnx-data_tenon_onnx.pb.h>
#include <onnx/onnx_tenon_onnx-ml.pb.h>

#include <cstring>
#include <set>

#include "failure.h"
#include "npy.h"

namespace tenon::tools {
namespace {

namespace onnx = ::tenon_onnx;

template <typename Message>
Message Parse(const std::string& path, const char* what) {
  Message message;
  if (!message.ParseFromString(ReadFile(path)))
    throw Failure(kUsage, fmt::format("{}: not a {}", path, what));
  return message;
}

// Values of a typed field, each narrowed to T.
template <typename T, typename Field>
void FillFrom(const Field& field, HostTensor* out, uint64_t count, const std::string& path) {
  if (static_cast<uint64_t>(field.size()) != count) {
    throw Failure(kUsage, fmt::format("{}: holds {} values, {} needs {}", path, field.size(),
                                      Describe(out->dtype, out->dims), count));
  }
  auto* to = reinterpret_cast<T*>(out->data.data());
  for (int i = 0; i < field.size(); ++i) to[i] = static_cast<T>(field[i]);
}

void FillTyped(const onnx::TensorProto& tensor, HostTensor* out, const std::string& path) {
  const uint64_t count = out->ElementCount();
  switch (out->dtype) {
    case TENON_FLOAT32:
      return FillFrom<float>(tensor.float_data(), out, count, path);
    case TENON_COMPLEX64:
      return FillFrom<float>(tensor.float_data(), out, 2 * count, path);
    case TENON_FLOAT64:
      return FillFrom<double>(tensor.double_data(), out, count, path);
    case TENON_COMPLEX128:
      return FillFrom<double>(tensor.double_data(), out, 2 * count, path);
    case TENON_INT64:
      return FillFrom<int64_t>(tensor.int64_data(), out, count, path);
    case TENON_UINT64:
      return FillFrom<uint64_t>(tensor.uint64_data(), out, count, path);
    case TENON_UINT32:
      return FillFrom<uint32_t>(tensor.uint64_data(), out, count, path);
    case TENON_INT32:
      return FillFrom<int32_t>(tensor.int32_data(), out, count, path);
    case TENON_INT16:
    case TENON_UINT16:
    case TENON_FLOAT16:
    case TENON_BFLOAT16:
      return FillFrom<uint16_t>(tensor.int32_data(), out, count, path);
    default:  // a byte each, or packed into bytes
      return FillFrom<uint8_t>(tensor.int32_data(), out, out->data.size(), path);
  }
}

HostTensor FromProto(const onnx::TensorProto& tensor, const std::string& path) {
  const std::vector<int64_t> dims(tensor.dims().begin(), tensor.dims().end());
  if (tensor.data_type() == kString) {
    HostTensor out{kString, dims, {}, {}};
    out.strings.assign(tensor.string_data().begin(), tensor.string_data().end());
    if (out.strings.size() != out.ElementCount())
      throw Failure(kUsage, fmt::format("{}: holds {} strings, its shape needs {}", path,
                                        out.strings.size(), out.ElementCount()));
    return out;
  }
  if (tensor.data_type() <= 0 || tenon_dtype_bytes(tensor.data_type(), 8) == 0)
    throw Failure(kUsage, fmt::format("{}: unknown element type {}", path, tensor.data_type()));
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL)
    throw Failure(kUsage, fmt::format("{}: external data; a file of a value holds it", path));
  HostTensor out = MakeTensor(tensor.data_type(), dims);
  if (!tensor.has_raw_data()) {
    FillTyped(tensor, &out, path);
    return out;
  }
  if (tensor.raw_data().size() != out.data.size()) {
    throw Failure(
        kUsage, fmt::format("{}: raw_data has {} bytes, {} needs {}", path,
                            tensor.raw_data().size(), Describe(out.dtype, dims), out.data.size()));
  }
  if (!out.data.empty()) std::memcpy(out.data.data(), tensor.raw_data().data(), out.data.size());
  return out;
}

std::vector<HostTensor> FromProto(const onnx::SequenceProto& sequence, const std::string& path) {
  std::vector<HostTensor> out;
  if (sequence.sparse_tensor_values_size() || sequence.sequence_values_size() ||
      sequence.map_values_size() || sequence.optional_values_size())
    throw Failure(kUsage, fmt::format("{}: a sequence of something else than tensors", path));
  for (const onnx::TensorProto& tensor : sequence.tensor_values())
    out.push_back(FromProto(tensor, path));
  return out;
}

HostValue::Kind KindOf(const onnx::TypeProto& type) {
  switch (type.value_case()) {
    case onnx::TypeProto::kTensorType:
      return HostValue::Kind::kTensor;
    case onnx::TypeProto::kSequenceType:
      return HostValue::Kind::kSequence;
    case onnx::TypeProto::kOptionalType:
      return HostValue::Kind::kOptional;
    default:
      return HostValue::Kind::kOther;
  }
}

}  // namespace

HostTensor ReadTensorPb(const std::string& path) {
  return FromProto(Parse<onnx::TensorProto>(path, "TensorProto"), path);
}

HostValue ReadValuePb(const std::string& path, HostValue::Kind kind) {
  HostValue out{kind, {}};
  switch (kind) {
    case HostValue::Kind::kTensor:
      out.tensors.push_back(ReadTensorPb(path));
      break;
    case HostValue::Kind::kSequence:
      out.tensors = FromProto(Parse<onnx::SequenceProto>(path, "SequenceProto"), path);
      break;
    case HostValue::Kind::kOptional: {
      const auto optional = Parse<onnx::OptionalProto>(path, "OptionalProto");
      if (optional.has_tensor_value())
        out.tensors.push_back(FromProto(optional.tensor_value(), path));
      else if (optional.has_sequence_value())
        out.tensors = FromProto(optional.sequence_value(), path);
      break;
    }
    case HostValue::Kind::kOther:
      throw Failure(kUsage, fmt::format("{}: neither tensor, sequence nor optional", path));
  }
  return out;
}

void WriteTensorPb(const std::string& path, const std::string& name, tenon_dtype dtype,
                   std::span<const int64_t> dims, const void* data, uint64_t bytes) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(dtype);
  for (const int64_t dim : dims) tensor.add_dims(dim);
  tensor.set_raw_data(bytes ? data : "", bytes);
  const std::string text = tensor.SerializeAsString();
  WriteFile(path, "", text.data(), text.size());
}

ModelKinds ReadModelKinds(const std::string& path) {
  onnx::ModelProto model;
  if (!model.ParseFromString(ReadFile(path)))
    throw Failure(kModelRejected, fmt::format("{}: not an ONNX model", path));
  std::set<std::string> initializers;
  for (const onnx::TensorProto& tensor : model.graph().initializer())
    initializers.insert(tensor.name());
  ModelKinds out;
  for (const onnx::ValueInfoProto& input : model.graph().input()) {
    if (!initializers.contains(input.name())) out.inputs.push_back(KindOf(input.type()));
  }
  for (const onnx::ValueInfoProto& output : model.graph().output())
    out.outputs.push_back(KindOf(output.type()));
  return out;
}

}  // namespace tenon::tools
