#include "blocked.h"

#include <cstring>
#include <span>

namespace tenon::simulator {
namespace {

struct Extents {
  int64_t batch, channels, blocks, inner;
  size_t element;
};

Extents ExtentsOf(DataType type, const Shape& shape) {
  Extents e{shape[0], shape[1], (shape[1] + kBlock - 1) / kBlock, 1, BitWidth(type) / 8};
  for (int axis = 2; axis < shape.rank(); ++axis) e.inner *= shape[axis];
  return e;
}

uint64_t TENON_CALL Bytes(tenon_dtype dtype, int32_t rank, const int64_t* dims) {
  if (rank < 3 || rank > kMaxRank || dtype <= 0 || dtype > TENON_INT2) return 0;
  return BlockedBytes(static_cast<DataType>(dtype),
                      Shape(std::span(dims, static_cast<size_t>(rank))));
}

// Where element (n, c, i) is in each layout.
struct Places {
  const Extents& e;
  size_t Plain(int64_t n, int64_t c, int64_t i) const {
    return static_cast<size_t>((n * e.channels + c) * e.inner + i) * e.element;
  }
  size_t Blocked(int64_t n, int64_t c, int64_t i) const {
    return static_cast<size_t>(((n * e.blocks + c / kBlock) * e.inner + i) * kBlock + c % kBlock) *
           e.element;
  }
};

}  // namespace

const tenon_layout_info kBlockedInfo{TENON_SIZE_TO(tenon_layout_info, bytes), kBlocked, "nChw4c",
                                     &Bytes};

bool HasBlockedLayout(DataType type, const Shape& shape) {
  return shape.rank() >= 3 && shape.IsStatic() && BitWidth(type) >= 8;
}

uint64_t BlockedBytes(DataType type, const Shape& shape) {
  if (!HasBlockedLayout(type, shape)) return 0;
  const Extents e = ExtentsOf(type, shape);
  return static_cast<uint64_t>(e.batch * e.blocks * kBlock * e.inner) * e.element;
}

void ToBlocked(DataType type, const Shape& shape, const void* plain, void* blocked) {
  const Extents e = ExtentsOf(type, shape);
  const Places at{e};
  const auto* from = static_cast<const std::byte*>(plain);
  auto* to = static_cast<std::byte*>(blocked);
  for (int64_t n = 0; n < e.batch; ++n) {
    for (int64_t c = 0; c < e.blocks * kBlock; ++c) {
      for (int64_t i = 0; i < e.inner; ++i) {
        std::byte* element = to + at.Blocked(n, c, i);
        if (c < e.channels) {
          std::memcpy(element, from + at.Plain(n, c, i), e.element);
        } else {
          std::memset(element, 0, e.element);
        }
      }
    }
  }
}

void FromBlocked(DataType type, const Shape& shape, const void* blocked, void* plain) {
  const Extents e = ExtentsOf(type, shape);
  const Places at{e};
  const auto* from = static_cast<const std::byte*>(blocked);
  auto* to = static_cast<std::byte*>(plain);
  for (int64_t n = 0; n < e.batch; ++n) {
    for (int64_t c = 0; c < e.channels; ++c) {
      for (int64_t i = 0; i < e.inner; ++i)
        std::memcpy(to + at.Plain(n, c, i), from + at.Blocked(n, c, i), e.element);
    }
  }
}

}  // namespace tenon::simulator
