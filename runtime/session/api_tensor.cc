// tenon.h: tensors.
#include "api.h"

using namespace tenon;           // NOLINT
using namespace tenon::session;  // NOLINT

tenon_status tenon_tensor_wrap(tenon_dtype dtype, int32_t rank, const int64_t* dims, void* data,
                               uint64_t bytes, tenon_tensor** out_tensor) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(out_tensor);
    TENON_ASSIGN(const Shape shape, MakeShape(rank, dims));
    TENON_ASSIGN(auto tensor, execution::Tensor::Wrap(DataTypeOf(dtype), shape, data, bytes));
    *out_tensor = new tenon_tensor{nullptr, std::move(tensor)};
    return Status();
  });
}

tenon_status tenon_tensor_create(tenon_session* session, const char* backend, uint32_t device,
                                 tenon_dtype dtype, int32_t rank, const int64_t* dims,
                                 tenon_tensor** out_tensor) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(session);
    TENON_REQUIRE(out_tensor);
    TENON_ASSIGN(const Shape shape, MakeShape(rank, dims));
    execution::MemorySpace space;
    if (backend != nullptr) {
      TENON_ASSIGN(space, session->impl->executable()->FindSpace(backend, device));
    }
    TENON_ASSIGN(auto tensor,
                 session->impl->executable()->CreateTensor(space, DataTypeOf(dtype), shape));
    *out_tensor = new tenon_tensor{session->impl, std::move(tensor)};
    return Status();
  });
}

void tenon_tensor_release(tenon_tensor* tensor) { delete tensor; }

void tenon_tensor_describe(const tenon_tensor* tensor, tenon_tensor_info* out_info) {
  const execution::Tensor& t = *tensor->impl;
  tenon_tensor_info info{};
  info.dtype = static_cast<tenon_dtype>(t.type());
  info.rank = t.shape().rank();
  info.dims = t.shape().dims().data();
  info.bytes = t.bytes();
  info.kind = static_cast<tenon_value_kind>(t.kind());
  if (t.object()) {
    info.item_count = static_cast<uint32_t>(t.object()->items.size());
    info.present = t.object()->present ? 1 : 0;
  }
  if (t.space().host()) {
    info.data = t.location().data;
  } else {
    info.device = t.space().device->id();
    info.backend = t.space().device->backend().name().c_str();
  }
  WriteStruct(out_info, info);
}

tenon_status tenon_tensor_create_strings(int32_t rank, const int64_t* dims,
                                         const char* const* strings, const uint64_t* lengths,
                                         uint64_t count, tenon_tensor** out_tensor) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(out_tensor);
    if (count != 0) TENON_REQUIRE(strings);
    auto object = std::make_shared<execution::Object>();
    object->type = DataType::kString;
    TENON_ASSIGN(object->shape, MakeShape(rank, dims));
    TENON_ASSIGN(const int64_t elements, CheckedElementCount(object->shape.dims()));
    if (static_cast<uint64_t>(elements) != count) {
      return Status(Code::kInvalidArgument, "a tensor of shape " + object->shape.ToString() +
                                                " has " + std::to_string(elements) +
                                                " strings, got " + std::to_string(count));
    }
    for (uint64_t i = 0; i < count; ++i) {
      TENON_REQUIRE(strings[i]);
      object->strings.emplace_back(strings[i],
                                   lengths != nullptr ? lengths[i] : std::strlen(strings[i]));
    }
    *out_tensor = new tenon_tensor{
        nullptr,
        execution::Tensor::OfObject(ValueKind::kTensor, DataType::kString, std::move(object))};
    return Status();
  });
}

tenon_status tenon_tensor_string(const tenon_tensor* tensor, uint64_t index,
                                 const char** out_string, uint64_t* out_length) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(tensor);
    TENON_REQUIRE(out_string);
    const auto& object = tensor->impl->object();
    if (!object || tensor->impl->kind() != ValueKind::kTensor)
      return Status(Code::kInvalidArgument, "the tensor has no strings");
    if (index >= object->strings.size()) {
      return Status(Code::kInvalidArgument, "there is no string " + std::to_string(index) +
                                                ": there are " +
                                                std::to_string(object->strings.size()));
    }
    *out_string = object->strings[index].c_str();
    if (out_length != nullptr) *out_length = object->strings[index].size();
    return Status();
  });
}

