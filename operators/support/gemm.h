// Matrix multiplication in independent tiles, for Gemm, MatMul and the convolutions. The caller
// packs b and stores c, so that a convolution never writes its columns out.
#pragma once

#include <algorithm>

#include "support/vector_functions.h"
#include "tenon/operators/kernel.h"

namespace tenon::operators {

struct GemmShape {
  int64_t rows, columns, depth;
  const float* a;
  int64_t row_stride, depth_stride;

  int64_t row_tiles() const { return (rows + kGemmRows - 1) / kGemmRows; }
  int64_t column_tiles() const { return (columns + kGemmColumns - 1) / kGemmColumns; }
  int64_t tiles() const { return row_tiles() * column_tiles(); }
};

// Computes tile `index` of [0, tiles()). `pack(depth_begin, depth_end, column, count, to)` writes
// `count` (1 to kGemmPanel) columns of b as [depth][kGemmPanel], the rest of each row zero or any
// finite number; `store(row, row_count, column, column_count, c)` takes the sums, rows kGemmColumns
// apart. Uses 112 KB of stack.
template <typename Pack, typename Store>
void GemmTile(const VectorFunctions& vectors, const GemmShape& shape, int64_t index,
              const Pack& pack, const Store& store) {
  alignas(64) float b[kGemmDepth * kGemmColumns];
  alignas(64) float c[kGemmRows * kGemmColumns];
  const int64_t row = index % shape.row_tiles() * kGemmRows;
  const int64_t column = index / shape.row_tiles() * kGemmColumns;
  const int64_t rows = std::min(kGemmRows, shape.rows - row);
  const int64_t columns = std::min(kGemmColumns, shape.columns - column);
  if (shape.depth == 0) std::fill_n(c, kGemmRows * kGemmColumns, 0.0F);
  for (int64_t k = 0; k < shape.depth; k += kGemmDepth) {
    const int64_t depth = std::min(kGemmDepth, shape.depth - k);
    for (int64_t j = 0; j < columns; j += kGemmPanel) {
      pack(k, k + depth, column + j, std::min(kGemmPanel, columns - j), b + j * depth);
    }
    vectors.gemm_block({.a = shape.a + row * shape.row_stride + k * shape.depth_stride,
                        .row_stride = shape.row_stride,
                        .depth_stride = shape.depth_stride,
                        .rows = rows,
                        .columns = columns,
                        .depth = depth,
                        .b = b,
                        .c = c,
                        .first = k == 0});
  }
  store(row, rows, column, columns, static_cast<const float*>(c));
}

// Packs columns of a matrix in memory, any strides; see GemmTile.
inline void PackMatrix(const float* b, int64_t depth_stride, int64_t column_stride, int64_t k,
                       int64_t k_end, int64_t column, int64_t count, float* to) {
  const float* from = b + k * depth_stride + column * column_stride;
  for (; k < k_end; ++k, from += depth_stride, to += kGemmPanel) {
    if (count == kGemmPanel && column_stride == 1) {
      for (int64_t j = 0; j < kGemmPanel; ++j) to[j] = from[j];
    } else {
      for (int64_t j = 0; j < count; ++j) to[j] = from[j * column_stride];
      for (int64_t j = count; j < kGemmPanel; ++j) to[j] = 0;
    }
  }
}

// a . b in 16 partial sums, added up in a fixed order.
inline float Dot(const float* a, const float* b, int64_t count) {
  float sums[16] = {};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (int64_t j = 0; j < 16; ++j) sums[j] += a[i + j] * b[i + j];
  }
  for (int64_t j = 0; i < count; ++i, ++j) sums[j] += a[i] * b[i];
  for (int64_t width = 8; width > 0; width /= 2) {
    for (int64_t j = 0; j < width; ++j) sums[j] += sums[j + width];
  }
  return sums[0];
}

// The same in float64, in four partial sums.
inline double Dot(const double* a, const double* b, int64_t count) {
  double sums[4] = {};
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (int64_t j = 0; j < 4; ++j) sums[j] += a[i + j] * b[i + j];
  }
  for (int64_t j = 0; i < count; ++i, ++j) sums[j] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace tenon::operators
