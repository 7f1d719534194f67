// Asking one device whether its kernels take a node: first what the descriptors say, then the
// kernels themselves.
#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "tenon/placement/abi_views.h"
#include "tenon/placement/kernel_facts.h"
#include "tenon/placement/placement.h"

namespace tenon::placement {

// A node said in an older revision: a graph of its own, in which helper nodes (Reshape, Shape) may
// stand around it. Its first values are those of `values`, in the graph that the node came from.
struct Rewritten {
  graph::Graph graph;
  graph::NodeId node = 0;  // the node itself
  std::vector<graph::ValueId> values;
};

struct Match {
  const tenon_kernel_descriptor* kernel = nullptr;
  std::shared_ptr<const Rewritten> rewritten;  // null: the node as it stands
};

class Matcher {
 public:
  Matcher(backend::Device& device, tenon_numerics numerics);
  backend::Device& device() const { return *device_; }
  // Kernels that take the node, the best first. Each no is appended to `refusals`, which may be
  // null.
  std::vector<Match> Find(const graph::Graph& graph, graph::NodeId node,
                          std::vector<Refusal>* refusals) const;

 private:
  std::string LeftOut() const;
  using Revisions = std::map<int, Result<std::shared_ptr<const Rewritten>>>;
  bool Try(const tenon_kernel_descriptor& kernel, const graph::Graph& graph, graph::NodeId node,
           Revisions* revisions, Match* out_match, Refusal* out_refusal) const;

  backend::Device* device_;
  tenon_numerics numerics_;
  std::map<std::pair<std::string_view, std::string_view>,
           std::vector<const tenon_kernel_descriptor*>>
      kernels_;
};

// The newest revision of the node's operator that is in [min, max], 0 where there is none.
int NewestRevision(const graph::Node& node, uint32_t min, uint32_t max);
// kUnsupported with the reason where the node can't be said there.
Result<std::shared_ptr<const Rewritten>> RewriteAlone(const graph::Graph& graph, graph::NodeId node,
                                                      int revision);

// What the descriptor's fields say about a node. False: `out` says why.
bool DescriptorTakes(const backend::Device& device, tenon_numerics numerics,
                     const tenon_kernel_descriptor& kernel, const graph::Graph& graph,
                     const graph::Node& node, Refusal* out);

}  // namespace tenon::placement
