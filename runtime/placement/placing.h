// One attempt at placing a graph.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "choose.h"
#include "host_nodes.h"
#include "segments.h"

namespace tenon::placement {

class Placing {
 public:
  Placing(graph::Graph graph, const Options& options, Declined* declined);
  // With `declined` grown and no value where a segment was declined: the caller tries again.
  Result<std::optional<PlacedGraph>> Run();

 private:
  struct Entry {  // a backend's device in the order of the list
    uint32_t group;
    std::unique_ptr<Matcher> matcher;
  };
  Status AskGroup(uint32_t group);
  Status AskCompiler(uint32_t device);
  void AskKernels(uint32_t group);
  bool IsAssumed(uint32_t device, graph::NodeId node) const;
  void AssumeColours(uint32_t device);
  void AddWays(uint32_t device, graph::NodeId node, std::vector<Match> matches);
  Location LocationOf(uint32_t device, uint32_t memory, tenon_layout layout) const;
  Status PlaceSubgraphs(PlacedGraph* placed) const;
  Status CheckAllTaken() const;
  // With what backends of groups up to `last_group` say of them.
  Status RefuseNodes(const std::vector<graph::NodeId>& nodes, const std::string& what,
                     uint32_t last_group) const;
  bool IsOpen(graph::NodeId node) const {
    return !host_[node] && colours_[node] == 0 && problem_.ways[node].empty();
  }

  // assemble.cc: the graph with what was chosen
  PlacedGraph Assemble();
  void AppendRewritten(const Rewritten& rewritten, const std::string& name,
                       const NodePlacement& placement, const NodeChoice& row, PlacedGraph* out);
  std::pair<size_t, size_t> Rank(const std::string& backend, const std::string& kernel) const;
  NodeChoice RowOf(graph::NodeId node) const;
  NodeKey KeyOf(const std::string& node) const { return {options_.path, node}; }
  Result<bool> CompileSegments(PlacedGraph* placed);

  graph::Graph graph_;
  const Options& options_;
  Declined* declined_;
  std::vector<Entry> entries_;  // by device, as in problem_.devices
  ChoiceProblem problem_;
  std::vector<std::optional<NodeChoice::Kind>> host_;  // by node
  std::vector<bool> reads_contents_;                   // by node: no compiler is asked for it
  std::vector<uint32_t>
      colours_;  // by node: device and the backend's own colour together, 0 for none
  std::vector<std::set<uint32_t>>
      arithmetic_colours_;  // by node that the host computes: colours of segments that may hold it, too
  std::vector<uint32_t> colour_device_;         // by colour
  std::vector<std::vector<Refusal>> refusals_;  // by node
  std::vector<uint32_t> chosen_;
};

}  // namespace tenon::placement
