// Where the matrices of a batched product lie.
#pragma once

#include <algorithm>
#include <vector>

#include "tenon/operators/tensor.h"

namespace tenon::operators {

// One matrix product for every batch; where each batch's operands begin.
struct MatMulSizes {
  int64_t rows = 1, columns = 1, depth = 1, batches = 1;
  std::vector<std::array<int64_t, 2>> offsets;

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
    for (int64_t i = 0; i < batches; ++i) {
      offsets.push_back(
          {Offset(a, y, y_batch, i) * rows * depth, Offset(b, y, y_batch, i) * depth * columns});
    }
  }

 private:
  // Which matrix of `x` batch `index` of y uses.
  static int64_t Offset(const Shape& x, const Shape& y, int y_batch, int64_t index) {
    const int batch = std::max(0, x.rank() - 2);
    int64_t offset = 0, stride = 1;
    for (int i = 1; i <= y_batch; ++i) {
      const int64_t size = y[y_batch - i], at = index % size;
      index /= size;
      if (i > batch) break;
      const int64_t dim = x[batch - i];
      if (dim != 1) offset += at * stride;
      stride *= dim;
    }
    return offset;
  }
};

}  // namespace tenon::operators
