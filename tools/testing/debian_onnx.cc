// Debian's libonnx with its shared protobuf behind one C function, for coexistence.py.
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <exception>

// The elements of the model's first output, which shape inference finds: -1 where protobuf can't parse it, -2 where ONNX
// finds it wrong.
extern "C" __attribute__((visibility("default"))) int64_t debian_onnx_output_elements(
    const void* data, int size) try {
  onnx::ModelProto model;
  if (!model.ParseFromArray(data, size)) return -1;
  onnx::checker::check_model(model);
  model.mutable_graph()->mutable_output(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  onnx::shape_inference::InferShapes(model);
  int64_t elements = 1;
  for (const auto& dim : model.graph().output(0).type().tensor_type().shape().dim())
    elements *= dim.dim_value();
  return elements;
} catch (const std::exception&) {
  return -2;
}
