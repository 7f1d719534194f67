// The shape of a convolution, for Conv and its quantised kin.
#pragma once

#include "support/infer.h"

namespace tenon::operators {

// Checks X, W and B (rank unknown where absent) and sets Y's shape, where X's rank is known.
Status InferConvShape(const NodeView& node, const Shape& x, const Shape& w, const Shape& b,
                      Shape& y);

}  // namespace tenon::operators
