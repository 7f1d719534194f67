// Values in ONNX's own files (.pb): TensorProto, SequenceProto, OptionalProto. ONNX's test data is made of them.
#pragma once

#include <string>

#include "host_value.h"

namespace tenon::tools {

// Reads a file that holds a value of this kind. Throws Failure(kUsage): what is wrong with the file.
HostValue ReadValuePb(const std::string& path, HostValue::Kind kind);
HostTensor ReadTensorPb(const std::string& path);
// Throws Failure(kNotWritable).
void WriteTensorPb(const std::string& path, const std::string& name, tenon_dtype dtype,
                   std::span<const int64_t> dims, const void* data, uint64_t bytes);

// The kinds of a model's inputs (initializers left out) and outputs, in the graph's order.
struct ModelKinds {
  std::vector<HostValue::Kind> inputs, outputs;
};
// Throws Failure(kModelRejected).
ModelKinds ReadModelKinds(const std::string& path);

}  // namespace tenon::tools
