#include <onnx/checker.h>
#include <onnx/common/ir_pb_converter.h>
#include <onnx/defs/operator_sets.h>
#include <onnx/defs/schema.h>

#include <mutex>

#include "importer.h"

namespace tenon::model {

void RegisterSchemas() {
  static std::once_flag once;
  std::call_once(once, [] { onnx::RegisterOnnxOperatorSetSchema(); });
}

int NewestOpset() {
  return onnx::OpSchemaRegistry::DomainToVersionRange::Instance()
      .Map()
      .at(onnx::ONNX_DOMAIN)
      .second;
}

Status VerifyNode(const onnx::NodeProto& node, int opset, const std::string& where) {
  try {
    const onnx::OpSchema* schema =
        onnx::OpSchemaRegistry::Schema(node.op_type(), opset, onnx::ONNX_DOMAIN);
    if (schema) schema->Verify(node);
  } catch (const std::exception& thrown) {
    return Status(Code::kInvalidArgument, where + ": " + thrown.what());
  }
  return {};
}

}  // namespace tenon::model
