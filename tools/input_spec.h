// --input NAME=SPEC: where an input's values come from.
//
//   @file.npy                      NumPy file
//   @file.pb                       ONNX's file of a value: TensorProto, SequenceProto, OptionalProto
//   @picture.png[:mean=M[/M/M],scale=S[/S/S],layout=nchw|nhwc,channels=N,order=rgb|bgr]
//   zeros[:shape=1x3x48x192]
//   rand[:seed=N][:shape=1x3x48x192]   normal floats, integers 0 or 1
//   raw:@file[:shape=...]          the tensor's bytes
#pragma once

#include <string>

#include "host_tensor.h"

namespace tenon::tools {

// Makes the tensor for `input`. Dimensions that neither the model, `dims` (NAME=V) nor the spec say are 1.
// Throws Failure(kUsage) that names the input.
HostTensor MakeInput(const ValueInfo& input, const std::string& spec,
                     std::span<const std::string> dims);

}  // namespace tenon::tools
