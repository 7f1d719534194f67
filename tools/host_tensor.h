// A tensor in host memory that the command line owns: made from a file or at random, given to a run, written to a file.
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
  std::vector<int64_t> dims;
  std::vector<std::byte> data;       // dense row-major
  std::vector<std::string> strings;  // the elements of kString

  // Lends the memory; the tensor must outlive it.
  Tensor Wrap();
  uint64_t ElementCount() const;
};

// Allocates; throws Failure(kUsage) where the size overflows or a dimension is negative.
HostTensor MakeTensor(tenon_dtype dtype, std::vector<int64_t> dims);
// "float32[1, 3, 48, 192]".
std::string Describe(tenon_dtype dtype, std::span<const int64_t> dims);
// Shape, smallest, largest, mean and position of the largest element: "min -1.2 max 0.9 at [0, 1] mean 0.01".
std::string Summarise(const tenon_tensor_info& tensor);

}  // namespace tenon::tools
