// Copies elements of any width from anywhere (strides, also 0 and negative) into a dense tensor.
#pragma once

#include "support/plan.h"

namespace tenon::operators {

class StridedCopy {
 public:
  static constexpr size_t kMost = 2 * kMaxRank;  // dimensions

  explicit StridedCopy(int64_t element_size) : size_(element_size) {}
  // Adds a dimension outside of those that are there, at most kMost: its size and the step in the
  // source, in elements.
  void AddOuter(int64_t dim, int64_t stride);
  void Run(const ParallelFor& parallel, const void* from, void* to) const;

 private:
  void Rows(int64_t begin, int64_t end, const std::byte* from, std::byte* to) const;

  int64_t size_;
  size_t rank_ = 0;  // the innermost first
  std::array<int64_t, kMost> dims_{}, strides_{};
};

// Bytes of an element of a type in kCopyable.
inline int64_t ElementSize(DataType type) { return BitWidth(type) / 8; }

// Copies `bytes` in parallel chunks; nothing where both are the same memory.
void CopyBytes(const ParallelFor& parallel, const void* from, void* to, int64_t bytes);

}  // namespace tenon::operators
