#include "openvino.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace example {
namespace {

constexpr char kDevice[] = "CPU";

std::string LastMessage(ov_status_e status) {
  const char* last = ov_get_last_err_msg();
  std::string message = last != nullptr && *last != '\0' ? last : ov_get_error_info(status);
  ov_free(last);
  return message;
}

}  // namespace

void Check(ov_status_e status, const char* doing) {
  if (status == OK) return;
  throw sdk::Failure(status == INFER_CANCELLED ? TENON_CANCELLED : TENON_INTERNAL,
                     std::string(doing) + ": " + LastMessage(status));
}

MappedFile::MappedFile() : file_(memfd_create("openvino", MFD_CLOEXEC)) {
  if (file_ < 0) throw sdk::Failure(TENON_IO, std::string("memfd_create: ") + strerror(errno));
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, size_);
  if (file_ >= 0) close(file_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      data_(std::exchange(other.data_, nullptr)),
      size_(other.size_) {}

void MappedFile::Append(std::string_view bytes) {
  lseek(file_, 0, SEEK_END);
  if (write(file_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    throw sdk::Failure(TENON_IO, std::string("writing to memory: ") + strerror(errno));
}

void MappedFile::Map() {
  size_ = static_cast<size_t>(lseek(file_, 0, SEEK_END));
  void* data = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_, 0);
  if (data == MAP_FAILED) throw sdk::Failure(TENON_IO, std::string("mmap: ") + strerror(errno));
  data_ = static_cast<std::byte*>(data);
}

ov_element_type_e TypeOf(tenon_dtype dtype) {
  switch (dtype) {
    case TENON_FLOAT32:
      return F32;
    case TENON_FLOAT16:
      return F16;
    case TENON_BFLOAT16:
      return BF16;
    case TENON_INT8:
      return I8;
    case TENON_UINT8:
      return U8;
    case TENON_INT16:
      return I16;
    case TENON_UINT16:
      return U16;
    case TENON_INT32:
      return I32;
    case TENON_INT64:
      return I64;
    case TENON_BOOL:
      return BOOLEAN;
    default:
      return kNoType;
  }
}

Tensor Over(void* data, ov_element_type_e type, std::span<const int64_t> dims) {
  static int64_t nothing[1];
  const ov_shape_t shape = {static_cast<int64_t>(dims.size()), const_cast<int64_t*>(dims.data())};
  return Made<Tensor>("making a tensor", [&](ov_tensor_t** out) {
    return ov_tensor_create_from_host_ptr(type, shape, data != nullptr ? data : nothing, out);
  });
}

std::string OpenvinoVersion() {
  ov_version_t version{};
  Check(ov_get_openvino_version(&version), "asking for the version");
  std::string build = version.buildNumber;
  ov_version_free(&version);
  return build;
}

void SetProperties(const Core& core, const std::vector<Property>& properties) {
  for (const auto& [key, value] : properties)
    Check(ov_core_set_property(core.get(), kDevice, key.c_str(), value.c_str()), key.c_str());
}

Model ReadOnnx(const Core& core, std::span<const char> onnx) {
  return Made<Model>("converting the segment", [&](ov_model_t** out) {
    return ov_core_read_model_from_memory_buffer(core.get(), onnx.data(), onnx.size(), nullptr,
                                                 out);
  });
}

Compiled CompileModel(const Core& core, const Model& model) {
  return Made<Compiled>("compiling the segment", [&](ov_compiled_model_t** out) {
    return ov_core_compile_model(core.get(), model.get(), kDevice, 0, out);
  });
}

Compiled ImportModel(const Core& core, sdk::Bytes blob) {
  return Made<Compiled>("importing the artifact", [&](ov_compiled_model_t** out) {
    return ov_core_import_model(core.get(), reinterpret_cast<const char*>(blob.data()), blob.size(),
                                kDevice, out);
  });
}

MappedFile ExportModel(const Compiled& compiled, std::string_view tail) {
  MappedFile file;
  Check(ov_compiled_model_export_model(compiled.get(), file.path().c_str()),
        "exporting the compiled segment");
  file.Append(tail);
  file.Map();
  return file;
}

}  // namespace example
