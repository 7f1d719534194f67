#include <onnx/checker.h>
#include <onnx/common/ir_pb_converter.h>
#include <onnx/defs/operator_sets.h>
#include <onnx/defs/schema.h>

#include <algorithm>
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

namespace {

// Whether a node of one schema is one of the other, with the same meaning.
bool SameSignature(const onnx::OpSchema& a, const onnx::OpSchema& b) {
  if (a.since_version() == b.since_version()) return true;
  const auto same = [](const auto& x, const auto& y) {
    return std::ranges::equal(x, y, [](const auto& left, const auto& right) {
      return left.GetName() == right.GetName() && left.GetOption() == right.GetOption();
    });
  };
  if (!same(a.inputs(), b.inputs()) || !same(a.outputs(), b.outputs())) return false;
  auto attributes = a.attributes();
  attributes.erase("consumed_inputs");
  return std::ranges::equal(attributes, b.attributes(), [](const auto& left, const auto& right) {
    return left.first == right.first && left.second.type == right.second.type &&
           left.second.required == right.second.required &&
           left.second.default_value.SerializeAsString() ==
               right.second.default_value.SerializeAsString();
  });
}

// ONNX takes no node of a version that it has deprecated. Tenon takes those that it has a revision for.
bool IsRevision(const onnx::OpSchema& schema) {
  const operators::Operator* known = operators::FindOperator("", schema.Name());
  return known != nullptr &&
         std::ranges::find(known->revisions, schema.since_version(),
                           &operators::Revision::number) != known->revisions.end();
}

// ONNX's check of a node begins with the deprecation, so what else it looks at is said again.
onnx::OpSchema WithoutDeprecation(const onnx::OpSchema& schema) {
  onnx::OpSchema open(schema.Name(), schema.file(), schema.line());
  int at = 0;
  for (const auto& input : schema.inputs())
    open.Input(at++, input.GetName(), "", input.GetTypeStr(), input.GetOption(),
               input.GetIsHomogeneous(), input.GetMinArity());
  at = 0;
  for (const auto& output : schema.outputs())
    open.Output(at++, output.GetName(), "", output.GetTypeStr(), output.GetOption(),
                output.GetIsHomogeneous(), output.GetMinArity());
  for (const auto& [name, attribute] : schema.attributes()) open.Attr(attribute);
  for (const auto& constraint : schema.typeConstraintParams())
    open.TypeConstraint(constraint.type_param_str, constraint.allowed_type_strs, "");
  open.Finalize();
  return open;
}

// Nodes of opsets before the oldest that is known.
Status CheckOld(const onnx::OpSchema* schema, const std::string& op, int opset,
                const std::string& where) {
  const onnx::OpSchema* known = onnx::OpSchemaRegistry::Schema(op, kOldestOpset, onnx::ONNX_DOMAIN);
  if (schema == nullptr && known == nullptr) return {};  // then it is no operator at all
  if (schema != nullptr && known != nullptr && SameSignature(*schema, *known)) return {};
  return Status(Code::kUnsupported, where + ": opset " + std::to_string(opset) +
                                        " defines the operator otherwise than opset " +
                                        std::to_string(kOldestOpset) +
                                        ", the oldest that is known");
}

}  // namespace

Status VerifyNode(const onnx::NodeProto& node, int opset, const std::string& where) {
  try {
    const onnx::OpSchema* schema =
        onnx::OpSchemaRegistry::Schema(node.op_type(), opset, onnx::ONNX_DOMAIN);
    if (schema && schema->deprecated() && IsRevision(*schema))
      WithoutDeprecation(*schema).Verify(node);
    else if (schema)
      schema->Verify(node);
    if (opset < kOldestOpset) return CheckOld(schema, node.op_type(), opset, where);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& thrown) {
    return Status(Code::kInvalidArgument, where + ": " + thrown.what());
  }
  return {};
}

}  // namespace tenon::model
