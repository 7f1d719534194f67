// Arguments of kernels (tenon_argument of backend.h): their shapes, strides and sizes.
#pragma once

#include <cstdint>

#include "tenon/backend/backend.h"
#include "tenon/execution/memory.h"
#include "tenon/operators/tensor.h"

namespace tenon::execution {

// Dimensions and strides of one argument; stands still while the argument is used.
struct ArgumentStorage {
  int64_t dims[kMaxRank];
  int64_t strides[kMaxRank];
};

DLDataType DlType(DataType type);
bool IsAligned(const void* data, DataType type);  // to the element
// Bytes of a dense tensor of a static shape; UINT64_MAX where they cannot be counted.
uint64_t DenseBytes(DataType type, const Shape& shape);

// Bytes of a tensor of a static shape in a layout, which may be one of the backend of `device`.
Result<uint64_t> LayoutBytes(DataType type, const Shape& shape, tenon_layout layout,
                             const backend::Device* device);

// An argument without data, of a shape of which dimensions may be unknown. `device` null: host memory.
tenon_argument MakeArgument(DataType type, const Shape& shape, tenon_layout layout, uint64_t bytes,
                            const backend::Device* device, uint32_t memory_kind,
                            ArgumentStorage* storage);
// A blob of bytes at the start of a block: uint8, rank 1.
tenon_argument BlobArgument(const Block& block, uint64_t bytes, const backend::Device& device,
                            int64_t (&storage)[2]);
// Points the argument at memory.
inline void PointTo(tenon_argument* argument, tenon_buffer* buffer, std::byte* data,
                    uint64_t offset) {
  argument->buffer = buffer;
  argument->offset = offset;
  argument->tensor.data = data;
}

}  // namespace tenon::execution
