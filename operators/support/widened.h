// Kernels for the 16-bit floats out of kernels for wider ones: inputs are widened into the workspace, the kernel runs, and
// its outputs are rounded once.
#pragma once

#include "support/plan.h"

namespace tenon::operators {

inline constexpr uint64_t kHalves = Bit(DataType::kFloat16) | Bit(DataType::kBfloat16);

// `plan` where no argument is narrower than `wide` (float32 or float64), else a plan that converts.
PlanResult PlanWidened(const NodeView& node, Specs inputs, Specs outputs, PlanFunction plan,
                       DataType wide = DataType::kFloat32);

// For a kernel's row: {"", "LRN", 1, 1, Floats::kMask | kHalves, Widened<PlanLrn>, ...}.
template <PlanFunction plan>
PlanResult Widened(const NodeView& node, Specs inputs, Specs outputs) {
  return PlanWidened(node, inputs, outputs, plan);
}

}  // namespace tenon::operators
