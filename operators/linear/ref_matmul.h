// Where the matrices of a batched product lie.
#pragma once

#include <algorithm>
#include <array>

#include "tenon/operators/tensor.h"

namespace tenon::operators {

// One matrix product for every batch; where each batch's operands begin.
struct MatMulSizes {
  int64_t rows = 1, columns = 1, depth = 1, batches = 1;

  MatMulSizes(const Shape& a, const Shape& b, const Shape& y) {
    rows = a.rank() > 1 ? a[a.rank() - 2] : 1;
    depth = a[a.rank() - 1];
    columns = b.rank() > 1 ? b[b.rank() - 1] : 1;
    const int y_batch = std::max(0, y.rank() - (a.rank() > 1) - (b.rank() > 1));
    for (int i = 0; i < y_batch; ++i) batches *= y[i];
    // One matrix B for all of A's: one product with more rows.
    if (b.rank() <= 2 && batches > 0) {
      rows *= batches;
      batches = 1;
    }
    if (batches == 1) return;
    std::array<int64_t, 2> strides = {rows * depth, depth * columns};
    for (int i = 1; i <= y_batch; ++i, ++rank_) {
      Axis& axis = axes_[static_cast<size_t>(rank_)];
      axis.size = y[y_batch - i];
      for (size_t k = 0; k < 2; ++k) {
        const Shape& x = k == 0 ? a : b;
        const int64_t dim = i <= x.rank() - 2 ? x[x.rank() - 2 - i] : 1;
        axis.strides[k] = dim == 1 ? 0 : strides[k];
        strides[k] *= dim;
      }
    }
  }

  // Where the matrices of a batch begin in A and B.
  std::array<int64_t, 2> OffsetsOf(int64_t batch) const {
    std::array<int64_t, 2> offsets{};
    for (int i = 0; i < rank_; ++i) {
      const Axis& axis = axes_[static_cast<size_t>(i)];
      const int64_t at = batch % axis.size;
      batch /= axis.size;
      for (size_t k = 0; k < 2; ++k) offsets[k] += at * axis.strides[k];
    }
    return offsets;
  }

 private:
  struct Axis {
    int64_t size;
    std::array<int64_t, 2> strides;  // 0 where A or B is broadcast
  };
  std::array<Axis, kMaxRank> axes_{};  // of the batches, the innermost first
  int rank_ = 0;
};

}  // namespace tenon::operators
