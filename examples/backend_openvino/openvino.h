// OpenVINO's C API for C++: its objects as unique_ptr, its failures as exceptions.
#pragma once

#include <openvino/c/openvino.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tenon/backend_api/sdk/sdk.h"

namespace example {

namespace sdk = tenon::sdk;

template <auto Free>
struct Freed {
  void operator()(auto* object) const { Free(object); }
};
using Core = std::unique_ptr<ov_core_t, Freed<ov_core_free>>;
using Model = std::unique_ptr<ov_model_t, Freed<ov_model_free>>;
using Compiled = std::unique_ptr<ov_compiled_model_t, Freed<ov_compiled_model_free>>;
using InferRequest = std::unique_ptr<ov_infer_request_t, Freed<ov_infer_request_free>>;
using Tensor = std::unique_ptr<ov_tensor_t, Freed<ov_tensor_free>>;

// Throws sdk::Failure with OpenVINO's message: "reading the model: ...".
void Check(ov_status_e status, const char* doing);

// Gives the object that `make(T** out)` makes; throws as Check does.
template <typename Owner, typename Make>
Owner Made(const char* doing, const Make& make) {
  typename Owner::pointer object = nullptr;
  Check(make(&object), doing);
  return Owner(object);
}

// kNoType where OpenVINO's CPU device does not compute with the type.
inline constexpr ov_element_type_e kNoType = DYNAMIC;
ov_element_type_e TypeOf(tenon_dtype dtype);

// A tensor over memory that the caller keeps.
Tensor Over(void* data, ov_element_type_e type, std::span<const int64_t> dims);

// A file without a name, mapped: OpenVINO exports to a path, and no copy is made of what it wrote.
class MappedFile {
 public:
  MappedFile();
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }
  void Append(std::string_view bytes);
  void Map();  // when all is written
  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  int file_;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

using Property = std::pair<std::string, std::string>;
// "2026.4.1-...": artifacts are of one version.
std::string OpenvinoVersion();
void SetProperties(const Core& core, const std::vector<Property>& properties);

Model ReadOnnx(const Core& core, std::span<const char> onnx);
Compiled CompileModel(const Core& core, const Model& model);
Compiled ImportModel(const Core& core, sdk::Bytes blob);
// The compiled model as bytes, and `tail` behind them.
MappedFile ExportModel(const Compiled& compiled, std::string_view tail);

}  // namespace example
