// Arguments, values and nodes for unit tests of a backend's kernels. Each owns its dimensions and
// lists; what it is made of otherwise (data, values, attributes) must outlive it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/types.h"

namespace tenon::sdk {
inline namespace v0_1 {
namespace testing {

// A dense argument in host memory over `data`, which may be null (while planning).
class TestArgument : public tenon_argument {
 public:
  template <typename T>
  TestArgument(std::vector<int64_t> dims, T* data)
      : TestArgument(TypeOf<std::remove_const_t<T>>::dtype, sizeof(T), std::move(dims), data) {}
  // The contents of a constant.
  explicit TestArgument(const tenon_value& constant)
      : TestArgument(constant.dtype, 0, {constant.dims, constant.dims + constant.rank},
                     constant.data) {
    bytes = constant.data_bytes;
  }
  TestArgument(tenon_dtype its_dtype, size_t element_bytes, std::vector<int64_t> dims,
               const void* data)
      : tenon_argument{}, dims_(std::move(dims)), strides_(dims_.size()) {
    struct_size = TENON_SIZE_TO(tenon_argument, memory_kind);
    int64_t count = 1;
    for (size_t i = dims_.size(); i-- > 0; count *= dims_[i]) strides_[i] = count;
    tensor.data = const_cast<void*>(data);
    tensor.ndim = static_cast<int32_t>(dims_.size());
    tensor.shape = dims_.data();
    tensor.strides = strides_.data();
    tensor.device = {kDLCPU, 0};
    tensor.dtype = {DlCode(its_dtype), static_cast<uint8_t>(element_bytes * 8), 1};
    bytes = static_cast<uint64_t>(count) * element_bytes;
    dtype = its_dtype;
  }
  TestArgument(const TestArgument&) = delete;
  TestArgument& operator=(const TestArgument&) = delete;

 private:
  static uint8_t DlCode(tenon_dtype dtype) {
    switch (dtype) {
      case TENON_FLOAT32:
      case TENON_FLOAT64:
      case TENON_FLOAT16:
        return kDLFloat;
      case TENON_BFLOAT16:
        return kDLBfloat;
      case TENON_BOOL:
        return kDLBool;
      case TENON_INT8:
      case TENON_INT16:
      case TENON_INT32:
      case TENON_INT64:
        return kDLInt;
      default:
        return kDLUInt;
    }
  }
  std::vector<int64_t> dims_, strides_;
};

// A value of a graph; constant where `data` is given.
class TestValue : public tenon_value {
 public:
  TestValue(const char* its_name, tenon_dtype its_dtype, std::vector<int64_t> its_dims,
            const void* its_data = nullptr, uint64_t its_bytes = 0)
      : tenon_value{}, dims_(std::move(its_dims)) {
    struct_size = TENON_SIZE_TO(tenon_value, reserved2);
    dtype = its_dtype;
    name = its_name;
    rank = static_cast<int32_t>(dims_.size());
    dims = dims_.data();
    data = its_data;
    data_bytes = its_bytes;
  }
  // A constant.
  template <typename T>
  TestValue(const char* its_name, std::vector<int64_t> its_dims, const std::vector<T>& values)
      : TestValue(its_name, TypeOf<T>::dtype, std::move(its_dims), values.data(),
                  values.size() * sizeof(T)) {}
  TestValue(const TestValue&) = delete;
  TestValue& operator=(const TestValue&) = delete;

 private:
  std::vector<int64_t> dims_;
};

// Attributes of a node. Lists and texts are the test's own and outlive it.
inline tenon_attribute Attribute(const char* name, tenon_attribute_kind kind) {
  tenon_attribute attribute{};
  attribute.struct_size = TENON_SIZE_TO(tenon_attribute, graph);
  attribute.kind = kind;
  attribute.name = name;
  return attribute;
}
inline tenon_attribute IntAttribute(const char* name, int64_t value) {
  tenon_attribute attribute = Attribute(name, TENON_ATTRIBUTE_INT);
  attribute.i = value;
  return attribute;
}
inline tenon_attribute FloatAttribute(const char* name, double value) {
  tenon_attribute attribute = Attribute(name, TENON_ATTRIBUTE_FLOAT);
  attribute.f = value;
  return attribute;
}
inline tenon_attribute TextAttribute(const char* name, std::string_view value) {
  tenon_attribute attribute = Attribute(name, TENON_ATTRIBUTE_STRING);
  attribute.s = value.data();
  attribute.s_bytes = value.size();
  return attribute;
}
inline tenon_attribute IntsAttribute(const char* name, std::span<const int64_t> values) {
  tenon_attribute attribute = Attribute(name, TENON_ATTRIBUTE_INTS);
  attribute.ints = values.data();
  attribute.count = values.size();
  return attribute;
}

// A node over values and attributes that the test keeps.
class TestNode : public tenon_node {
 public:
  TestNode(const char* its_op, std::vector<const tenon_value*> its_inputs,
           std::vector<const tenon_value*> its_outputs,
           std::vector<const tenon_attribute*> its_attributes = {})
      : tenon_node{},
        inputs_(std::move(its_inputs)),
        outputs_(std::move(its_outputs)),
        attributes_(std::move(its_attributes)) {
    struct_size = TENON_SIZE_TO(tenon_node, id);
    revision = 1;
    domain = "";
    op = its_op;
    name = "node";
    inputs = inputs_.data();
    outputs = outputs_.data();
    attributes = attributes_.data();
    input_count = static_cast<uint32_t>(inputs_.size());
    output_count = static_cast<uint32_t>(outputs_.size());
    attribute_count = static_cast<uint32_t>(attributes_.size());
  }
  TestNode(const TestNode&) = delete;
  TestNode& operator=(const TestNode&) = delete;

 private:
  std::vector<const tenon_value*> inputs_, outputs_;
  std::vector<const tenon_attribute*> attributes_;
};

}  // namespace testing
}  // namespace v0_1
}  // namespace tenon::sdk
