// Matrix multiplication of small integers in float32, exactly: factors are below 256, and sums of kGemmDepth products below
// 2^24 have no rounding; blocks of that depth are added up in int32.
#pragma once

#include <limits>

#include "support/gemm.h"

namespace tenon::operators {

inline constexpr int64_t kIntegerRows = 96;  // of a tile

struct IntegerGemmShape {
  int64_t rows, columns, depth;
  const float* a;  // [rows, depth]

  int64_t row_tiles() const { return (rows + kIntegerRows - 1) / kIntegerRows; }
  int64_t column_tiles() const { return (columns + kGemmColumns - 1) / kGemmColumns; }
  int64_t tiles() const { return row_tiles() * column_tiles(); }
};

// Computes tile `index`; `pack` is that of GemmTile, `store(row, row_count, column, column_count,
// sums)` takes int32 sums, rows kGemmColumns apart. Uses 112 KB of stack.
template <typename Pack, typename Store>
void IntegerGemmTile(const VectorFunctions& vectors, const IntegerGemmShape& shape, int64_t index,
                     const Pack& pack, const Store& store) {
  alignas(64) float b[kGemmDepth * kGemmColumns];
  alignas(64) float c[kIntegerRows * kGemmColumns];
  alignas(64) int32_t sums[kIntegerRows * kGemmColumns] = {};
  const int64_t row = index % shape.row_tiles() * kIntegerRows;
  const int64_t column = index / shape.row_tiles() * kGemmColumns;
  const int64_t rows = std::min(kIntegerRows, shape.rows - row);
  const int64_t columns = std::min(kGemmColumns, shape.columns - column);
  for (int64_t k = 0; k < shape.depth; k += kGemmDepth) {
    const int64_t depth = std::min(kGemmDepth, shape.depth - k);
    for (int64_t j = 0; j < columns; j += kGemmPanel) {
      pack(k, k + depth, column + j, std::min(kGemmPanel, columns - j), b + j * depth);
    }
    vectors.gemm_block(
        {shape.a + row * shape.depth + k, shape.depth, 1, rows, columns, depth, b, c, true});
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        int32_t& sum = sums[i * kGemmColumns + j];
        const auto product = static_cast<int32_t>(c[i * kGemmColumns + j]);
        sum = static_cast<int32_t>(static_cast<uint32_t>(sum) + static_cast<uint32_t>(product));
      }
    }
  }
  store(row, rows, column, columns, static_cast<const int32_t*>(sums));
}

// round(sum * factor) + zero, ties to even, saturated to what T holds.
template <typename T>
T Requantize(int32_t sum, float factor, int32_t zero) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23
  const float low = static_cast<float>(std::numeric_limits<T>::min() - zero);
  const float high = static_cast<float>(std::numeric_limits<T>::max() - zero);
  const float bounded = std::max(low, std::min(high, static_cast<float>(sum) * factor));
  return static_cast<T>(static_cast<int32_t>((bounded + kRound) - kRound) + zero);
}

}  // namespace tenon::operators
