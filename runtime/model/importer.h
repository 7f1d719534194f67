// What the files of the importer share.
#pragma once

#include <onnx/onnx-ml.pb.h>

#include <memory>
#include <span>
#include <string>

#include "external.h"
#include "tenon/graph/file.h"
#include "tenon/model/model.h"
#include "wire.h"

namespace tenon::model {

namespace onnx = ::ONNX_NAMESPACE;

// The bytes that a model came from, and who keeps them.
struct Source {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
  std::shared_ptr<const graph::File> file;  // null: from memory
  std::vector<Range> raw;                   // see StrippedModel
  ExternalFiles* external = nullptr;
};

// `where` names the tensor in messages: `initializer "w"`.
Result<graph::Constant> ImportTensor(const onnx::TensorProto& tensor, const Source& source,
                                     const ImportOptions& options, const std::string& where);
Result<graph::Attribute> ImportAttribute(const onnx::AttributeProto& attribute,
                                         const Source& source, const ImportOptions& options,
                                         const std::string& where);
// The oldest opset whose operators Tenon knows. Of older ones a node is taken as one of this opset where
// its operator has the same inputs, outputs and attributes there (but for consumed_inputs, a hint).
inline constexpr int kOldestOpset = 6;
// An attribute that is a type of tensors, or of sequences of them, as integers {kind, element type}.
Result<graph::Attribute> ImportTypeAttribute(const onnx::AttributeProto& attribute,
                                             const std::string& where);
// The type of the tensors within; null where the type is of none of the kinds that Tenon has.
const onnx::TypeProto_Tensor* TensorWithin(const onnx::TypeProto& type, ValueKind* kind);
// Checks a node against the schema of its opset: number of inputs and outputs, attributes.
Status VerifyNode(const onnx::NodeProto& node, int opset, const std::string& where);
Result<graph::Graph> ImportModel(const onnx::ModelProto& model, const Source& source,
                                 const ImportOptions& options);

}  // namespace tenon::model
