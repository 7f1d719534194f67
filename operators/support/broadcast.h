// Walks an output and the inputs that are broadcast to it, in rows along which every input has
// stride 0 or 1.
#pragma once

#include "support/plan.h"

namespace tenon::operators {

template <size_t kInputs>
class Broadcast {
 public:
  using Offsets = std::array<int64_t, kInputs>;

  // Shapes must broadcast to `output`, which is static.
  Broadcast(const std::array<Shape, kInputs>& inputs, const Shape& output) {
    Offsets next;  // stride of the next dimension in each input
    next.fill(1);
    for (int i = output.rank() - 1; i >= 0; --i) {
      if (output[i] == 1) continue;
      Offsets strides{};
      for (size_t k = 0; k < kInputs; ++k) {
        const int axis = i - output.rank() + inputs[k].rank();
        const int64_t dim = axis < 0 ? 1 : inputs[k][axis];
        if (dim != 1) strides[k] = next[k];
        next[k] *= dim;
      }
      AddOuter(output[i], strides);
    }
    // Rows have stride 0 or 1: the innermost dimension that is not skipped has no other.
    inner_ = rank_ == 0 ? 1 : dims_[0];
    for (int i = 1; i < rank_; ++i) rows_ *= dims_[static_cast<size_t>(i)];
  }

  int64_t inner_stride(size_t input) const { return rank_ == 0 ? 0 : strides_[0][input]; }
  int64_t count() const { return rows_ * inner_; }

  // Calls f(output_offset, input_offsets, count) until all elements are covered, in parallel
  // chunks.
  template <typename F>
  void Run(const ParallelFor& parallel, const F& f) const {
    if (rows_ == 1) {
      ForElements(parallel, inner_, [this, &f](int64_t begin, int64_t end) {
        Offsets offsets;
        for (size_t k = 0; k < kInputs; ++k) offsets[k] = begin * inner_stride(k);
        f(begin, offsets, end - begin);
      });
      return;
    }
    if (inner_ == 0) return;
    const int64_t chunk = std::max<int64_t>(1, kElementChunk / inner_);
    ForElements(
        parallel, rows_, [this, &f](int64_t begin, int64_t end) { RunRows(begin, end, f); }, chunk);
  }

 private:
  void AddOuter(int64_t dim, const Offsets& strides) {
    const auto last = static_cast<size_t>(rank_);
    bool joins = rank_ > 0;
    for (size_t k = 0; joins && k < kInputs; ++k)
      joins = strides[k] == strides_[last - 1][k] * dims_[last - 1];
    if (joins) {
      dims_[last - 1] *= dim;
      return;
    }
    dims_[last] = dim;
    strides_[last] = strides;
    ++rank_;
  }

  template <typename F>
  void RunRows(int64_t begin, int64_t end, const F& f) const {
    std::array<int64_t, kMaxRank> index{};
    Offsets offsets{};
    int64_t rest = begin;
    for (size_t i = 1; i < static_cast<size_t>(rank_); ++i) {
      index[i] = rest % dims_[i];
      rest /= dims_[i];
      for (size_t k = 0; k < kInputs; ++k) offsets[k] += index[i] * strides_[i][k];
    }
    for (int64_t row = begin; row < end; ++row) {
      f(row * inner_, offsets, inner_);
      for (size_t i = 1; i < static_cast<size_t>(rank_); ++i) {
        for (size_t k = 0; k < kInputs; ++k) offsets[k] += strides_[i][k];
        if (++index[i] < dims_[i]) break;
        index[i] = 0;
        for (size_t k = 0; k < kInputs; ++k) offsets[k] -= dims_[i] * strides_[i][k];
      }
    }
  }

  int rank_ = 0;  // dimensions left after joining, the innermost first
  std::array<int64_t, kMaxRank> dims_{};
  std::array<Offsets, kMaxRank> strides_{};
  int64_t inner_ = 1;
  int64_t rows_ = 1;
};

}  // namespace tenon::operators
