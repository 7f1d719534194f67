// A part of a graph as a graph, and every value of a graph as its output.
#pragma once

#include <span>
#include <string>

#include "tenon/graph/graph.h"

namespace tenon::session {

// Values by name become the inputs and outputs, in this order; empty: as they are. What the outputs don't need is dropped.
// kNotFound: there is no such value. kInvalidArgument: an input that is a constant, or a value that the outputs need and
// that is no input.
Status TakePart(std::span<const std::string> inputs, std::span<const std::string> outputs,
                graph::Graph* graph);
// What nodes make and is no output yet comes behind the outputs, in the order of nodes.
void AddAllOutputs(graph::Graph* graph);

}  // namespace tenon::session
