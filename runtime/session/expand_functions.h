// Functions of ONNX that no backend of a session has, as the nodes of their bodies.
#pragma once

#include "tenon/graph/graph.h"
#include "tenon/placement/placement.h"

namespace tenon::session {

// Puts the body in the place of each node, subgraphs included, whose operator ONNX defines as a function and for which no
// backend has a kernel; a backend that compiles may take any node, so with one in the list, or an empty list, nothing is expanded. The graph is
// canonical; afterwards it is not, where the answer is true: the passes run again.
Result<bool> ExpandFunctions(graph::Graph& graph, const placement::BackendList& backends);

}  // namespace tenon::session
