#include <algorithm>
#include <cstring>

#include "importer.h"

namespace tenon::model {
namespace {

Status Bad(const std::string& where, const std::string& what) {
  return Status(Code::kInvalidArgument, where + ": " + what);
}

Result<Shape> ImportDims(const onnx::TensorProto& tensor, const std::string& where) {
  if (tensor.dims_size() > kMaxRank) {
    return Status(Code::kUnsupported, where + ": rank " + std::to_string(tensor.dims_size()) +
                                          ", Tenon has at most " + std::to_string(kMaxRank));
  }
  Shape shape;
  for (const int64_t dim : tensor.dims()) {
    if (dim < 0) return Bad(where, "dimension " + std::to_string(dim) + ", expected 0 or more");
    shape.Append(dim);
  }
  return shape;
}

std::shared_ptr<const graph::Blob> OwnedBlob(std::vector<std::byte> bytes) {
  bytes.reserve(1);  // no bytes, too, are somewhere: NULL would say that the value is not known
  auto memory = std::make_shared<std::vector<std::byte>>(std::move(bytes));
  auto blob = std::make_shared<graph::Blob>();
  blob->data = memory->data();
  blob->size = memory->size();
  blob->owner = std::move(memory);
  return blob;
}

// Where a tensor's bytes are. Blobs of a file keep the file, others the owner.
struct Place {
  std::span<const std::byte> bytes;
  uint64_t offset;  // of the file
  std::shared_ptr<const graph::File> file;
  std::shared_ptr<const void> owner;
};

// width: bytes of an element.
Result<std::shared_ptr<const graph::Blob>> PlacedBlob(const Place& place, uint64_t width,
                                                      const std::string& where) {
  // Shape functions, folding and the host read elements in place: what may be small enough for them is made aligned, and
  // read out of files that are mapped. Weights stay where they are; backends get them aligned or packed.
  constexpr uint64_t kLargestCopied = 65536;
  const bool mapped = place.file && place.file->mapped();
  const bool aligned = reinterpret_cast<uintptr_t>(place.bytes.data()) % width == 0;
  auto blob = std::make_shared<graph::Blob>();
  blob->size = place.bytes.size();
  if (place.file) blob->identity = place.file->IdentityOf(place.offset, blob->size);
  if (blob->size <= kLargestCopied && (mapped || !aligned)) {
    auto copy = std::make_shared<std::vector<std::byte>>(blob->size);
    if (mapped)
      TENON_RETURN_IF_ERROR(place.file->Read(place.offset, *copy).WithContext(where));
    else
      std::copy(place.bytes.begin(), place.bytes.end(), copy->begin());
    blob->data = copy->data();
    blob->owner = std::move(copy);
  } else {
    blob->data = place.bytes.data();
    blob->mapped = mapped;
    blob->owner = place.file ? std::shared_ptr<const void>(place.file) : place.owner;
  }
  return std::shared_ptr<const graph::Blob>(std::move(blob));
}

// Kernels read a bool as C++ does: 0 or 1. What a file calls true may be another byte.
std::shared_ptr<const graph::Blob> AsBools(std::shared_ptr<const graph::Blob> blob) {
  const std::span<const std::byte> bytes(blob->data, blob->size);
  if (std::ranges::all_of(bytes, [](std::byte b) { return b <= std::byte{1}; })) return blob;
  std::vector<std::byte> bools(bytes.begin(), bytes.end());
  for (std::byte& b : bools) b = b == std::byte{0} ? b : std::byte{1};
  return OwnedBlob(std::move(bools));
}

// Raw data is where the source has it: the field holds an index (see StripModel).
Result<Place> RawPlace(const onnx::TensorProto& tensor, const Source& source, uint64_t wanted,
                       const std::string& where) {
  uint64_t index = 0;
  if (tensor.raw_data().size() == sizeof index)
    std::memcpy(&index, tensor.raw_data().data(), sizeof index);
  if (tensor.raw_data().size() != sizeof index || index >= source.raw.size()) {
    return Status(Code::kInternal, where + ": its raw_data was not lifted out of the model");
  }
  const Range range = source.raw[index];
  if (range.length != wanted) {
    return Bad(where, "raw_data has " + std::to_string(range.length) +
                          " bytes, its shape and type need " + std::to_string(wanted));
  }
  return Place{source.bytes.subspan(range.offset, range.length), range.offset, source.file,
               source.owner};
}

Result<Place> ExternalPlace(const onnx::TensorProto& tensor, const Source& source, uint64_t wanted,
                            const std::string& where) {
  if (tensor.has_raw_data() || tensor.float_data_size() || tensor.int32_data_size() ||
      tensor.int64_data_size() || tensor.double_data_size() || tensor.uint64_data_size()) {
    return Bad(where, "external data: the tensor holds data in the model, too");
  }
  Result<ExternalRange> range = ReadExternalKeys(tensor);
  if (!range.ok()) return std::move(range).status().WithContext(where);
  if (range->length && *range->length != wanted) {
    return Bad(where, "external data: key \"length\" is " + std::to_string(*range->length) +
                          ", its shape and type need " + std::to_string(wanted) +
                          " bytes (file \"" + range->location + "\")");
  }
  auto file = source.external->Open(range->location);
  if (!file.ok()) return std::move(file).status().WithContext(where);
  const uint64_t size = (*file)->bytes().size();
  if (range->offset > size || wanted > size - range->offset) {
    return Status(Code::kDataLoss, where + ": external data: " + (*file)->name() + " has " +
                                       std::to_string(size) + " bytes, the tensor needs " +
                                       std::to_string(wanted) + " from byte " +
                                       std::to_string(range->offset) +
                                       " (key \"offset\") on; the file is cut or another model's");
  }
  return Place{(*file)->bytes().subspan(range->offset, wanted), range->offset, *file, nullptr};
}

// Values of a typed field, narrowed to T.
template <typename T, typename Field>
Result<std::shared_ptr<const graph::Blob>> TypedBlob(const Field& field, int64_t count,
                                                     const std::string& where) {
  if (static_cast<int64_t>(field.size()) != count) {
    return Bad(where, "has " + std::to_string(field.size()) + " values, its shape needs " +
                          std::to_string(count));
  }
  std::vector<std::byte> bytes(static_cast<size_t>(count) * sizeof(T));
  auto* out = reinterpret_cast<T*>(bytes.data());
  for (int i = 0; i < field.size(); ++i) out[i] = static_cast<T>(field[i]);
  return OwnedBlob(std::move(bytes));
}

Result<std::shared_ptr<const graph::Blob>> FromFields(const onnx::TensorProto& t, DataType type,
                                                      int64_t count, const std::string& where) {
  switch (type) {
    case DataType::kFloat32:
      return TypedBlob<float>(t.float_data(), count, where);
    case DataType::kComplex64:
      return TypedBlob<float>(t.float_data(), 2 * count, where);
    case DataType::kFloat64:
      return TypedBlob<double>(t.double_data(), count, where);
    case DataType::kComplex128:
      return TypedBlob<double>(t.double_data(), 2 * count, where);
    case DataType::kInt64:
      return TypedBlob<int64_t>(t.int64_data(), count, where);
    case DataType::kUint64:
      return TypedBlob<uint64_t>(t.uint64_data(), count, where);
    case DataType::kUint32:
      return TypedBlob<uint32_t>(t.uint64_data(), count, where);
    case DataType::kInt32:
      return TypedBlob<int32_t>(t.int32_data(), count, where);
    default:
      break;
  }
  switch (BitWidth(type)) {
    case 16:
      return TypedBlob<uint16_t>(t.int32_data(), count, where);
    case 8:
      return TypedBlob<uint8_t>(t.int32_data(), count, where);
    case 4:
      return TypedBlob<uint8_t>(t.int32_data(), (count + 1) / 2, where);
    case 2:
      return TypedBlob<uint8_t>(t.int32_data(), (count + 3) / 4, where);
    default:
      return Status(Code::kUnsupported, where + ": element type " + std::to_string(t.data_type()));
  }
}

}  // namespace

Result<graph::Constant> ImportTensor(const onnx::TensorProto& tensor, const Source& source,
                                     const ImportOptions& options, const std::string& where) {
  graph::Constant constant;
  constant.type = DataTypeOf(tensor.data_type());
  if (constant.type == DataType::kUndefined) {
    return Status(Code::kUnsupported,
                  where + ": unknown element type " + std::to_string(tensor.data_type()));
  }
  TENON_ASSIGN(constant.shape, ImportDims(tensor, where));
  Result<int64_t> count = CheckedElementCount(constant.shape.dims());
  if (!count.ok()) return std::move(count).status().WithContext(where);
  if (!FitsMemory(constant.shape))
    return Bad(where, "the shape " + constant.shape.ToString() + " is larger than any memory");
  const bool external = tensor.data_location() == onnx::TensorProto::EXTERNAL;
  if (tensor.has_segment()) return Status(Code::kUnsupported, where + ": segmented tensors");
  if (constant.type == DataType::kString) {
    if (external) return Bad(where, "external data: strings can't be in another file");
    if (tensor.string_data_size() != *count)
      return Bad(where, "number of strings does not fit its shape");
    constant.strings.assign(tensor.string_data().begin(), tensor.string_data().end());
    return constant;
  }
  Result<int64_t> bytes = CheckedByteSize(constant.type, *count);
  if (!bytes.ok()) return std::move(bytes).status().WithContext(where);
  if (static_cast<uint64_t>(*bytes) > options.max_tensor_bytes) {
    return Bad(where, std::to_string(*bytes) + " bytes, the limit is " +
                          std::to_string(options.max_tensor_bytes));
  }
  const bool is_bool = constant.type == DataType::kBool;
  if (!external && !tensor.has_raw_data()) {
    TENON_ASSIGN(constant.blob, FromFields(tensor, constant.type, *count, where));
    if (is_bool) constant.blob = AsBools(std::move(constant.blob));
    return constant;
  }
  const auto wanted = static_cast<uint64_t>(*bytes);
  TENON_ASSIGN(const Place place, external ? ExternalPlace(tensor, source, wanted, where)
                                           : RawPlace(tensor, source, wanted, where));
  TENON_ASSIGN(constant.blob,
               PlacedBlob(place, std::max<uint64_t>(1, BitWidth(constant.type) / 8), where));
  if (is_bool) constant.blob = AsBools(std::move(constant.blob));
  return constant;
}

}  // namespace tenon::model
