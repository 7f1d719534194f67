// Small models for tests, as protobuf builds them.
#pragma once

#include <onnx/onnx-ml.pb.h>

#include <string>
#include <vector>

#include "tenon/model/model.h"

namespace tenon::model::testing {

namespace onnx = ::ONNX_NAMESPACE;

inline void SetType(onnx::ValueInfoProto* value, const std::string& name, std::vector<int64_t> dims,
                    onnx::TensorProto::DataType type = onnx::TensorProto::FLOAT) {
  value->set_name(name);
  auto* tensor = value->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  for (int64_t dim : dims) tensor->mutable_shape()->add_dim()->set_dim_value(dim);
}

inline onnx::ModelProto EmptyModel(int opset = 17) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  auto* import = model.add_opset_import();
  import->set_domain("");
  import->set_version(opset);
  model.mutable_graph()->set_name("g");
  return model;
}

inline onnx::NodeProto* AddNode(onnx::ModelProto& model, const std::string& op,
                                std::vector<std::string> inputs, std::vector<std::string> outputs,
                                const std::string& name = "") {
  auto* node = model.mutable_graph()->add_node();
  node->set_op_type(op);
  node->set_name(name);
  for (const auto& input : inputs) node->add_input(input);
  for (const auto& output : outputs) node->add_output(output);
  return node;
}

inline onnx::TensorProto* AddWeight(onnx::ModelProto& model, const std::string& name,
                                    std::vector<int64_t> dims, const std::vector<float>& values) {
  auto* tensor = model.mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(onnx::TensorProto::FLOAT);
  for (int64_t dim : dims) tensor->add_dims(dim);
  tensor->set_raw_data(values.data(), values.size() * sizeof(float));
  return tensor;
}

// x[2, 3] -> MatMul w[3, 4] -> Relu -> y.
inline onnx::ModelProto SmallModel(int opset = 17) {
  onnx::ModelProto model = EmptyModel(opset);
  SetType(model.mutable_graph()->add_input(), "x", {2, 3});
  SetType(model.mutable_graph()->add_output(), "y", {2, 4});
  std::vector<float> weights(12);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i);
  AddWeight(model, "w", {3, 4}, weights);
  AddNode(model, "MatMul", {"x", "w"}, {"h"}, "mul");
  AddNode(model, "Relu", {"h"}, {"y"}, "act");
  return model;
}

inline Result<graph::Graph> Import(const std::string& bytes, const ImportOptions& options = {}) {
  auto owner = std::make_shared<std::string>(bytes);
  const std::span<const std::byte> span(reinterpret_cast<const std::byte*>(owner->data()),
                                        owner->size());
  return ImportMemory(span, owner, options);
}
inline Result<graph::Graph> Import(const onnx::ModelProto& model,
                                   const ImportOptions& options = {}) {
  return Import(model.SerializeAsString(), options);
}

}  // namespace tenon::model::testing
