// What the convolution kernels share: sizes in three spatial dimensions and gathering windows.
#pragma once

#include <vector>

#include "nn/window.h"
#include "support/gemm.h"

namespace tenon::operators {

// All sizes of a convolution; spatial dimensions are filled up to three with ones in front.
struct ConvGeometry {
  int64_t batch, channels, outputs, groups;  // `outputs` are channels too
  std::array<int64_t, 3> in, out;
  std::array<WindowAxis, 3> axes;

  int64_t in_size() const { return in[0] * in[1] * in[2]; }
  int64_t out_size() const { return out[0] * out[1] * out[2]; }
  int64_t taps() const { return axes[0].kernel * axes[1].kernel * axes[2].kernel; }
  // Kernel 1, stride 1, no pads: the windows are X itself.
  bool pointwise() const;
};

// For Conv (X, W as its inputs, Y as its output).
Status ReadConvGeometry(const NodeView& node, std::span<const TensorSpec> inputs,
                        std::span<const TensorSpec> outputs, ConvGeometry& geometry);

// Elements from[start + i * step], i in [0, count), zero where they lie outside [0, size).
void CopyWindowRow(const float* from, int64_t size, int64_t start, int64_t step, int64_t count,
                   float* to);

// GemmTile's pack for one image and group x: column = output position, depth = (channel, kernel
// position).
void PackWindows(const ConvGeometry& geometry, const float* x, int64_t k, int64_t k_end,
                 int64_t column, int64_t count, float* to);

}  // namespace tenon::operators
