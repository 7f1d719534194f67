// Nodes that need no backend: views, arithmetic on shapes and small constants, which the host
// does while it resolves shapes, and what the host runs: control flow, sequences, optionals, strings.
#pragma once

#include <optional>
#include <vector>

#include "tenon/placement/placement.h"

namespace tenon::placement {

class HostNodes {
 public:
  explicit HostNodes(const graph::Graph& graph);
  // kHost, kView or kHostStep, or nothing where a backend has to take the node. Asked in topological order:
  // what a kHost node makes is known to later ones.
  std::optional<NodeChoice::Kind> Classify(const graph::Graph& graph, graph::NodeId node);
  // Whether shapes of the node's outputs are decided by contents that only a run knows.
  bool ReadsContents(const graph::Graph& graph, const graph::Node& node) const;

 private:
  static bool IsHostStep(const graph::Graph& graph, const graph::Node& node);
  bool IsArithmetic(const graph::Graph& graph, const graph::Node& node) const;
  std::vector<bool> known_;  // by value: contents that the host knows
};

}  // namespace tenon::placement