namespace {

// A host tensor or tensor of strings, with memory of its own.
Result<std::shared_ptr<execution::Tensor>> CopyItem(const execution::Tensor& item) {
  if (item.kind() != ValueKind::kTensor)
    return Status(Code::kUnsupported, "sequences of sequences are not supported");
  if (item.is_object()) return execution::Tensor::OfObject(item.kind(), item.type(), item.object());
  TENON_ASSIGN(auto copy,
               execution::Tensor::Create({}, item.type(), item.shape(), nullptr, nullptr));
  if (item.bytes() == 0) return copy;
  TENON_RETURN_IF_ERROR(
      const_cast<execution::Tensor&>(item).Read(copy->location().data, item.bytes()));
  return copy;
}

}  // namespace

tenon_status tenon_tensor_create_sequence(tenon_value_kind kind, tenon_dtype dtype,
                                          tenon_tensor* const* items, uint32_t count,
                                          tenon_tensor** out_tensor) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(out_tensor);
    if (count != 0) TENON_REQUIRE(items);
    if (kind < TENON_VALUE_SEQUENCE || kind > TENON_VALUE_OPTIONAL_SEQUENCE)
      return Status(Code::kInvalidArgument, "kind " + std::to_string(kind) + " holds no tensors");
    if (kind == TENON_VALUE_OPTIONAL && count > 1)
      return Status(Code::kInvalidArgument, "an optional has one item at most");
    auto object = std::make_shared<execution::Object>();
    object->kind = static_cast<ValueKind>(kind);
    object->type = DataTypeOf(dtype);
    object->present = kind == TENON_VALUE_OPTIONAL ? count == 1 : items != nullptr;
    for (uint32_t i = 0; i < count; ++i) {
      TENON_REQUIRE(items[i]);
      const execution::Tensor& item = *items[i]->impl;
      if (item.type() != object->type) {
        return Status(Code::kInvalidArgument, "item " + std::to_string(i) + " has element type " +
                                                  std::string(DataTypeName(item.type())) +
                                                  ", expected " +
                                                  std::string(DataTypeName(object->type)));
      }
      TENON_ASSIGN(auto copy, CopyItem(item));
      object->items.push_back(std::move(copy));
    }
    const ValueKind made = object->kind;
    const DataType type = object->type;
    *out_tensor =
        new tenon_tensor{nullptr, execution::Tensor::OfObject(made, type, std::move(object))};
    return Status();
  });
}

tenon_status tenon_tensor_open_item(const tenon_tensor* tensor, uint32_t index,
                                    tenon_tensor** out_item) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(tensor);
    TENON_REQUIRE(out_item);
    const auto& object = tensor->impl->object();
    const size_t count = object ? object->items.size() : 0;
    if (index >= count) {
      return Status(Code::kInvalidArgument, "there is no item " + std::to_string(index) +
                                                ": there are " + std::to_string(count));
    }
    *out_item = new tenon_tensor{nullptr, object->items[index]};
    return Status();
  });
}

tenon_status tenon_tensor_map(tenon_tensor* tensor, tenon_access access, void** out_data) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(tensor);
    TENON_REQUIRE(out_data);
    TENON_ASSIGN(*out_data, tensor->impl->Map(access));
    return Status();
  });
}
tenon_status tenon_tensor_unmap(tenon_tensor* tensor) {
  return Guard([&] {
    TENON_REQUIRE(tensor);
    return tensor->impl->Unmap();
  });
}
tenon_status tenon_tensor_write(tenon_tensor* tensor, const void* data, uint64_t bytes) {
  return Guard([&] {
    TENON_REQUIRE(tensor);
    if (bytes != 0) TENON_REQUIRE(data);
    return tensor->impl->Write(data, bytes);
  });
}
tenon_status tenon_tensor_read(tenon_tensor* tensor, void* out_data, uint64_t bytes) {
  return Guard([&] {
    TENON_REQUIRE(tensor);
    if (bytes != 0) TENON_REQUIRE(out_data);
    return tensor->impl->Read(out_data, bytes);
  });
}
