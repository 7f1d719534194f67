#include "host_tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "failure.h"

namespace tenon::tools {
namespace {

constexpr uint64_t kMostElements = uint64_t{1} << 40;

uint64_t ElementCount(const tenon_tensor_info& tensor) {
  uint64_t count = 1;
  for (int32_t axis = 0; axis < tensor.rank; ++axis)
    count *= static_cast<uint64_t>(tensor.dims[axis]);
  return count;
}

// Of the finite values; `at` gives the one at an index.
template <typename F>
std::string SummariseBy(const tenon_tensor_info& tensor, F at) {
  const uint64_t count = ElementCount(tensor);
  if (count == 0) return "empty";
  double sum = 0, low = INFINITY, high = -INFINITY;
  uint64_t not_finite = 0, place = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const auto value = static_cast<double>(at(i));
    if (!std::isfinite(value)) {
      ++not_finite;
      continue;
    }
    sum += value;
    low = std::min(low, value);
    if (value <= high) continue;
    high = value;
    place = i;
  }
  if (not_finite == count) return fmt::format("none of {} finite", count);
  std::string text = fmt::format("min {:.6g}, max {:.6g} at {}, mean {:.6g}", low, high,
                                 Place(place, {tensor.dims, static_cast<size_t>(tensor.rank)}),
                                 sum / static_cast<double>(count - not_finite));
  if (not_finite) text += fmt::format(", {} of {} not finite", not_finite, count);
  return text;
}

template <typename T>
std::string SummariseAs(const tenon_tensor_info& tensor) {
  const auto* values = static_cast<const T*>(tensor.data);
  return SummariseBy(tensor, [&](uint64_t i) { return values[i]; });
}

std::string SummariseNumbers(const tenon_tensor_info& tensor) {
  const auto* halves = static_cast<const uint16_t*>(tensor.data);
  switch (tensor.dtype) {
    case TENON_FLOAT16:
      return SummariseBy(tensor, [&](uint64_t i) { return FromFloat16(halves[i]); });
    case TENON_BFLOAT16:
      return SummariseBy(tensor, [&](uint64_t i) { return FromBfloat16(halves[i]); });
    case TENON_FLOAT32:
      return SummariseAs<float>(tensor);
    case TENON_FLOAT64:
      return SummariseAs<double>(tensor);
    case TENON_INT8:
      return SummariseAs<int8_t>(tensor);
    case TENON_UINT8:
    case TENON_BOOL:  // 0 and 1, unless a file said otherwise
      return SummariseAs<uint8_t>(tensor);
    case TENON_INT16:
      return SummariseAs<int16_t>(tensor);
    case TENON_UINT16:
      return SummariseAs<uint16_t>(tensor);
    case TENON_INT32:
      return SummariseAs<int32_t>(tensor);
    case TENON_UINT32:
      return SummariseAs<uint32_t>(tensor);
    case TENON_INT64:
      return SummariseAs<int64_t>(tensor);
    case TENON_UINT64:
      return SummariseAs<uint64_t>(tensor);
    default:
      return fmt::format("{} bytes", tensor.bytes);
  }
}

}  // namespace

float FromFloat16(uint16_t bits) {
  const uint32_t sign = (bits & 0x8000u) << 16, exponent = (bits >> 10) & 31,
                 fraction = bits & 1023;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  const float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                        : std::ldexp(static_cast<float>(fraction + 1024),
                                                     static_cast<int>(exponent) - 25);
  return sign ? -magnitude : magnitude;
}

