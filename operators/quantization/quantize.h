// Which scale belongs to which element: one for all, one for each index of an axis, or one for each block along an axis.
#pragma once

#include "support/infer.h"

namespace tenon::operators {

struct Granularity {
  int axis = 0;
  int64_t block = 0;  // elements of the axis that share a scale; 0: not blocked
  bool per_tensor = true;
};

// Reads and checks the shapes of scale (input 1) and zero point (input 2) against x (input 0).
Status ReadGranularity(const NodeView& node, std::span<const InferInput> inputs,
                       Granularity& granularity);

}  // namespace tenon::operators
