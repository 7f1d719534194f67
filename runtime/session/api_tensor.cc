// tenon.h: tensors.
#include "api.h"

using namespace tenon;           // NOLINT
using namespace tenon::session;  // NOLINT

tenon_status tenon_tensor_wrap(tenon_dtype dtype, int32_t rank, const int64_t* dims, void* data,
                               uint64_t bytes, tenon_tensor** out_tensor) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(out_tensor);
    TENON_ASSIGN(const Shape shape, MakeShape(rank, dims));
    TENON_ASSIGN(auto tensor,
                 execution::Tensor::Wrap(static_cast<DataType>(dtype), shape, data, bytes));
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
    TENON_ASSIGN(auto tensor, session->impl->executable()->CreateTensor(
                                  space, static_cast<DataType>(dtype), shape));
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
  if (t.space().host()) {
    info.data = t.location().data;
  } else {
    info.device = t.space().device->id();
    info.backend = t.space().device->backend().name().c_str();
  }
  WriteStruct(out_info, info);
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
