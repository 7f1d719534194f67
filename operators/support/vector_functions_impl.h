// The inner loops, for one instruction set: include it from a source file that is built for it.
// Everything here has internal linkage, so that no code for a newer processor is linked into
// another file.
#pragma once

#include "support/vector_functions.h"

namespace tenon::operators {
namespace {

template <int kWidth>
struct VectorOf {
  using Type [[gnu::vector_size(kWidth * 4)]] = float;
  // As it lies in memory: any address.
  using Loose [[gnu::vector_size(kWidth * 4), gnu::aligned(4), gnu::may_alias]] = float;
};

// kRows rows of c (kWidth * kVectors columns, rows kGemmColumns apart) += a times b, for `depth`
// steps.
template <int kRows, int kWidth, int kVectors>
inline void GemmMicro(const float* a, int64_t row_stride, int64_t depth_stride, int64_t depth,
                      const float* b, float* c, bool first) {
  using Vector = typename VectorOf<kWidth>::Type;
  using Loose = typename VectorOf<kWidth>::Loose;
  Vector sum[kRows][kVectors];
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kVectors; ++j) {
      if (first) {
        sum[i][j] = Vector{};
      } else {
        sum[i][j] = *reinterpret_cast<const Loose*>(c + i * kGemmColumns + j * kWidth);
      }
    }
  }
  for (int64_t k = 0; k < depth; ++k) {
    Vector right[kVectors];
    for (int j = 0; j < kVectors; ++j) right[j] = *reinterpret_cast<const Loose*>(b + j * kWidth);
    for (int i = 0; i < kRows; ++i) {
      const float left = a[i * row_stride];
      for (int j = 0; j < kVectors; ++j) sum[i][j] += left * right[j];
    }
    a += depth_stride;
    b += kGemmPanel;
  }
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kVectors; ++j)
      *reinterpret_cast<Loose*>(c + i * kGemmColumns + j * kWidth) = sum[i][j];
  }
}

template <int kRows, int kWidth, int kVectors>
inline void GemmRows(const GemmBlock& block, const float* a, int64_t rows, const float* b,
                     float* c) {
  if (rows == kRows) {
    GemmMicro<kRows, kWidth, kVectors>(a, block.row_stride, block.depth_stride, block.depth, b, c,
                                       block.first);
  } else if constexpr (kRows > 1) {
    GemmRows<kRows - 1, kWidth, kVectors>(block, a, rows, b, c);
  }
}

// All rows and columns of a block: panels of b outside (they stay in the first cache), strips of a
// inside.
template <int kRows, int kWidth, int kVectors>
inline void GemmBlockLoop(const GemmBlock& block) {
  constexpr int kStep = kWidth * kVectors;
  static_assert(kGemmPanel % kStep == 0);
  for (int64_t column = 0; column < block.columns; column += kStep) {
    const float* b = block.b + column / kGemmPanel * block.depth * kGemmPanel + column % kGemmPanel;
    for (int64_t row = 0; row < block.rows; row += kRows) {
      const int64_t rows = block.rows - row < kRows ? block.rows - row : kRows;
      GemmRows<kRows, kWidth, kVectors>(block, block.a + row * block.row_stride, rows, b,
                                        block.c + row * kGemmColumns + column);
    }
  }
}

template <int kWidth>
inline void DepthwiseRowLoop(const DepthwiseRow& row) {
  using Vector = typename VectorOf<kWidth>::Type;
  using Loose = typename VectorOf<kWidth>::Loose;
  constexpr int kVectors = static_cast<int>(kRowStep) / kWidth;
  for (int64_t x = 0; x < row.count; x += kRowStep) {
    Vector sum[kVectors];
    for (int j = 0; j < kVectors; ++j) sum[j] = Vector{} + row.bias;
    for (int64_t tap = 0; tap < row.taps; ++tap) {
      const float* in = row.in + row.offsets[tap] + x;
      for (int j = 0; j < kVectors; ++j)
        sum[j] += row.weights[tap] * *reinterpret_cast<const Loose*>(in + j * kWidth);
    }
    if (row.count - x >= kRowStep) {
      for (int j = 0; j < kVectors; ++j)
        *reinterpret_cast<Loose*>(row.out + x + j * kWidth) = sum[j];
    } else {
      float last[kRowStep];
      for (int j = 0; j < kVectors; ++j) *reinterpret_cast<Loose*>(last + j * kWidth) = sum[j];
      for (int64_t i = 0; i < row.count - x; ++i) row.out[x + i] = last[i];
    }
  }
}

}  // namespace
}  // namespace tenon::operators
