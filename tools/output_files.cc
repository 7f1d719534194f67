#include "output_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "failure.h"
#include "npy.h"
#include "value_pb.h"

namespace tenon::tools {

void PrepareFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw Failure(kNotWritable, fmt::format("{}: can't be made: {}", folder, error.message()));
  if (access(folder.c_str(), W_OK) != 0)
    throw Failure(kNotWritable, fmt::format("{}: not writable", folder));
}

std::string WriteOutput(const std::string& folder, size_t index, const tenon_tensor* tensor) {
  const std::string path = fmt::format("{}/output_{}.npy", folder, index);
  const tenon_tensor_info info = InfoOf(tensor);
  const std::span<const int64_t> dims(info.dims, static_cast<size_t>(info.rank));
  if (info.kind == TENON_VALUE_TENSOR && WriteNpy(path, info.dtype, dims, info.data, info.bytes))
    return path;
  const std::string proto = fmt::format("{}/output_{}.pb", folder, index);
  WriteValuePb(proto, tensor);
  return proto;
}

}  // namespace tenon::tools
