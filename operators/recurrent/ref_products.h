// Matrix products of recurrent operators: a big one for all steps, and a small one that is repeated every step.
#pragma once

#include "support/gemm.h"
#include "support/plan.h"

namespace tenon::operators {

inline constexpr int64_t kFewRows = 4;  // below this, packing costs more than it gives

// a [rows, depth] times b [columns, depth] transposed; store(row, column, count, sums) takes parts
// of rows.
template <typename T, typename Store>
void MultiplyTransposed(const ParallelFor& parallel, int64_t rows, int64_t columns, int64_t depth,
                        const T* a, const T* b, const Store& store) {
  if constexpr (std::is_same_v<T, float>) {
    if (rows >= kFewRows) {
      const GemmShape shape = {rows, columns, depth, a, depth, 1};
      const VectorFunctions& vectors = ChooseVectorFunctions();
      parallel(shape.tiles(), 1, [&](int64_t begin, int64_t end) {
        for (int64_t tile = begin; tile < end; ++tile) {
          GemmTile(
              vectors, shape, tile,
              [&](int64_t k, int64_t k_end, int64_t column, int64_t count, float* to) {
                PackMatrix(b, 1, depth, k, k_end, column, count, to);
              },
              [&](int64_t row, int64_t row_count, int64_t column, int64_t count,
                  const float* sums) {
                for (int64_t i = 0; i < row_count; ++i)
                  store(row + i, column, count, sums + i * kGemmColumns);
              });
        }
      });
      return;
    }
  }
  constexpr int64_t kPart = 64;
  const int64_t parts = (columns + kPart - 1) / kPart;
  parallel(rows * parts, 1, [&](int64_t begin, int64_t end) {
    T sums[kPart];
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = i / parts, column = i % parts * kPart;
      const int64_t count = std::min(kPart, columns - column);
      for (int64_t j = 0; j < count; ++j)
        sums[j] = Dot(a + row * depth, b + (column + j) * depth, depth);
      store(row, column, count, static_cast<const T*>(sums));
    }
  });
}

// h [rows, depth] times r [columns, depth] transposed, where r stays the same for many products.
template <typename T>
class RecurrentProduct {
 public:
  // Whether products of `rows` rows use a packed copy of r.
  static bool Packs(int64_t rows) { return std::is_same_v<T, float> && rows >= kFewRows; }
  static int64_t PackedSize(int64_t columns, int64_t depth) {
    return (columns + kGemmPanel - 1) / kGemmPanel * kGemmPanel * depth;
  }
  // `packed` is null where Packs() says no.
  RecurrentProduct(const T* r, const T* packed, int64_t columns, int64_t depth)
      : r_(r), packed_(packed), columns_(columns), depth_(depth) {}

  // Writes the packed copy: panels of kGemmPanel columns.
  void Pack(T* to) const {
    if constexpr (std::is_same_v<T, float>) {
      for (int64_t j = 0; j < columns_; j += kGemmPanel)
        PackMatrix(r_, 1, depth_, 0, depth_, j, std::min(kGemmPanel, columns_ - j),
                   to + j * depth_);
    }
  }

  // to [rows, columns], rows `stride` apart.
  void Run(const T* h, int64_t rows, T* to, int64_t stride) const {
    if constexpr (std::is_same_v<T, float>) {
      if (packed_ != nullptr) return RunPacked(h, rows, to, stride);
    }
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns_; ++j)
        to[i * stride + j] = Dot(h + i * depth_, r_ + j * depth_, depth_);
    }
  }

 private:
  void RunPacked(const float* h, int64_t rows, float* to, int64_t stride) const {
    constexpr int64_t kRows = 24;
    alignas(64) float sums[kRows * kGemmColumns];
    for (int64_t row = 0; row < rows; row += kRows) {
      const int64_t row_count = std::min(kRows, rows - row);
      for (int64_t j = 0; j < columns_; j += kGemmColumns) {
        const int64_t count = std::min(kGemmColumns, columns_ - j);
        vectors_.gemm_block({.a = h + row * depth_,
                             .row_stride = depth_,
                             .depth_stride = 1,
                             .rows = row_count,
                             .columns = count,
                             .depth = depth_,
                             .b = packed_ + j * depth_,
                             .c = sums,
                             .first = true});
        for (int64_t i = 0; i < row_count; ++i)
          std::copy_n(sums + i * kGemmColumns, count, to + (row + i) * stride + j);
      }
    }
  }

  const T* r_;
  const T* packed_;
  int64_t columns_, depth_;
  const VectorFunctions& vectors_ = ChooseVectorFunctions();
};

}  // namespace tenon::operators
