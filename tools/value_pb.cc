#include "value_pb.h"

#include <fmt/format.h>
#include <onnx/onnx-data_tenon_onnx.pb.h>
#include <onnx/onnx_tenon_onnx-ml.pb.h>

#include <cstring>

#include "failure.h"
#include "files.h"

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
    HostTensor out{.dtype = kString, .dims = dims};
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

void FillProto(const tenon_tensor* value, onnx::TensorProto* out) {
  const tenon_tensor_info info = InfoOf(value);
  out->set_data_type(info.dtype);
  uint64_t count = 1;
  for (int32_t axis = 0; axis < info.rank; ++axis) {
    out->add_dims(info.dims[axis]);
    count *= static_cast<uint64_t>(info.dims[axis]);
  }
  if (info.dtype == kString) {
    for (uint64_t i = 0; i < count; ++i) out->add_string_data(StringAt(value, i));
  } else {
    out->set_raw_data(info.bytes ? info.data : "", info.bytes);
  }
}

void FillProto(const tenon_tensor* value, onnx::SequenceProto* out) {
  out->set_elem_type(onnx::SequenceProto::TENSOR);
  for (uint32_t i = 0; i < InfoOf(value).item_count; ++i)
    FillProto(ItemAt(value, i).get(), out->add_tensor_values());
}

}  // namespace

HostTensor ReadValuePb(const std::string& path, tenon_value_kind kind, tenon_dtype dtype) {
  if (kind == TENON_VALUE_TENSOR)
    return FromProto(Parse<onnx::TensorProto>(path, "TensorProto"), path);
  HostTensor out{.dtype = dtype, .kind = kind};
  if (kind == TENON_VALUE_SEQUENCE) {
    out.items = FromProto(Parse<onnx::SequenceProto>(path, "SequenceProto"), path);
    return out;
  }
  const auto optional = Parse<onnx::OptionalProto>(path, "OptionalProto");
  out.present = optional.has_tensor_value() || optional.has_sequence_value();
  if (optional.has_tensor_value()) out.items.push_back(FromProto(optional.tensor_value(), path));
  if (optional.has_sequence_value()) out.items = FromProto(optional.sequence_value(), path);
  return out;
}

void WriteValuePb(const std::string& path, const tenon_tensor* value) {
  const tenon_tensor_info info = InfoOf(value);
  std::string text;
  if (info.kind == TENON_VALUE_TENSOR) {
    onnx::TensorProto tensor;
    FillProto(value, &tensor);
    text = tensor.SerializeAsString();
  } else if (info.kind == TENON_VALUE_SEQUENCE) {
    onnx::SequenceProto sequence;
    FillProto(value, &sequence);
    text = sequence.SerializeAsString();
  } else {
    onnx::OptionalProto optional;
    const bool sequence = info.kind == TENON_VALUE_OPTIONAL_SEQUENCE;
    optional.set_elem_type(sequence ? onnx::OptionalProto::SEQUENCE : onnx::OptionalProto::TENSOR);
    if (info.present && sequence) FillProto(value, optional.mutable_sequence_value());
    if (info.present && !sequence)
      FillProto(ItemAt(value, 0).get(), optional.mutable_tensor_value());
    text = optional.SerializeAsString();
  }
  WriteFile(path, "", text.data(), text.size());
}

}  // namespace tenon::tools
