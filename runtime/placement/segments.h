// Segments for backends that compile: colours, their convex parts, and artifacts.
#pragma once

#include <string>
#include <vector>

#include "tenon/placement/placement.h"

namespace tenon::placement {

// Splits coloured nodes into parts that can be run one after the other: by how often the colour
// changes on the way to a node (so no two parts need each other), then into connected pieces.
// `colours`: by node, 0 for none. Gives the part of each node, kNone for none; parts are numbered
// from 0 in the order of their first nodes.
std::vector<uint32_t> SplitColours(const graph::Graph& graph, std::span<const uint32_t> colours);

// An order of the nodes in which those of a part stand together; as close to the graph's own as
// that allows.
std::vector<graph::NodeId> OrderByParts(const graph::Graph& graph, std::span<const uint32_t> parts);

// What a backend would compile of the nodes that are offered, by node of the graph.
Result<std::vector<uint32_t>> AskColours(const backend::Device& device, tenon_numerics numerics,
                                         const graph::Graph& graph,
                                         const std::vector<bool>& offered);

// Inputs (constants not among them) and outputs of a set of nodes.
void FindBoundary(const graph::Graph& graph, Segment* segment);

// The segment's artifact, from the cache where that has one which the backend still takes.
// kUnsupported: the backend does not compile it after all.
Result<std::shared_ptr<const std::string>> Compile(const backend::Device& device,
                                                   const Options& options,
                                                   const graph::Graph& graph,
                                                   const Segment& segment);

}  // namespace tenon::placement
