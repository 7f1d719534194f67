#include "host_value.h"

#include <fmt/format.h>

#include <algorithm>

#include "failure.h"

namespace tenon::tools {

Tensor HostValue::Wrap() {
  if (kind == TENON_VALUE_TENSOR) return tensors.at(0).Wrap();
  std::vector<Tensor> items;
  for (HostTensor& tensor : tensors) items.push_back(tensor.Wrap());
  if (!present && kind == TENON_VALUE_OPTIONAL_SEQUENCE)
    throw Failure(kUsage, "an empty optional of a sequence cannot be given");
  return Tensor::Sequence(tensors.empty() ? TENON_FLOAT32 : tensors[0].dtype, items, kind);
}

namespace {

Difference CompareOne(const Tensor& got, const HostTensor& want, const Tolerance& tolerance) {
  const tenon_tensor_info info = got.info();
  if (info.kind != TENON_VALUE_TENSOR || info.dtype != kString || want.dtype != kString)
    return Compare(info, want, tolerance);
  Difference out;
  if (got.dims() != want.dims) {
    out.mismatch = fmt::format("is {}, expected {}", Describe(kString, got.dims()),
                               Describe(kString, want.dims));
    return out;
  }
  const std::vector<std::string> strings = got.strings();
  const auto at = std::mismatch(strings.begin(), strings.end(), want.strings.begin());
  if (at.first == strings.end()) return out;
  out.largest = out.relative = 1;
  out.mismatch = fmt::format("string {} is \"{}\", expected \"{}\"", at.first - strings.begin(),
                             *at.first, *at.second);
  return out;
}

}  // namespace

Difference Compare(const Tensor& got, const HostValue& want, const Tolerance& tolerance) {
  if (want.kind == TENON_VALUE_TENSOR) return CompareOne(got, want.tensors.at(0), tolerance);
  const std::vector<Tensor> items = got.items();
  Difference worst;
  if (items.size() != want.tensors.size()) {
    worst.mismatch = fmt::format("has {} tensors, expected {}", items.size(), want.tensors.size());
    return worst;
  }
  for (size_t i = 0; i < items.size(); ++i) {
    Difference one = CompareOne(items[i], want.tensors[i], tolerance);
    worst.largest = std::max(worst.largest, one.largest);
    worst.relative = std::max(worst.relative, one.relative);
    if (!one.mismatch.empty() && worst.mismatch.empty())
      worst.mismatch = fmt::format("tensor {}: {}", i, one.mismatch);
  }
  return worst;
}

}  // namespace tenon::tools
