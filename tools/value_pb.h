// Values in ONNX's own files (.pb): TensorProto, SequenceProto, OptionalProto. ONNX's test data is made of them.
#pragma once

#include <string>

#include "host_value.h"

namespace tenon::tools {

// Reads a file that holds a value of this kind. Throws Failure(kUsage): what is wrong with the file.
HostValue ReadValuePb(const std::string& path, tenon_value_kind kind);
HostTensor ReadTensorPb(const std::string& path);
// Throws Failure(kNotWritable).
void WriteTensorPb(const std::string& path, const std::string& name, tenon_dtype dtype,
                   std::span<const int64_t> dims, const void* data, uint64_t bytes);

// The same of anything that is no dense tensor: a TensorProto of strings, SequenceProto or OptionalProto.
void WriteValuePb(const std::string& path, const Tensor& value);

}  // namespace tenon::tools
