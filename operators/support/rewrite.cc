#include "support/rewrite.h"

#include <cstring>

#include "support/half.h"
#include "support/math.h"

namespace tenon::operators {
namespace {

const TensorView* ConstantAt(const InferInput& input) {
  return input.present && input.value != nullptr && input.value->data != nullptr ? input.value
                                                                                 : nullptr;
}

template <typename T>
void SetScalar(Rewriter& rewriter, int index, DataType type, T value) {
  rewriter.SetConstantInput(index, type, Shape(), &value);
}

}  // namespace

void AttributeToInput(Rewriter& rewriter, std::string_view name, int index) {
  const AttributeView* attribute = rewriter.node().Find(name);
  if (attribute == nullptr) return;
  const std::vector<int64_t> values(attribute->ints.begin(), attribute->ints.end());
  rewriter.RemoveAttribute(name);
  rewriter.SetConstantInput(index, DataType::kInt64, Shape{static_cast<int64_t>(values.size())},
                            values.data());
}

Status ConstantInts(const Rewriter& rewriter, int index, std::string_view name,
                    std::vector<int64_t>& values) {
  values.clear();
  const InferInput input = rewriter.input(index);
  if (!input.present) return {};
  const TensorView* constant = ConstantAt(input);
  if (constant == nullptr)
    return CannotSay(rewriter, name, " is not constant (an older revision has it as attribute)");
  if (constant->type != DataType::kInt32 && constant->type != DataType::kInt64)
    return CannotSay(rewriter, name, " is ", constant->type, " (expected int64)");
  const int64_t count = constant->shape.ElementCount();
  for (int64_t i = 0; i < count; ++i) values.push_back(IntAt(*constant, i));
  return {};
}

Status InputToAttribute(Rewriter& rewriter, int index, std::string_view name) {
  if (!rewriter.input(index).present) return {};
  std::vector<int64_t> values;
  TENON_RETURN_IF_ERROR(ConstantInts(rewriter, index, name, values));
  rewriter.RemoveInput(index);
  rewriter.SetInts(name, values);
  return {};
}

Status SetScalarInput(Rewriter& rewriter, int index, DataType type, double value) {
  switch (type) {
    case DataType::kFloat32:
      SetScalar(rewriter, index, type, static_cast<float>(value));
      return {};
    case DataType::kFloat64:
      SetScalar(rewriter, index, type, value);
      return {};
    case DataType::kFloat16:
      SetScalar(rewriter, index, type, HalfFromFloat(static_cast<float>(value)));
      return {};
    case DataType::kBfloat16:
      SetScalar(rewriter, index, type, Bfloat16FromFloat(static_cast<float>(value)));
      return {};
    case DataType::kInt8:
      SetScalar(rewriter, index, type, SaturateCast<int8_t>(value));
      return {};
    case DataType::kUint8:
      SetScalar(rewriter, index, type, SaturateCast<uint8_t>(value));
      return {};
    case DataType::kInt32:
      SetScalar(rewriter, index, type, SaturateCast<int32_t>(value));
      return {};
    case DataType::kInt64:
      SetScalar(rewriter, index, type, SaturateCast<int64_t>(value));
      return {};
    default:
      return CannotSay(rewriter, "a constant of type ", type, " cannot be made");
  }
}

Status ConstantScalar(const Rewriter& rewriter, int index, std::string_view name, double& value) {
  const InferInput input = rewriter.input(index);
  const TensorView* constant = ConstantAt(input);
  if (constant == nullptr || constant->shape.ElementCount() != 1) {
    return CannotSay(rewriter, name,
                     " is not a constant scalar (an older revision has it as attribute)");
  }
  switch (constant->type) {
    case DataType::kFloat32:
      value = *constant->as<float>();
      return {};
    case DataType::kFloat64:
      value = *constant->as<double>();
      return {};
    case DataType::kFloat16:
      value = FloatFromHalf(*constant->as<uint16_t>());
      return {};
    case DataType::kBfloat16:
      value = FloatFromBfloat16(*constant->as<uint16_t>());
      return {};
    case DataType::kBool:
      value = *constant->as<uint8_t>();
      return {};
    case DataType::kInt32:
      value = *constant->as<int32_t>();
      return {};
    case DataType::kInt64:
      value = static_cast<double>(*constant->as<int64_t>());
      return {};
    default:
      return CannotSay(rewriter, name, " is ", constant->type, " (expected a float)");
  }
}

Status RequireInt(const Rewriter& rewriter, std::string_view name, int64_t value,
                  int64_t otherwise) {
  const int64_t found = rewriter.node().Int(name, otherwise);
  if (found == value) return {};
  return CannotSay(rewriter, "attribute ", name, " is ", std::to_string(found),
                   " (the other revision only has ", std::to_string(value), ")");
}

}  // namespace tenon::operators
