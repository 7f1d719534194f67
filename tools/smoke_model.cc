#include "smoke_model.h"

#include <onnx/onnx_tenon_onnx-ml.pb.h>

#include <algorithm>

namespace tenon::tools {
namespace {

namespace onnx = ::tenon_onnx;
constexpr int64_t kRows = 3, kInner = 5, kColumns = 4;

void AddValue(onnx::ValueInfoProto& value, const char* name, int64_t rows, int64_t columns) {
  value.set_name(name);
  auto& type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  for (const int64_t dim : {rows, columns}) type.mutable_shape()->add_dim()->set_dim_value(dim);
}

void AddConstant(onnx::GraphProto& graph, const char* name, std::initializer_list<int64_t> dims,
                 const std::vector<float>& values) {
  auto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (const int64_t dim : dims) tensor.add_dims(dim);
  for (const float value : values) tensor.add_float_data(value);
}

void AddNode(onnx::GraphProto& graph, const char* op, std::initializer_list<const char*> inputs,
             const char* output) {
  auto& node = *graph.add_node();
  node.set_op_type(op);
  node.set_name(op);
  for (const char* input : inputs) node.add_input(input);
  node.add_output(output);
}

std::vector<float> SmallIntegers(int64_t count, int first) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<float>((first + 5 * i) % 11 - 5));
  return values;
}

}  // namespace

SmokeModel MakeSmokeModel() {
  SmokeModel smoke{{}, {kRows, kInner}, SmallIntegers(kRows * kInner, 3), {}};
  const std::vector<float> weight = SmallIntegers(kInner * kColumns, 1),
                           bias = SmallIntegers(kColumns, 7);
  for (int64_t row = 0; row < kRows; ++row) {
    for (int64_t column = 0; column < kColumns; ++column) {
      float sum = bias[column];
      for (int64_t k = 0; k < kInner; ++k)
        sum += smoke.input[row * kInner + k] * weight[k * kColumns + column];
      smoke.expected.push_back(std::max(sum, 0.0F));
    }
  }
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(17);
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name("smoke");
  AddValue(*graph.add_input(), "x", kRows, kInner);
  AddValue(*graph.add_output(), "y", kRows, kColumns);
  AddConstant(graph, "w", {kInner, kColumns}, weight);
  AddConstant(graph, "b", {kColumns}, bias);
  AddNode(graph, "MatMul", {"x", "w"}, "product");
  AddNode(graph, "Add", {"product", "b"}, "sum");
  AddNode(graph, "Relu", {"sum"}, "y");
  smoke.onnx = model.SerializeAsString();
  return smoke;
}

}  // namespace tenon::tools
