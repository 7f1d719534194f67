// NumPy's .npy files (format 1.0 to 3.0, C order): https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <string>

#include "host_tensor.h"

namespace tenon::tools {

// Throws Failure(kUsage): what is wrong with the file.
HostTensor ReadNpy(const std::string& path);
// Throws Failure(kNotWritable). False where npy has no such dtype (bfloat16, float8, sub-byte types).
bool WriteNpy(const std::string& path, tenon_dtype dtype, std::span<const int64_t> dims,
              const void* data, uint64_t bytes);

}  // namespace tenon::tools
