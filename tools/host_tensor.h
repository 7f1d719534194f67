// A value in host memory that the command line owns: made from a file or at random, given to a run, compared with.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tenon/runtime/tenon.hpp"

namespace tenon::tools {

// Strings never reach a backend: the ABI has no such type. ONNX's number.
inline constexpr tenon_dtype kString = 8;

struct HostTensor {
  tenon_dtype dtype = TENON_FLOAT32;
  std::vector<int64_t> dims = {};
  std::vector<std::byte> data = {};       // dense row-major
  std::vector<std::string> strings = {};  // the elements of kString
  // As with tenon_tensor, a sequence or an optional is one, too: dtype is then that of its items.
  tenon_value_kind kind = TENON_VALUE_TENSOR;
  std::vector<HostTensor> items = {};
  bool present = true;  // an optional has a value

  // Lends the memory, which the tensor must not outlive; strings, sequences and optionals are copied.
  Tensor Wrap();
  uint64_t ElementCount() const;
};

// Allocates; throws Failure(kUsage) where the size overflows or a dimension is negative.
HostTensor MakeTensor(tenon_dtype dtype, std::vector<int64_t> dims);
float FromFloat16(uint16_t bits);
float FromBfloat16(uint16_t bits);
// "float32[1, 3, 48, 192]".
std::string Describe(tenon_dtype dtype, std::span<const int64_t> dims);
// Of any tenon_tensor: "float32[1, 3]", "sequence of 2 float32", "optional string without a value".
std::string Describe(const tenon_tensor* tensor);
// Where element `index` is in a dense tensor: "[0, 1]".
std::string Place(uint64_t index, std::span<const int64_t> dims);
tenon_tensor_info InfoOf(const tenon_tensor* tensor);
// String `index` of a tensor of strings; item `index` of a sequence or optional.
std::string StringAt(const tenon_tensor* tensor, uint64_t index);
// In memory of its own; the tensor must be the host's.
HostTensor CopyOf(const tenon_tensor* tensor);
Tensor ItemAt(const tenon_tensor* tensor, uint32_t index);
// Smallest, largest, mean and position of the (first) largest of the finite elements: "min -1.2, max 0.9 at [0, 1], mean
// 0.01"; the first strings; each item's.
std::string Summarise(const tenon_tensor* tensor);

}  // namespace tenon::tools
