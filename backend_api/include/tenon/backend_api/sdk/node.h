// Reading a node: attributes, dimensions, constants; and refusing it in the standard format. Views,
// lent for the call that got the node: copy what has to stay.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/host.h"
#include "tenon/backend_api/sdk/types.h"

namespace tenon::sdk {
inline namespace v0_1 {

// "[1, 3, ?, s0]": -1 is unknown, -2 - i is symbol i.
inline std::string DimsToString(std::span<const int64_t> dims) {
  std::string text = "[";
  for (const int64_t dim : dims) {
    if (text.size() > 1) text += ", ";
    if (dim < -1) text += 's';
    text += dim == -1 ? "?" : std::to_string(dim >= 0 ? dim : -2 - dim);
  }
  return text + "]";
}

// What is known of an input or output. An absent one is false; ask before anything else.
class Value {
 public:
  explicit Value(const tenon_value* value = nullptr) : value_(value) {}
  explicit operator bool() const { return value_ != nullptr; }
  const tenon_value* raw() const { return value_; }

  tenon_dtype dtype() const { return value_->dtype; }
  std::string_view name() const { return value_->name; }
  int32_t rank() const { return value_->rank; }  // -1: unknown
  std::span<const int64_t> dims() const {
    return {value_->dims, static_cast<size_t>(rank() < 0 ? 0 : rank())};
  }
  bool IsStatic() const {
    for (const int64_t dim : dims()) {
      if (dim < 0) return false;
    }
    return rank() >= 0;
  }
  bool IsConstant() const { return value_->data != nullptr; }
  // The contents of a constant; empty where it is none, or of another type.
  template <typename T>
  std::span<const T> Constant() const {
    if (!IsConstant() || dtype() != TypeOf<T>::dtype) return {};
    return {static_cast<const T*>(value_->data),
            static_cast<size_t>(value_->data_bytes / sizeof(T))};
  }

 private:
  const tenon_value* value_;
};

class Node {
 public:
  Node(Host host, const tenon_node* node) : host_(host), node_(node) {}
  const tenon_node* raw() const { return node_; }
  Host host() const { return host_; }

  std::string_view op() const { return node_->op; }
  std::string_view domain() const { return node_->domain; }
  std::string_view name() const { return node_->name; }
  uint32_t revision() const { return node_->revision; }
  uint32_t input_count() const { return node_->input_count; }
  uint32_t output_count() const { return node_->output_count; }
  // Absent beyond the end, too.
  Value Input(uint32_t i) const {
    return Value(i < node_->input_count ? node_->inputs[i] : nullptr);
  }
  Value Output(uint32_t i) const {
    return Value(i < node_->output_count ? node_->outputs[i] : nullptr);
  }

  // An attribute, or what stands for it where it is absent or of another kind.
  int64_t Int(std::string_view name, int64_t otherwise) const {
    const tenon_attribute* a = Find(name, TENON_ATTRIBUTE_INT);
    return a ? a->i : otherwise;
  }
  float Float(std::string_view name, float otherwise) const {
    const tenon_attribute* a = Find(name, TENON_ATTRIBUTE_FLOAT);
    return a ? static_cast<float>(a->f) : otherwise;
  }
  std::string_view Text(std::string_view name, std::string_view otherwise) const {
    const tenon_attribute* a = Find(name, TENON_ATTRIBUTE_STRING);
    return a ? std::string_view(a->s, a->s_bytes) : otherwise;
  }
  std::span<const int64_t> Ints(std::string_view name) const {
    const tenon_attribute* a = Find(name, TENON_ATTRIBUTE_INTS);
    return a ? std::span(a->ints, a->count) : std::span<const int64_t>();
  }
  std::span<const float> Floats(std::string_view name) const {
    const tenon_attribute* a = Find(name, TENON_ATTRIBUTE_FLOATS);
    return a ? std::span(a->floats, a->count) : std::span<const float>();
  }
  Value Tensor(std::string_view name) const {
    const tenon_attribute* a = Find(name, TENON_ATTRIBUTE_TENSOR);
    return Value(a ? a->tensor : nullptr);
  }
  // NULL where there is none of that name. kind 0: any.
  const tenon_attribute* Find(std::string_view name, tenon_attribute_kind kind = 0) const {
    for (uint32_t i = 0; i < node_->attribute_count; ++i) {
      const tenon_attribute* a = node_->attributes[i];
      if (name == a->name) return kind == 0 || a->kind == kind ? a : nullptr;
    }
    return nullptr;
  }

  // Refusals, to be returned from `accepts`. The host adds node and kernel.
  [[nodiscard]] tenon_status Refuse(tenon_reason reason, const std::string& field,
                                    const std::string& got, const std::string& wants) const {
    return host_.Refuse(reason, field, got, wants);
  }
  [[nodiscard]] tenon_status RefuseAttribute(const std::string& name, const std::string& got,
                                             const std::string& wants) const {
    return Refuse(TENON_REASON_ATTRIBUTE, "attribute " + name, got, wants);
  }
  // "input 1 rank": got 3, wants `wants`. The input must be present.
  [[nodiscard]] tenon_status RefuseRank(uint32_t input, const std::string& wants) const {
    const int32_t rank = Input(input).rank();
    return Refuse(TENON_REASON_RANK, Argument(input, "rank"),
                  rank < 0 ? "unknown" : std::to_string(rank), wants);
  }
  [[nodiscard]] tenon_status RefuseShape(uint32_t input, const std::string& wants) const {
    const Value value = Input(input);
    return Refuse(value.IsStatic() ? TENON_REASON_SHAPE : TENON_REASON_DYNAMIC_SHAPE,
                  Argument(input, "shape"),
                  value.rank() < 0 ? "unknown rank" : DimsToString(value.dims()), wants);
  }
  // An input whose contents the kernel needs when it is created is not constant.
  [[nodiscard]] tenon_status RefuseNotConstant(uint32_t input) const {
    return Refuse(TENON_REASON_CONSTANT, Argument(input, ""), "a value known only at run time",
                  "a constant");
  }

 private:
  static std::string Argument(uint32_t input, const char* what) {
    return "input " + std::to_string(input) + (*what ? " " : "") + what;
  }
  Host host_;
  const tenon_node* node_;
};

}  // namespace v0_1
}  // namespace tenon::sdk
