#include "arguments.h"

#include <algorithm>

namespace tenon::execution {

DLDataType DlType(DataType type) {
  const auto bits = static_cast<uint8_t>(BitWidth(type));
  auto dl = [&](int code) { return DLDataType{static_cast<uint8_t>(code), bits, 1}; };
  switch (type) {
    case DataType::kFloat32:
    case DataType::kFloat64:
    case DataType::kFloat16:
      return dl(kDLFloat);
    case DataType::kUint8:
    case DataType::kUint16:
    case DataType::kUint32:
    case DataType::kUint64:
    case DataType::kUint4:
    case DataType::kUint2:
      return dl(kDLUInt);
    case DataType::kInt8:
    case DataType::kInt16:
    case DataType::kInt32:
    case DataType::kInt64:
    case DataType::kInt4:
    case DataType::kInt2:
      return dl(kDLInt);
    case DataType::kBool:
      return dl(kDLBool);
    case DataType::kBfloat16:
      return dl(kDLBfloat);
    case DataType::kComplex64:
    case DataType::kComplex128:
      return dl(kDLComplex);
    case DataType::kFloat8E4M3FN:
      return dl(kDLFloat8_e4m3fn);
    case DataType::kFloat8E4M3FNUZ:
      return dl(kDLFloat8_e4m3fnuz);
    case DataType::kFloat8E5M2:
      return dl(kDLFloat8_e5m2);
    case DataType::kFloat8E5M2FNUZ:
      return dl(kDLFloat8_e5m2fnuz);
    case DataType::kFloat4E2M1:
      return dl(kDLFloat4_e2m1fn);
    case DataType::kFloat8E8M0:
      return dl(kDLFloat8_e8m0fnu);
    default:
      return dl(kDLOpaqueHandle);
  }
}

bool IsAligned(const void* data, DataType type) {
  const uintptr_t element = std::min<uintptr_t>(std::max<uint32_t>(BitWidth(type) / 8, 1), 8);
  return reinterpret_cast<uintptr_t>(data) % element == 0;
}

uint64_t DenseBytes(DataType type, const Shape& shape) {
  uint64_t bits = BitWidth(type);
  bool overflow = false;
  bool empty = false;
  for (int64_t dim : shape.dims()) {
    empty |= dim == 0;
    overflow |= __builtin_mul_overflow(bits, static_cast<uint64_t>(dim), &bits);
  }
  if (empty) return 0;
  return overflow ? UINT64_MAX : bits / 8 + (bits % 8 != 0);
}

Result<uint64_t> LayoutBytes(DataType type, const Shape& shape, tenon_layout layout,
                             const backend::Device* device) {
  const uint64_t dense = layout < TENON_LAYOUT_OWN ? DenseBytes(type, shape) : 0;
  if (dense == UINT64_MAX || !FitsMemory(shape)) {
    return Status(Code::kInvalidArgument,
                  "shape " + shape.ToString() + " has more bytes than 64 bits can count");
  }
  if (layout < TENON_LAYOUT_OWN) return dense;
  for (const tenon_layout_info* info : device->backend().layouts()) {
    if (info->id != layout) continue;
    const uint64_t bytes =
        info->bytes(static_cast<tenon_dtype>(type), shape.rank(), shape.dims().data());
    if (bytes != 0) return bytes;
  }
  return Status(Code::kInternal,
                "shape " + shape.ToString() + " cannot have layout " + std::to_string(layout));
}

namespace {

void RowMajorStrides(const Shape& shape, int64_t* strides) {
  int64_t stride = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[axis] = stride;
    stride *= std::max<int64_t>(shape[axis], 1);
  }
}

// Logical N,C,D1.. stored as N,D1..,C.
void ChannelsLastStrides(const Shape& shape, int64_t* strides) {
  const int rank = shape.rank();
  if (rank < 3) return RowMajorStrides(shape, strides);
  int64_t stride = std::max<int64_t>(shape[1], 1);
  strides[1] = 1;
  for (int axis = rank - 1; axis >= 2; --axis) {
    strides[axis] = stride;
    stride *= std::max<int64_t>(shape[axis], 1);
  }
  strides[0] = stride;
}

}  // namespace

tenon_argument MakeArgument(DataType type, const Shape& shape, tenon_layout layout, uint64_t bytes,
                            const backend::Device* device, uint32_t memory_kind,
                            ArgumentStorage* storage) {
  tenon_argument argument{};
  argument.struct_size = sizeof argument;
  argument.layout = layout;
  argument.bytes = bytes;
  argument.dtype = static_cast<tenon_dtype>(type);
  argument.memory_kind = memory_kind;
  DLTensor& tensor = argument.tensor;
  tensor.ndim = std::max(shape.rank(), 0);
  tensor.dtype = DlType(type);
  tensor.device = memory_kind == TENON_MEMORY_HOST || device == nullptr ? DLDevice{kDLCPU, 0}
                                                                        : device->info().dl_device;
  tensor.shape = storage->dims;
  tensor.strides = storage->strides;
  std::ranges::copy(shape.dims(), storage->dims);
  if (layout == TENON_LAYOUT_CHANNELS_LAST) {
    ChannelsLastStrides(shape, storage->strides);
  } else {
    RowMajorStrides(shape, storage->strides);
  }
  return argument;
}

tenon_argument BlobArgument(const Block& block, uint64_t bytes, const backend::Device& device,
                            int64_t (&storage)[2]) {
  tenon_argument argument{};
  argument.struct_size = sizeof argument;
  argument.bytes = bytes;
  argument.dtype = TENON_UINT8;
  argument.memory_kind = block.space().kind;
  argument.tensor.ndim = 1;
  argument.tensor.dtype = DlType(DataType::kUint8);
  argument.tensor.device = block.space().host() ? DLDevice{kDLCPU, 0} : device.info().dl_device;
  storage[0] = static_cast<int64_t>(bytes);
  storage[1] = 1;
  argument.tensor.shape = &storage[0];
  argument.tensor.strides = &storage[1];
  PointTo(&argument, block.buffer(), block.base(), 0);
  return argument;
}

}  // namespace tenon::execution
