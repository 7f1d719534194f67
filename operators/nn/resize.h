// What Resize's shape function and kernel share.
#pragma once

#include "support/infer.h"

namespace tenon::operators {

// Output size and scale of every axis of `x`. `scales`, `sizes`, `roi`: contents, null where
// absent; they are checked.
struct ResizeAxis {
  int64_t size = 1;
  float scale = 1;
};
struct ResizeInputs {
  const TensorView* roi = nullptr;
  const TensorView* scales = nullptr;
  const TensorView* sizes = nullptr;
};
Status ResolveResize(const NodeView& node, const Shape& x, const ResizeInputs& inputs,
                     std::array<ResizeAxis, kMaxRank>& axes);

// Element `index` of a region of interest, of any float type.
float RoiAt(const TensorView& roi, int64_t index);

}  // namespace tenon::operators
