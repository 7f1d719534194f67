// Where kernels of operators that are kDataDependent write their outputs.
#pragma once

#include "support/plan.h"

namespace tenon::operators {

// The memory of output `index`, whose shape turned out to be `shape`: allocated where the planned
// shape was open, else what the run gave. Null where the output is not wanted.
inline Result<void*> OutputOf(const NodeView& node, const KernelArguments& arguments,
                              OutputAllocator allocate, const TensorSpec& planned, int index,
                              const Shape& shape) {
  if (!planned.present) return static_cast<void*>(nullptr);
  if (!planned.shape.IsStatic()) {
    if (allocate.run != nullptr) return allocate.run(allocate.host, index, shape);
    return Unsupported(node, "has an output whose shape depends on data");
  }
  if (shape == planned.shape) return arguments.outputs[static_cast<size_t>(index)];
  return Invalid(node, "finds ", shape, " (planned with ", planned.shape, ")");
}

}  // namespace tenon::operators
