#include "comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace tenon::tools {
namespace {

struct FloatType {
  double (*at)(const void*, uint64_t);
  double unit;  // least rtol
};

template <typename T>
double At(const void* data, uint64_t i) {
  return static_cast<double>(static_cast<const T*>(data)[i]);
}
double HalfAt(const void* data, uint64_t i) {
  return FromFloat16(static_cast<const uint16_t*>(data)[i]);
}
double Bfloat16At(const void* data, uint64_t i) {
  return FromBfloat16(static_cast<const uint16_t*>(data)[i]);
}

// Reads elements of a float type; at is null for other types.
FloatType TypeOf(tenon_dtype dtype) {
  switch (dtype) {
    case TENON_FLOAT32:
    case TENON_COMPLEX64:
      return {At<float>, 0};
    case TENON_FLOAT64:
    case TENON_COMPLEX128:
      return {At<double>, 0};
    case TENON_FLOAT16:
      return {HalfAt, 0x1p-10};
    case TENON_BFLOAT16:
      return {Bfloat16At, 0x1p-7};
    default:
      return {nullptr, 0};
  }
}

Difference CompareFloats(const tenon_tensor_info& got, const HostTensor& want, uint64_t parts,
                         const FloatType& type, const Tolerance& tolerance) {
  Difference out;
  const uint64_t count = want.ElementCount() * parts;
  double scale = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const double value = std::abs(type.at(want.data.data(), i));
    if (std::isfinite(value)) scale = std::max(scale, value);
  }
  const double bound =
      tolerance.exact ? 0 : tolerance.atol + std::max(tolerance.rtol, type.unit) * scale;
  out.allowed = bound;
  uint64_t worst = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const double a = type.at(got.data, i), b = type.at(want.data.data(), i);
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    const double off = std::isfinite(a) && std::isfinite(b) ? std::abs(a - b) : INFINITY;
    if (off > out.largest) worst = i;
    out.largest = std::max(out.largest, off);
  }
  out.relative = scale > 0 ? out.largest / scale : out.largest;
  if (out.largest > bound) {
    out.mismatch = fmt::format("{} is {:.9g}, expected {:.9g} (may differ by {:.2g})",
                               Place(worst / parts, want.dims), type.at(got.data, worst),
                               type.at(want.data.data(), worst), bound);
  }
  return out;
}

Difference CompareBytes(const tenon_tensor_info& got, const HostTensor& want) {
  const uint64_t size = want.data.size();
  const auto* bytes = static_cast<const std::byte*>(got.data);
  const auto at = std::mismatch(want.data.begin(), want.data.end(), bytes).first;
  if (at == want.data.end()) return {};
  const uint64_t per_element = std::max<uint64_t>(1, size / want.ElementCount());
  const auto index = static_cast<uint64_t>(at - want.data.begin()) / per_element;
  const std::span<const int64_t> dims(want.dims);
  return {1, 1, 0, fmt::format("differs at {}", Place(index, dims))};
}

Difference Unlike(const std::string& mismatch) { return {INFINITY, INFINITY, 0, mismatch}; }

Difference CompareStrings(const tenon_tensor* got, const HostTensor& want) {
  for (uint64_t i = 0; i < want.strings.size(); ++i) {
    const std::string string = StringAt(got, i);
    if (string == want.strings[i]) continue;
    return {
        1, 1, 0,
        fmt::format("{} is \"{}\", expected \"{}\"", Place(i, want.dims), string, want.strings[i])};
  }
  return {};
}

Difference CompareItems(const tenon_tensor* got, const HostTensor& want,
                        const Tolerance& tolerance) {
  const tenon_tensor_info info = InfoOf(got);
  if (info.item_count != want.items.size() ||
      (info.kind != TENON_VALUE_SEQUENCE && (info.present != 0) != want.present)) {
    return Unlike(fmt::format("is {}, expected {}{}", Describe(got), want.items.size(),
                              want.present ? " items" : ", no value"));
  }
  Difference out;
  for (uint32_t i = 0; i < info.item_count; ++i) {
    const Difference item = Compare(ItemAt(got, i).get(), want.items[i], tolerance);
    out.largest = std::max(out.largest, item.largest);
    out.relative = std::max(out.relative, item.relative);
    out.allowed = std::max(out.allowed, item.allowed);
    if (out.mismatch.empty() && !item.mismatch.empty())
      out.mismatch = fmt::format("item {}: {}", i, item.mismatch);
  }
  return out;
}

}  // namespace

Difference Compare(const tenon_tensor* got, const HostTensor& want, const Tolerance& tolerance) {
  const tenon_tensor_info info = InfoOf(got);
  if (info.kind != want.kind) {
    return Unlike(fmt::format("is {}, expected {}", Describe(got),
                              want.kind == TENON_VALUE_TENSOR     ? "a tensor"
                              : want.kind == TENON_VALUE_SEQUENCE ? "a sequence"
                                                                  : "an optional"));
  }
  if (info.kind != TENON_VALUE_TENSOR) return CompareItems(got, want, tolerance);
  const std::span<const int64_t> dims(info.dims, static_cast<size_t>(info.rank));
  if (info.dtype != want.dtype || !std::ranges::equal(dims, want.dims))
    return Unlike(
        fmt::format("is {}, expected {}", Describe(got), Describe(want.dtype, want.dims)));
  if (want.dtype == kString) return CompareStrings(got, want);
  if (want.data.empty()) return {};
  const FloatType type = TypeOf(want.dtype);
  if (type.at == nullptr) return CompareBytes(info, want);
  const bool complex = want.dtype == TENON_COMPLEX64 || want.dtype == TENON_COMPLEX128;
  return CompareFloats(info, want, complex ? 2 : 1, type, tolerance);
}

}  // namespace tenon::tools
