// Which nodes OpenVINO takes, and why not the others.
#pragma once

#include <optional>
#include <vector>

#include "openvino.h"

namespace example {

// By node: nothing where OpenVINO takes it.
using Refusals = std::vector<std::optional<sdk::Refusal>>;

// First by what can be seen of a node (types, operators whose output sizes are data), then by
// converting the rest: all at once, and where that fails node by node. Weights are not touched.
Refusals FindRefusals(sdk::Host host, const Core& core, const tenon_segment& graph);

}  // namespace example
