// From any bytes to results: what loads runs once, with small inputs whose values follow from the bytes, and a deadline.
#include <algorithm>
#include <random>

#include "session.h"

namespace {

constexpr tenon_dtype kFloat = 1, kInt64 = 7, kString = 8, kBool = 9;  // of TensorProto.DataType
constexpr uint64_t kMostElements = 4096;

// Small numbers, for they may be sizes and indices; nothing where the input is too large.
std::optional<tenon::Tensor> Input(const tenon::Session& session, const tenon::ValueInfo& info,
                                   std::minstd_rand& random) {
  if (info.kind != TENON_VALUE_TENSOR) return tenon::Tensor::Sequence(info.dtype, {}, info.kind);
  std::vector<int64_t> dims = info.dims;
  uint64_t count = 1;
  for (int64_t& dim : dims) {
    if (dim < 0) dim = static_cast<int64_t>(random() % 4);
    if (dim > static_cast<int64_t>(kMostElements)) return std::nullopt;
    count *= static_cast<uint64_t>(dim);
    if (count > kMostElements) return std::nullopt;
  }
  if (info.dtype == kString)
    return tenon::Tensor::Strings(std::vector<std::string>(count, "word"), dims);
  tenon::Tensor tensor = session.CreateTensor(info.dtype, dims);
  const tenon_tensor_info made = tensor.info();
  if (made.bytes == 0) return tensor;
  auto* bytes = static_cast<uint8_t*>(made.data);
  for (uint64_t i = 0; i < made.bytes; ++i)
    bytes[i] = static_cast<uint8_t>(info.dtype == kBool ? random() % 2 : random());
  if (info.dtype == kFloat) {
    for (float& value : tensor.As<float>()) value = static_cast<float>(random() % 17) - 8;
  } else if (info.dtype == kInt64) {
    for (int64_t& value : tensor.As<int64_t>()) value = static_cast<int64_t>(random() % 9) - 3;
  }
  return tensor;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto session = tenon::fuzz::Open(data, size);
  if (!session) return 0;
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < size; ++i) hash = (hash ^ data[i]) * 16777619u;
  std::minstd_rand random(hash | 1);
  try {
    std::vector<tenon::Tensor> inputs;
    for (const tenon::ValueInfo& info : session->inputs()) {
      auto input = Input(*session, info, random);
      if (!input) return 0;
      inputs.push_back(std::move(*input));
    }
    static_cast<void>(session->Run(inputs, {.timeout = std::chrono::milliseconds(20)}));
  } catch (const tenon::Error& error) {
    tenon::fuzz::Refused(error);
  }
  return 0;
}
