// --output-dir: outputs as DIR/output_<i>.npy in the graph's order.
#pragma once

#include <span>
#include <string>

#include "tenon/runtime/tenon.h"

namespace tenon::tools {

// Makes the folder, or throws Failure(kNotWritable). Call it before the run, so that nothing is computed in vain.
void PrepareFolder(const std::string& folder);
// Writes DIR/output_<index>.npy, or .pb (TensorProto, SequenceProto, OptionalProto) where npy has no such value; gives the file's path.
std::string WriteOutput(const std::string& folder, size_t index, const tenon_tensor* tensor);

}  // namespace tenon::tools
