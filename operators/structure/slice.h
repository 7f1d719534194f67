// One axis of a Slice, resolved against its size.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tenon::operators {

struct SliceAxis {
  int64_t start = 0, step = 1, count = 0;
};

// ONNX's rules: negative positions count from the end, both are clamped, the start to
// an element where there is one; step must not be 0.
inline SliceAxis ResolveSlice(int64_t size, int64_t start, int64_t end, int64_t step) {
  constexpr int64_t kFar = int64_t{1} << 62;
  step = std::clamp(step, -kFar, kFar);
  if (start < 0) start += size;
  if (end < 0) end += size;
  if (step > 0) {
    start = std::clamp<int64_t>(start, 0, size);
    end = std::clamp<int64_t>(end, 0, size);
    return {start, step, start < end ? (end - start - 1) / step + 1 : 0};
  }
  start = std::clamp<int64_t>(start, std::min<int64_t>(0, size - 1), size - 1);
  end = std::clamp<int64_t>(end, -1, size - 1);
  return {start, step, start > end ? (start - end - 1) / -step + 1 : 0};
}

}  // namespace tenon::operators
