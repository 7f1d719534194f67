// Placement gives each node of a canonical graph a backend, a kernel and layouts, and says why.
#pragma once

#include <memory>
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

struct Options {
  BackendList backends;
  tenon_numerics numerics = TENON_NUMERICS_STANDARD;
  bool forbid_fallback = false;  // kUnsupported where not every node is taken by the first group
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

struct NodeChoice {
  std::string node;  // graph node's name; "" for inserted copies and reorders
  std::string op;
  enum class Kind {
    kKernel,
    kSegment,
    kHost,
    kView,
    kHostStep,
    kCopy,
    kReorder
  } kind = Kind::kKernel;
  std::string backend;  // "host" for shape arithmetic, views and what the host runs
  std::string kernel;
  std::vector<std::string> fallbacks;  // kernels of the same backend that take it too
  double cost_us = 0;                  // modelled
  uint64_t bytes = 0;                  // of a copy or reorder, where known
  std::string value;                   // what is copied or reordered
  std::vector<Refusal> refusals;       // of backends and kernels before it
};
const char* KindName(NodeChoice::Kind kind);  // "kernel"

// The report: its rows add up to the nodes of the final program. Filled by placement, completed by lowering with copies
// and reorders. A node that nobody takes ends the load with kUnsupported; its message lists the first ten such nodes.
struct Report {
  std::vector<NodeChoice> rows;
  std::string Dump() const;  // for `tenon inspect --stage placement`
};

struct PlacedGraph;

// What was decided about one node.
struct NodePlacement {
  // kKernel, kSegment, kHost (shape arithmetic), kView, or kHostStep (control flow, sequences, optionals, strings)
  NodeChoice::Kind kind = NodeChoice::Kind::kKernel;
  uint32_t device = kNone;   // index in PlacedGraph::devices; kNone for kHost, kView and kHostStep
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
