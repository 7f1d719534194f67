// Segments for backends that compile: colours, their convex parts, and artifacts.
#pragma once

#include <string>
#include <vector>

#include "tenon/placement/placement.h"

namespace tenon::placement {

// Parts of the coloured nodes, numbered from 0 in the order of their first nodes; by node, kNone for none.
struct Parts {
  std::vector<uint32_t> of;
  std::vector<uint32_t> among;  // `of`, and the part among whose nodes arithmetic stands
};

// Splits coloured nodes into parts that can be run one after the other: by how often the colour
// changes on the way to a node (so no two parts need each other), then into connected pieces.
// `colours`: by node, 0 for none. `arithmetic`: what the host computes from shapes alone, so that a
// part does not end there.
Parts SplitColours(const graph::Graph& graph, std::span<const uint32_t> colours,
                   const std::vector<bool>& arithmetic);

// An order of the nodes in which those of a part stand together; as close to the graph's own as
// that allows.
std::vector<graph::NodeId> OrderByParts(const graph::Graph& graph, std::span<const uint32_t> parts);

// What a backend would compile of the nodes that are offered, by node of the graph; why not the others
// is added to `refusals`.
Result<std::vector<uint32_t>> AskColours(const backend::Device& device, tenon_numerics numerics,
                                         const graph::Graph& graph,
                                         const std::vector<bool>& offered,
                                         std::vector<std::vector<Refusal>>* refusals);

// Inputs (constants not among them) and outputs of a set of nodes. What only arithmetic reads of them
// does not leave them.
void FindBoundary(const graph::Graph& graph, const std::vector<bool>& arithmetic, Segment* segment);

// Moves the arithmetic that the segment's inputs are made by into the segment, as far as that needs
// nothing that is not there: a compiler then sees how sizes belong together. `wanted`: by node.
void TakeArithmetic(const graph::Graph& graph, const std::vector<bool>& wanted, Segment* segment);

// The segment's artifact, from the cache where that has one which the backend still takes.
// kUnsupported: the backend does not compile it after all.
Result<ArtifactBytes> Compile(const backend::Device& device, const Options& options,
                              const graph::Graph& graph, const Segment& segment);

}  // namespace tenon::placement
