#include <algorithm>

#include "tenon/passes/passes.h"

namespace tenon::passes {
namespace {

using graph::Graph;
using graph::kNone;
using graph::Node;
using graph::ValueId;

bool Contains(const std::vector<ValueId>& list, ValueId id) {
  return std::find(list.begin(), list.end(), id) != list.end();
}

// An operator that gives back its input whatever its attributes say.
bool IsIdentity(const Node& node) {
  if (!node.definition || !node.domain.empty() || node.inputs.empty() || node.inputs[0] == kNone)
    return false;
  if (node.op == "Identity") return true;
  if (node.op != "Dropout" || node.inputs.size() > 2) return false;
  return std::all_of(node.outputs.begin() + 1, node.outputs.end(),
                     [](ValueId id) { return id == kNone; });
}

// A kernel may rely on it, whether somebody reads it or not: what the schema doesn't call optional, and every part of a
// list, which says where the next one begins.
bool IsRequired(const Node& node, size_t output) {
  if (!node.definition) return false;
  const operators::Arity& arity = node.definition->arity;
  return output < arity.min_outputs ||
         (arity.max_outputs == operators::kVariadic && node.Subgraphs().empty());
}

// Everybody who reads `from` reads `to`.
void Replace(Graph& graph, ValueId from, ValueId to) {
  for (Node& node : graph.nodes) std::replace(node.inputs.begin(), node.inputs.end(), from, to);
}

}  // namespace

Status EliminateIdentity(Graph& graph, const Options&) {
  for (Node& node : graph.nodes) {
    if (!IsIdentity(node) || node.outputs.empty() || node.outputs[0] == kNone) continue;
    const ValueId source = node.inputs[0], output = node.outputs[0];
    if (!Contains(graph.outputs, output)) {
      Replace(graph, output, source);
      node.outputs[0] = kNone;
      graph.values[output].producer = kNone;
      continue;
    }
    // The output's name is the model's: the source takes it, if it is nobody else's.
    const graph::NodeId producer = graph.values[source].producer;
    if (producer == kNone || Contains(graph.inputs, source) || Contains(graph.outputs, source))
      continue;
    Replace(graph, source, output);
    std::replace(graph.nodes[producer].outputs.begin(), graph.nodes[producer].outputs.end(), source,
                 output);
    graph.values[output].producer = producer;
    graph.values[source].producer = kNone;
    node.inputs.clear();
    node.outputs.clear();
  }
  return {};
}

Status EliminateDead(Graph& graph, const Options&) {
  std::vector<bool> needed(graph.values.size(), false);
  for (ValueId output : graph.outputs) needed[output] = true;
  std::vector<bool> live(graph.nodes.size(), false);
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    live[i] = std::any_of(node.outputs.begin(), node.outputs.end(),
                          [&](ValueId id) { return id != kNone && needed[id]; });
    if (!live[i]) continue;
    for (ValueId input : node.inputs) {
      if (input != kNone) needed[input] = true;
    }
  }
  std::vector<Node> kept;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (size_t index = 0; index < graph.nodes[i].outputs.size(); ++index) {
      ValueId& output = graph.nodes[i].outputs[index];
      if (output == kNone) continue;
      if (live[i])
        graph.values[output].producer = static_cast<graph::NodeId>(kept.size());
      else
        graph.values[output].producer = kNone;
      if (live[i] && !needed[output] && !IsRequired(graph.nodes[i], index)) {
        graph.values[output].producer = kNone;
        output = kNone;
      }
    }
    if (live[i]) kept.push_back(std::move(graph.nodes[i]));
  }
  graph.nodes = std::move(kept);
  graph.Compact();
  return {};
}

}  // namespace tenon::passes
