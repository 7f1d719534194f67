// The window of a ConvTranspose, for its shape function and its kernel.
#pragma once

#include "nn/window.h"

namespace tenon::operators {

// Sets the window with the pads that are taken off the full output, and the spatial sizes of y (of
// x's rank).
Status TransposedWindow(const NodeView& node, const Shape& x, const Shape& w, Window& window,
                        Shape& y);

}  // namespace tenon::operators
