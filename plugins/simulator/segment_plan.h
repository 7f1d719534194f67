// A compiled segment for concrete shapes: its nodes one after the other, inner values placed in one
// workspace.
#pragma once

#include <memory>
#include <span>

#include "artifact.h"
#include "computation.h"

namespace tenon::simulator {

// kUnsupported where a node has no kernel, or its shapes cannot be told before it runs;
// kInvalidArgument where the shapes of the arguments don't fit the segment.
Result<std::shared_ptr<const Computation>> PlanSegment(
    std::shared_ptr<const Segment> segment, std::span<const operators::TensorSpec> inputs,
    std::span<const operators::TensorSpec> outputs);

}  // namespace tenon::simulator
