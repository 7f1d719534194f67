// The work of a run: shapes are inferred in a copy of the graph, all dimensions of which have sizes.
#include <algorithm>

#include "inspection.h"
#include "tenon/passes/passes.h"

namespace tenon::session {
namespace {

// Gives every open dimension of an input a size.
Status CloseDims(const SessionOptions& options, graph::Graph* graph, GraphWork* work) {
  TENON_ASSIGN(work->dims, ParseDims(options.dims));
  for (const passes::OpenDim& dim : passes::OpenDims(*graph)) {
    if (work->dims.emplace(dim.name, 1).second) work->assumed.insert(dim.name);
  }
  std::map<std::string, int64_t> open;  // the given ones may be bound by now
  for (const passes::OpenDim& dim : passes::OpenDims(*graph)) open[dim.name] = work->dims[dim.name];
  return passes::BindSymbols(*graph, open);
}

// False where a shape is not known.
bool CostOf(const graph::Graph& graph, const graph::Node& node, operators::Cost* out) {
  if (node.definition == nullptr) return false;
  std::vector<operators::InferInput> inputs(node.inputs.size());
  std::vector<operators::InferOutput> outputs(node.outputs.size());
  std::vector<TensorView> contents(node.inputs.size());
  double bytes = 0, elements = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (node.inputs[i] == graph::kNone) continue;
    const graph::Value& value = graph.values[node.inputs[i]];
    if (!value.shape.IsStatic()) return false;
    inputs[i] = {true, value.type, value.shape, nullptr};
    if (value.constant && value.constant->blob) {
      contents[i] = View(*value.constant);
      inputs[i].value = &contents[i];
    }
    bytes += static_cast<double>(value.shape.ElementCount()) * BitWidth(value.type) / 8;
  }
  for (size_t o = 0; o < outputs.size(); ++o) {
    if (node.outputs[o] == graph::kNone) continue;
    const graph::Value& value = graph.values[node.outputs[o]];
    if (!value.shape.IsStatic()) return false;
    outputs[o] = {value.type, value.shape};
    elements += static_cast<double>(value.shape.ElementCount());
    bytes += static_cast<double>(value.shape.ElementCount()) * BitWidth(value.type) / 8;
  }
  *out = {elements, bytes};
  if (node.definition->cost == nullptr) return true;
  const graph::NodeViewHolder holder(node);
  *out = node.definition->cost(holder.view(), inputs, outputs);
  return true;
}

bool IsDead(const graph::Node& node) {
  return std::ranges::all_of(node.outputs, [](graph::ValueId v) { return v == graph::kNone; });
}

// What is known now of nodes that were not known before.
void Note(const graph::Graph& graph, const std::string& path, GraphWork* work) {
  for (const graph::Node& node : graph.nodes) {
    const std::vector<const graph::Graph*> subgraphs = node.Subgraphs();
    for (size_t s = 0; s < subgraphs.size(); ++s)
      Note(*subgraphs[s], placement::SubgraphPath(path, node, s), work);
    const placement::NodeKey key(path, node.name);
    operators::Cost cost;
    if (work->nodes.contains(key) || IsDead(node)) continue;
    if (!subgraphs.empty() || CostOf(graph, node, &cost)) work->nodes[key] = cost;
  }
}

}  // namespace

GraphWork WorkOf(const graph::Graph& graph, const SessionOptions& options,
                 const ForeignOperators* foreign) {
  GraphWork work;
  graph::Graph closed = graph;
  passes::Options passing;
  passing.foreign = foreign;
  Status status = CloseDims(options, &closed, &work);
  if (status.ok()) {
    status =
        passes::RunPipeline(closed, passing, [&](const passes::Pass& pass, const graph::Graph& g) {
          if (pass.name != "canonicalise") Note(g, "", &work);
        });
  }
  if (!status.ok()) work.problem = status.message();
  return work;
}

}  // namespace tenon::session
