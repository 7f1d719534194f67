// Placement gives each node of a canonical graph a backend, a kernel and layouts, and says why.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/backend/backend.h"
#include "tenon/graph/graph.h"

namespace tenon::placement {

inline constexpr uint32_t kNone = UINT32_MAX;

// `-b a,b+c`: an order of groups; within a group cost decides. Of a backend with several devices the first is used.
struct BackendList {
  std::vector<std::vector<std::shared_ptr<backend::Backend>>> groups;
};

// Where a node stands: "" for the model's graph, "If_3/then_branch" for a subgraph; and the node's name.
using NodeKey = std::pair<std::string, std::string>;

// A refusal that is taken back in the model of costs: the nodes run on the backend, by kernels of the efficiency that is
// assumed of those that state none. What is placed so can be lowered, but not run.
struct Assumption {
  std::string backend;
  std::set<NodeKey> nodes;
};

// Nodes that a backend would not compile after all, by backend: why.
using Declined = std::map<std::pair<std::string, NodeKey>, std::string>;

struct Options {
  BackendList backends;
  tenon_numerics numerics = TENON_NUMERICS_STANDARD;
  bool forbid_fallback = false;  // kUnsupported where not every node is taken by the first group
  // A node that nobody takes is a row of kind kNobody and no error; what is placed so can't be run.
  bool allow_nobody = false;
  const Assumption* assumption = nullptr;  // then nothing is compiled
  // What is known to be declined, and gets what is declined now; may be null.
  std::shared_ptr<Declined> declined;
  std::string path;                      // of the graph: "" for the model's
  const tenon_cancel* cancel = nullptr;  // asked while segments are compiled
  uint64_t deadline_ns = 0;
};

// Why a backend or one of its kernels does not take a node.
struct Refusal {
  std::string backend;
  std::string kernel;  // "" where no kernel of that operator exists
  tenon_reason reason = TENON_REASON_OTHER;
  std::string message;  // "attribute group: got 2, wants 1"
};

// Whether a kernel for other types says nothing where the backend has one for the node's type, which refused for a reason
// of its own.
bool IsBesidesThePoint(const Refusal& refusal, const std::vector<Refusal>& all);

struct NodeChoice {
  std::string path;  // see NodeKey
  std::string node;  // graph node's name; "" for inserted copies and reorders
  std::string op;
  std::string origin;  // of a node that says another one in an older revision: that node's name
  enum class Kind {
    kKernel,
    kSegment,
    kHost,
    kView,
    kHostStep,
    kCopy,
    kReorder,
    kNobody
  } kind = Kind::kKernel;
  std::string backend;  // "host" for shape arithmetic, views and what the host runs
  std::string kernel;
  std::vector<std::string> fallbacks;  // kernels of the same backend that take it too
  // Other backends of its group that take it, where the whole would cost more.
  std::vector<std::string> passed_over;
  double cost_us = 0;             // modelled
  uint32_t step = kNone;          // in its program; kNone: it has none
  uint64_t bytes = 0;             // of a copy or reorder; see kAssumedDim
  std::string value;              // what is copied or reordered
  std::vector<Refusal> refusals;  // of backends and kernels before it
};
const char* KindName(NodeChoice::Kind kind);  // "kernel"
// The path of subgraph `index` (as Node::Subgraphs) of a node of the graph at `path`.
std::string SubgraphPath(const std::string& path, const graph::Node& node, size_t index);

// The report: its rows add up to the nodes of the final program. Filled by placement, completed by lowering with copies
// and reorders. A node that nobody takes ends the load with kUnsupported; its message lists the first ten such nodes; but see
// Options::allow_nobody.
struct Report {
  std::vector<NodeChoice> rows;
  std::string Dump() const;  // for `tenon inspect --stage placement`
};

struct PlacedGraph;

// What was decided about one node.
struct NodePlacement {
  // kKernel, kSegment, kHost (shape arithmetic), kView, kHostStep (control flow, sequences, optionals, strings), kNobody
  NodeChoice::Kind kind = NodeChoice::Kind::kKernel;
  uint32_t device = kNone;   // index in PlacedGraph::devices; kNone for those that need no backend
  uint32_t segment = kNone;  // index in PlacedGraph::segments
  // The choice, then its fallbacks: same device, layouts and memory kinds.
  std::vector<const tenon_kernel_descriptor*> kernels;
  std::vector<std::shared_ptr<const PlacedGraph>> subgraphs;  // of kHostStep: as Node::Subgraphs
};

// The bytes of an artifact, kept in memory or in a mapped file.
using ArtifactBytes = std::shared_ptr<const std::string_view>;

// Nodes that a backend compiled into one kernel. Arguments are dense, in the device's default memory.
struct Segment {
  uint32_t device = kNone;
  std::vector<graph::NodeId>
      nodes;  // one after the other in the graph, but for arithmetic on shapes
  std::vector<graph::NodeId>
      arithmetic;  // that the artifact holds, too; the host computes it for itself
  std::vector<graph::ValueId> inputs, outputs;
  ArtifactBytes artifact;
};

// A graph in which every node stands in the revision that its kernel takes, with the decisions. Lowered at once: devices
// and descriptors are lent by the backends.
struct PlacedGraph {
  graph::Graph graph;
  std::string path;  // see NodeKey
  std::vector<backend::Device*> devices;
  std::vector<NodePlacement> nodes;  // by node of the graph
  std::vector<Segment> segments;
  Report report;  // a row for each node, in their order
};

// Places a sorted, inferred graph. kUnsupported: a node that nobody takes, or one that falls back where that is
// forbidden.
Result<PlacedGraph> Place(graph::Graph graph, const Options& options);

// Whether a kernel (of any group) takes the node as it stands: what fusions and function bodies are decided by.
bool AnyKernelTakes(const graph::Graph& graph, graph::NodeId node, const Options& options);

}  // namespace tenon::placement
