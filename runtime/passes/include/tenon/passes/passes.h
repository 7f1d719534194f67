// What happens to a graph between import and placement. Every pass leaves a graph that Validate() accepts. Any thread, one
// at a time for a graph.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "tenon/graph/graph.h"

namespace tenon::passes {

// Shape inference of operators that are not ours (a backend's interface "operators").
class ForeignOperators {
 public:
  virtual Status Infer(const graph::Node& node, std::span<const operators::InferInput> inputs,
                       std::span<operators::InferOutput> outputs) const = 0;

 protected:
  ~ForeignOperators() = default;
};

struct Options {
  uint64_t fold_output_bytes = uint64_t{16} << 20;  // a node whose outputs are larger is not folded
  uint64_t fold_total_bytes = uint64_t{256} << 20;  // nor is any, once this much has been made
  bool fold = true;
  const ForeignOperators* foreign = nullptr;
  int depth = 0;  // of the graph: 1 for a subgraph of the model's graph
};

struct Pass {
  std::string_view name;
  Status (*run)(graph::Graph& graph, const Options& options);
};

// canonicalise, infer_shapes, fold_constants, inline_branches, optimise_subgraphs, eliminate_identity, eliminate_dead: in
// this order.
std::span<const Pass> Pipeline();
// Runs all passes, beginning again after branches were inlined; `after`, which may be null, sees the graph after each. Shapes
// that the graph has of what its nodes make do not count: they may be what a model declares.
Status RunPipeline(graph::Graph& graph, const Options& options,
                   const std::function<void(const Pass&, const graph::Graph&)>& after = nullptr);

// Rewrites every node of ours into the newest revision of its operator.
Status Canonicalise(graph::Graph& graph, const Options& options);
// Sets types, kinds and shapes of all values, those in subgraphs included, and refuses contradictions with what the model declares for its outputs.
Status InferShapes(graph::Graph& graph, const Options& options);
// Computes nodes whose inputs are constant (or whose result depends on static shapes alone).
Status FoldConstants(graph::Graph& graph, const Options& options);
// An If whose condition is constant gives way to the nodes of its branch.
Status InlineBranches(graph::Graph& graph, const Options& options);
// Runs the pipeline in the subgraphs of all nodes, which get constants from around as their own and no longer capture what
// they don't read.
Status OptimiseSubgraphs(graph::Graph& graph, const Options& options);
// Identity and inference-time Dropout disappear where no name of the model is lost.
Status EliminateIdentity(graph::Graph& graph, const Options& options);
Status EliminateDead(graph::Graph& graph, const Options& options);

// Rewrites one node to an older or newer revision, step by step. kUnsupported: it can't be said there; the graph is then
// as it was. New nodes may be appended: the graph is sorted again, so ids may change unless nothing was added.
Status RewriteTo(graph::Graph& graph, graph::NodeId node, int revision);
// A dimension of an input that has no size: its symbol's name, or "x[0]" where it has none. Each name once.
struct OpenDim {
  std::string name;
  graph::ValueId value;
  int axis;
};
std::vector<OpenDim> OpenDims(const graph::Graph& graph);
// Gives symbols, and open dimensions of inputs by their OpenDim::name, a size (--dim NAME=V). kInvalidArgument names an
// unknown one and lists the known ones.
Status BindSymbols(graph::Graph& graph, const std::map<std::string, int64_t>& sizes);

// A constant of its own bytes.
std::shared_ptr<const graph::Constant> MakeConstant(DataType type, const Shape& shape,
                                                    const void* data, uint64_t bytes);

}  // namespace tenon::passes
