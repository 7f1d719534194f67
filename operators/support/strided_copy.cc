#include "support/strided_copy.h"

#include <cassert>
#include <cstring>

namespace tenon::operators {
namespace {

template <typename T>
void CopyRow(const std::byte* from, int64_t stride, int64_t count, std::byte* to) {
  const T* source = reinterpret_cast<const T*>(from);
  T* target = reinterpret_cast<T*>(to);
  for (int64_t i = 0; i < count; ++i) target[i] = source[i * stride];
}

}  // namespace

void StridedCopy::AddOuter(int64_t dim, int64_t stride) {
  if (dim == 1) return;
  if (rank_ > 0 && stride == strides_[rank_ - 1] * dims_[rank_ - 1]) {
    dims_[rank_ - 1] *= dim;
    return;
  }
  assert(rank_ < kMost);
  dims_[rank_] = dim;
  strides_[rank_++] = stride;
}

void StridedCopy::Run(const ParallelFor& parallel, const void* from, void* to) const {
  int64_t rows = 1;
  for (size_t i = 1; i < rank_; ++i) rows *= dims_[i];
  const auto* source = static_cast<const std::byte*>(from);
  auto* target = static_cast<std::byte*>(to);
  const int64_t inner = rank_ == 0 ? 1 : dims_[0];
  if (inner == 0) return;
  const int64_t chunk = std::max<int64_t>(1, kElementChunk / inner);
  ForElements(
      parallel, rows, [=, this](int64_t begin, int64_t end) { Rows(begin, end, source, target); },
      chunk);
}

void StridedCopy::Rows(int64_t begin, int64_t end, const std::byte* from, std::byte* to) const {
  std::array<int64_t, kMost> index{};
  int64_t rest = begin, offset = 0;
  for (size_t i = 1; i < rank_; ++i) {
    index[i] = rest % dims_[i];
    rest /= dims_[i];
    offset += index[i] * strides_[i];
  }
  const int64_t inner = rank_ == 0 ? 1 : dims_[0], stride = rank_ == 0 ? 1 : strides_[0];
  for (int64_t row = begin; row < end; ++row) {
    const std::byte* source = from + offset * size_;
    std::byte* target = to + row * inner * size_;
    if (stride == 1) {
      std::memcpy(target, source, static_cast<size_t>(inner * size_));
    } else {
      switch (size_) {
        case 1:
          CopyRow<uint8_t>(source, stride, inner, target);
          break;
        case 2:
          CopyRow<uint16_t>(source, stride, inner, target);
          break;
        case 4:
          CopyRow<uint32_t>(source, stride, inner, target);
          break;
        default:
          CopyRow<uint64_t>(source, stride, inner, target);
          break;
      }
    }
    for (size_t i = 1; i < rank_; ++i) {
      offset += strides_[i];
      if (++index[i] < dims_[i]) break;
      index[i] = 0;
      offset -= dims_[i] * strides_[i];
    }
  }
}

void CopyBytes(const ParallelFor& parallel, const void* from, void* to, int64_t bytes) {
  if (from == to) return;
  constexpr int64_t kBytesChunk = int64_t{1} << 18;
  const auto* source = static_cast<const std::byte*>(from);
  auto* target = static_cast<std::byte*>(to);
  ForElements(
      parallel, bytes,
      [=](int64_t begin, int64_t end) {
        std::memcpy(target + begin, source + begin, static_cast<size_t>(end - begin));
      },
      kBytesChunk);
}

}  // namespace tenon::operators
