// The axis and the length of a DFT, where they are known.
#pragma once

#include "support/infer.h"

namespace tenon::operators {

struct DftAxis {
  int axis = 0;
  int64_t size = 0;    // of the input
  int64_t length = 0;  // of the transform
};

// Checks them against the input's shape, which has a rank. `given_length` is negative where there is no such input;
// `size` and `length` may then be unknown.
Status ResolveDft(const NodeView& node, const Shape& x, int64_t axis, bool has_length,
                  int64_t given_length, DftAxis& result);

}  // namespace tenon::operators
