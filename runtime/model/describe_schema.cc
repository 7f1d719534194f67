// What ONNX's schema says about an operator, for people.
#include <onnx/defs/schema.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "importer.h"

namespace tenon::model {
namespace {

SchemaArgument Describe(const onnx::OpSchema::FormalParameter& parameter) {
  SchemaArgument argument;
  argument.name = parameter.GetName();
  argument.optional = parameter.GetOption() == onnx::OpSchema::Optional;
  argument.variadic = parameter.GetOption() == onnx::OpSchema::Variadic;
  for (const std::string* type : parameter.GetTypes()) argument.types.push_back(*type);
  std::ranges::sort(argument.types);
  return argument;
}

const char* KindName(int type) {
  switch (type) {
    case onnx::AttributeProto::FLOAT:
      return "float";
    case onnx::AttributeProto::INT:
      return "int";
    case onnx::AttributeProto::STRING:
      return "string";
    case onnx::AttributeProto::TENSOR:
      return "tensor";
    case onnx::AttributeProto::GRAPH:
      return "graph";
    case onnx::AttributeProto::FLOATS:
      return "floats";
    case onnx::AttributeProto::INTS:
      return "ints";
    case onnx::AttributeProto::STRINGS:
      return "strings";
    default:
      return "other";
  }
}

template <typename T>
std::string Joined(const T& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + std::to_string(value);
  return "[" + text + "]";
}

std::string DefaultOf(const onnx::AttributeProto& value) {
  switch (value.type()) {
    case onnx::AttributeProto::FLOAT: {
      std::string text = std::to_string(value.f());
      if (value.f() != 0 && std::abs(value.f()) < 1e-3F) {
        char buffer[32];
        std::snprintf(buffer, sizeof buffer, "%g", static_cast<double>(value.f()));
        return buffer;
      }
      text.erase(text.find_last_not_of('0') + 1);
      return text.ends_with('.') ? text + '0' : text;
    }
    case onnx::AttributeProto::INT:
      return std::to_string(value.i());
    case onnx::AttributeProto::STRING:
      return '"' + value.s() + '"';
    case onnx::AttributeProto::INTS:
      return Joined(value.ints());
    case onnx::AttributeProto::FLOATS:
      return Joined(value.floats());
    default:
      return "";
  }
}

}  // namespace

std::optional<SchemaDescription> DescribeSchema(const std::string& domain, const std::string& name,
                                                int opset) {
  RegisterSchemas();
  const onnx::OpSchema* schema = onnx::OpSchemaRegistry::Schema(name, opset, domain);
  if (schema == nullptr) return std::nullopt;
  SchemaDescription description;
  description.function = schema->HasFunction() || schema->HasContextDependentFunction();
  for (const auto& input : schema->inputs()) description.inputs.push_back(Describe(input));
  for (const auto& output : schema->outputs()) description.outputs.push_back(Describe(output));
  for (const auto& [attribute, facts] : schema->attributes()) {
    description.attributes.push_back(
        {attribute, KindName(facts.type), facts.required, DefaultOf(facts.default_value)});
  }
  std::ranges::sort(description.attributes, {}, &SchemaAttribute::name);
  return description;
}

}  // namespace tenon::model
