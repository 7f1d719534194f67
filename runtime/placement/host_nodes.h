// Nodes that need no backend: views, and arithmetic on shapes and small constants, which the host
// does while it resolves shapes.
#pragma once

#include <optional>
#include <vector>

#include "tenon/placement/placement.h"

namespace tenon::placement {

class HostNodes {
 public:
  explicit HostNodes(const graph::Graph& graph);
  // kHost or kView, or nothing where a backend has to take the node. Asked in topological order:
  // what a kHost node makes is known to later ones.
  std::optional<NodeChoice::Kind> Classify(const graph::Graph& graph, graph::NodeId node);

 private:
  bool IsArithmetic(const graph::Graph& graph, const graph::Node& node) const;
  std::vector<bool> known_;  // by value: contents that the host knows
};

}  // namespace tenon::placement
