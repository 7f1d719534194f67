// Sliding windows over spatial dimensions, for convolutions and pools.
#pragma once

#include "support/infer.h"

namespace tenon::operators {

inline constexpr int kMaxSpatial = kMaxRank - 2;

struct WindowAxis {
  int64_t kernel = 1, stride = 1, dilation = 1, pad_begin = 0, pad_end = 0;
  int64_t extent() const {
    return (kernel - 1) * dilation + 1;
  }  // input elements that the window spans
};
struct Window {
  int rank = 0;
  std::array<WindowAxis, kMaxSpatial> axes;
};

enum class Padding : uint8_t { kExplicit, kSameUpper, kSameLower, kValid };

// Reads strides, dilations, pads and auto_pad for the window over x's spatial dimensions and
// refuses what has no meaning. `kernel` has its sizes; where it is empty they come from
// kernel_shape, unknown ones are -1.
Status ReadWindow(const NodeView& node, const Shape& x, std::span<const int64_t> kernel,
                  Window& window, Padding& padding);

// The output size of one axis (-1 where not known); sets the pads that `padding` implies. Windows
// must fit.
Status WindowOutput(const NodeView& node, int axis, int64_t input, bool ceil_mode, Padding padding,
                    WindowAxis& window, int64_t& output);

}  // namespace tenon::operators
