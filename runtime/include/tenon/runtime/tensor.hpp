// Tensors of the C++ API: the caller's memory, or Tenon's. Included by tenon.hpp.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "tenon/runtime/basics.hpp"

namespace tenon {
inline namespace v0 {

// The tenon_dtype of a C++ type.
template <typename T>
struct DtypeOf;
template <>
struct DtypeOf<float> {
  static constexpr tenon_dtype value = TENON_FLOAT32;
};
template <>
struct DtypeOf<double> {
  static constexpr tenon_dtype value = TENON_FLOAT64;
};
template <>
struct DtypeOf<int8_t> {
  static constexpr tenon_dtype value = TENON_INT8;
};
template <>
struct DtypeOf<int16_t> {
  static constexpr tenon_dtype value = TENON_INT16;
};
template <>
struct DtypeOf<int32_t> {
  static constexpr tenon_dtype value = TENON_INT32;
};
template <>
struct DtypeOf<int64_t> {
  static constexpr tenon_dtype value = TENON_INT64;
};
template <>
struct DtypeOf<uint8_t> {
  static constexpr tenon_dtype value = TENON_UINT8;
};
template <>
struct DtypeOf<uint16_t> {
  static constexpr tenon_dtype value = TENON_UINT16;
};
template <>
struct DtypeOf<uint32_t> {
  static constexpr tenon_dtype value = TENON_UINT32;
};
template <>
struct DtypeOf<uint64_t> {
  static constexpr tenon_dtype value = TENON_UINT64;
};
template <>
struct DtypeOf<bool> {
  static constexpr tenon_dtype value = TENON_BOOL;
};

// Memory with a type and a shape. Copies share the memory.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(tenon_tensor* handle)
      : handle_(handle, tenon_tensor_release) {}  // takes ownership
  // The caller's memory, dense; it must outlive the tensor.
  template <typename T>
  static Tensor Wrap(std::span<T> data, std::span<const int64_t> dims) {
    return Wrap(DtypeOf<std::remove_const_t<T>>::value, dims,
                const_cast<std::remove_const_t<T>*>(data.data()), data.size_bytes());
  }
  template <typename T>
  static Tensor Wrap(std::vector<T>& data, std::initializer_list<int64_t> dims) {
    return Wrap(std::span<T>(data), std::span<const int64_t>(dims.begin(), dims.size()));
  }
  static Tensor Wrap(tenon_dtype dtype, std::span<const int64_t> dims, void* data, uint64_t bytes) {
    tenon_tensor* handle = nullptr;
    Check(tenon_tensor_wrap(dtype, static_cast<int32_t>(dims.size()), dims.data(), data, bytes,
                            &handle));
    return Tensor(handle);
  }
  // Strings are copied.
  static Tensor Strings(std::span<const std::string> strings, std::span<const int64_t> dims) {
    std::vector<const char*> data;
    std::vector<uint64_t> lengths;
    for (const std::string& string : strings) {
      data.push_back(string.c_str());
      lengths.push_back(string.size());
    }
    tenon_tensor* handle = nullptr;
    Check(tenon_tensor_create_strings(static_cast<int32_t>(dims.size()), dims.data(), data.data(),
                                      lengths.data(), data.size(), &handle));
    return Tensor(handle);
  }
  // A sequence or optional of copies.
  static Tensor Sequence(tenon_dtype dtype, std::span<const Tensor> items,
                         tenon_value_kind kind = TENON_VALUE_SEQUENCE) {
    std::vector<tenon_tensor*> handles(items.size() + 1);  // not NULL where there are no items
    for (size_t i = 0; i < items.size(); ++i) handles[i] = items[i].get();
    tenon_tensor* handle = nullptr;
    Check(tenon_tensor_create_sequence(kind, dtype, handles.data(),
                                       static_cast<uint32_t>(items.size()), &handle));
    return Tensor(handle);
  }
  tenon_tensor* get() const { return handle_.get(); }
  explicit operator bool() const { return handle_ != nullptr; }

  tenon_tensor_info info() const {
    tenon_tensor_info info = TENON_INIT(tenon_tensor_info);
    tenon_tensor_describe(get(), &info);
    return info;
  }
  tenon_dtype dtype() const { return info().dtype; }
  std::vector<int64_t> dims() const {
    const tenon_tensor_info i = info();
    if (i.rank < 0) return {};  // a sequence or optional
    return {i.dims, i.dims + i.rank};
  }
  uint64_t bytes() const { return info().bytes; }
  // Host memory's elements; empty for a device's memory.
  template <typename T>
  std::span<T> As() const {
    const tenon_tensor_info i = info();
    if (i.dtype != DtypeOf<std::remove_const_t<T>>::value)
      throw Error(TENON_INVALID_ARGUMENT, "tensor has another type");
    if (i.data == nullptr) return {};
    return {static_cast<T*>(i.data), static_cast<size_t>(i.bytes / sizeof(T))};
  }
  // Of a tensor of strings.
  std::vector<std::string> strings() const {
    const tenon_tensor_info i = info();
    uint64_t count = 1;
    for (int32_t axis = 0; axis < i.rank; ++axis) count *= static_cast<uint64_t>(i.dims[axis]);
    std::vector<std::string> list;
    for (uint64_t index = 0; index < count; ++index) {
      const char* data = nullptr;
      uint64_t length = 0;
      Check(tenon_tensor_string(get(), index, &data, &length));
      list.emplace_back(data, length);
    }
    return list;
  }
  // Of a sequence or optional.
  std::vector<Tensor> items() const {
    std::vector<Tensor> list;
    for (uint32_t i = 0; i < info().item_count; ++i) {
      tenon_tensor* item = nullptr;
      Check(tenon_tensor_open_item(get(), i, &item));
      list.emplace_back(item);
    }
    return list;
  }
  void Write(const void* data, uint64_t bytes) { Check(tenon_tensor_write(get(), data, bytes)); }
  void Read(void* data, uint64_t bytes) const { Check(tenon_tensor_read(get(), data, bytes)); }

 private:
  std::shared_ptr<tenon_tensor> handle_;
};

}  // namespace v0
}  // namespace tenon