float FromBfloat16(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

Tensor HostTensor::Wrap() {
  if (kind == TENON_VALUE_TENSOR) {
    if (dtype == kString) return Tensor::Strings(strings, dims);
    return Tensor::Wrap(dtype, dims, data.data(), data.size());
  }
  std::vector<Tensor> wrapped;
  std::vector<tenon_tensor*> handles;
  for (HostTensor& item : items) {
    wrapped.push_back(item.Wrap());
    handles.push_back(wrapped.back().get());
  }
  const auto count = static_cast<uint32_t>(handles.size());
  handles.push_back(nullptr);  // NULL says that an optional has no value, so the list is none
  tenon_tensor* made = nullptr;
  Check(
      tenon_tensor_create_sequence(kind, dtype, present ? handles.data() : nullptr, count, &made));
  return Tensor(made);
}

uint64_t HostTensor::ElementCount() const {
  uint64_t count = 1;
  for (int64_t dim : dims) count *= static_cast<uint64_t>(dim);
  return count;
}

HostTensor MakeTensor(tenon_dtype dtype, std::vector<int64_t> dims) {
  uint64_t count = 1;
  for (int64_t dim : dims) {
    if (dim < 0 || (dim > 0 && count > kMostElements / static_cast<uint64_t>(dim))) {
      throw Failure(kUsage, fmt::format("a tensor of shape {} is too large or negative", dims));
    }
    count *= static_cast<uint64_t>(dim);
  }
  HostTensor tensor{.dtype = dtype, .dims = std::move(dims)};
  try {
    if (dtype == kString)
      tensor.strings.resize(count);
    else
      tensor.data.resize(tenon_dtype_bytes(dtype, count));
  } catch (const std::exception&) {  // bad_alloc, length_error
    throw Failure(kUsage, fmt::format("no memory for a tensor of shape {}", tensor.dims));
  }
  return tensor;
}

std::string Describe(tenon_dtype dtype, std::span<const int64_t> dims) {
  return fmt::format("{}[{}]", tenon_dtype_name(dtype), fmt::join(dims, ", "));
}

std::string Place(uint64_t index, std::span<const int64_t> dims) {
  std::vector<int64_t> at(dims.size());
  for (size_t axis = dims.size(); axis-- > 0;) {
    at[axis] = static_cast<int64_t>(index) % dims[axis];
    index /= static_cast<uint64_t>(dims[axis]);
  }
  return fmt::format("[{}]", fmt::join(at, ", "));
}

tenon_tensor_info InfoOf(const tenon_tensor* tensor) {
  tenon_tensor_info info = TENON_INIT(tenon_tensor_info);
  tenon_tensor_describe(tensor, &info);
  return info;
}

std::string StringAt(const tenon_tensor* tensor, uint64_t index) {
  const char* data = nullptr;
  uint64_t length = 0;
  Check(tenon_tensor_string(tensor, index, &data, &length));
  return {data, length};
}

Tensor ItemAt(const tenon_tensor* tensor, uint32_t index) {
  tenon_tensor* item = nullptr;
  Check(tenon_tensor_open_item(tensor, index, &item));
  return Tensor(item);
}

HostTensor CopyOf(const tenon_tensor* tensor) {
  const tenon_tensor_info info = InfoOf(tensor);
  HostTensor copy{.dtype = info.dtype, .kind = info.kind, .present = info.present != 0};
  if (info.kind != TENON_VALUE_TENSOR) {
    for (uint32_t i = 0; i < info.item_count; ++i)
      copy.items.push_back(CopyOf(ItemAt(tensor, i).get()));
    return copy;
  }
  copy.dims.assign(info.dims, info.dims + info.rank);
  if (info.dtype == kString) {
    for (uint64_t i = 0; i < copy.ElementCount(); ++i) copy.strings.push_back(StringAt(tensor, i));
    return copy;
  }
  const auto* data = static_cast<const std::byte*>(info.data);
  copy.data.assign(data, data + info.bytes);
  return copy;
}

std::string Describe(const tenon_tensor* tensor) {
  const tenon_tensor_info info = InfoOf(tensor);
  if (info.kind == TENON_VALUE_TENSOR)
    return Describe(info.dtype, {info.dims, static_cast<size_t>(info.rank)});
  const char* dtype = tenon_dtype_name(info.dtype);
  if (info.kind != TENON_VALUE_SEQUENCE && !info.present)
    return fmt::format("optional {} without a value", dtype);
  return fmt::format("{} of {} {}", info.kind == TENON_VALUE_SEQUENCE ? "sequence" : "optional",
                     info.item_count, dtype);
}

std::string Summarise(const tenon_tensor* tensor) {
  const tenon_tensor_info info = InfoOf(tensor);
  std::string text;
  if (info.kind != TENON_VALUE_TENSOR) {
    for (uint32_t i = 0; i < info.item_count; ++i) {
      const Tensor item = ItemAt(tensor, i);
      text += fmt::format("{}{} {}", i ? "; " : "", Describe(item.get()), Summarise(item.get()));
    }
    return text;
  }
  if (info.dtype != kString) return SummariseNumbers(info);
  constexpr uint64_t kMost = 8;
  const uint64_t count = ElementCount(info);
  for (uint64_t i = 0; i < std::min(count, kMost); ++i)
    text += fmt::format("{}\"{}\"", i ? ", " : "", StringAt(tensor, i));
  return text + (count > kMost ? " .." : "");
}

}  // namespace tenon::tools
