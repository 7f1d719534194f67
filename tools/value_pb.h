// Values in ONNX's own files (.pb): TensorProto, SequenceProto, OptionalProto. ONNX's test data is made of them.
#pragma once

#include <string>

#include "host_tensor.h"

namespace tenon::tools {

// Reads a file that holds a value of this kind; dtype is that of an optional without a value. Throws Failure(kUsage): what is
// wrong with the file.
HostTensor ReadValuePb(const std::string& path, tenon_value_kind kind, tenon_dtype dtype);
// Any tenon_tensor in host memory. Throws Failure(kNotWritable).
void WriteValuePb(const std::string& path, const tenon_tensor* value);

}  // namespace tenon::tools
