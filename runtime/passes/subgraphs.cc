// What passes do to subgraphs: constants sink into them, they are optimised like graphs, and a branch
// that is always taken takes the place of its If.
#include <algorithm>
#include <unordered_set>

#include "node_inference.h"

namespace tenon::passes {
namespace {

using graph::Graph;
using graph::kNone;
using graph::Node;
using graph::NodeId;
using graph::Value;
using graph::ValueId;

// Captured value `c` of the node is not needed any more.
void DropCapture(Node& node, size_t c) {
  const size_t formal = node.inputs.size() - node.captured;
  node.inputs.erase(node.inputs.begin() + static_cast<std::ptrdiff_t>(formal + c));
  for (Graph* body : node.Subgraphs()) {
    const size_t first = body->inputs.size() - node.captured;
    body->inputs.erase(body->inputs.begin() + static_cast<std::ptrdiff_t>(first + c));
  }
  --node.captured;
}

bool Reads(const Graph& graph, ValueId value) {
  const auto has = [value](const std::vector<ValueId>& list) {
    return std::ranges::find(list, value) != list.end();
  };
  return has(graph.outputs) || std::ranges::any_of(graph.nodes, has, &Node::inputs);
}

void DropUnusedCaptures(Node& node) {
  for (size_t c = node.captured; c-- > 0;) {
    const auto bodies = node.Subgraphs();
    const bool used = std::ranges::any_of(bodies, [&](const Graph* body) {
      return Reads(*body, body->inputs[body->inputs.size() - node.captured + c]);
    });
    if (!used) DropCapture(node, c);
  }
}

// Copies the nodes of a branch into the place of its If.
class Inliner {
 public:
  Inliner(Graph& graph, std::unordered_set<std::string>& value_names,
          std::unordered_set<std::string>& node_names)
      : graph_(graph), value_names_(value_names), node_names_(node_names) {}

  void Inline(const Node& node, Graph& branch, std::vector<Node>* nodes) {
    std::vector<ValueId> ids(branch.values.size(), kNone);
    const size_t formal = node.inputs.size() - node.captured;
    for (size_t i = 0; i < branch.inputs.size(); ++i)
      ids[branch.inputs[i]] = node.inputs[formal + i];
    std::vector<std::pair<ValueId, ValueId>>
        copies;  // results that no node of the branch makes anew
    for (size_t o = 0; o < branch.outputs.size(); ++o) {
      const ValueId inner = branch.outputs[o], outer = node.outputs[o];
      if (outer == kNone) continue;
      if (branch.values[inner].producer != kNone && ids[inner] == kNone)
        ids[inner] = outer;
      else
        copies.emplace_back(inner, outer);
    }
    for (ValueId v = 0; v < ids.size(); ++v) {
      if (ids[v] != kNone) continue;
      Value value = branch.values[v];
      value.name = Fresh(node.name + "/" + value.name, value_names_);
      value.shape = MapShape(branch, value.shape, graph_);
      // Folded again, with the other outputs of its node.
      if (value.producer != kNone) value.constant = nullptr;
      value.producer = kNone;
      ids[v] = graph_.AddValue(std::move(value));
    }
    for (Node& inner : branch.nodes) {
      inner.name = Fresh(node.name + "/" + inner.name, node_names_);
      for (ValueId& v : inner.inputs) v = v == kNone ? kNone : ids[v];
      for (ValueId& v : inner.outputs) v = v == kNone ? kNone : ids[v];
      nodes->push_back(std::move(inner));
    }
    for (const auto& [inner, outer] : copies) {
      Node& copy = nodes->emplace_back();
      copy.name = Fresh(node.name + "/" + graph_.values[outer].name, node_names_);
      copy.op = "Identity";
      copy.definition = operators::FindOperator("", "Identity");
      copy.revision = copy.definition->newest().number;
      copy.inputs = {ids[inner]};
      copy.outputs = {outer};
    }
  }

 private:
  static std::string Fresh(const std::string& base, std::unordered_set<std::string>& taken) {
    std::string name = base;
    for (int i = 1; !taken.insert(name).second; ++i) name = base + "_" + std::to_string(i);
    return name;
  }

  Graph& graph_;
  std::unordered_set<std::string>&value_names_, &node_names_;
};

}  // namespace

int ConstantBranch(const Graph& graph, const Node& node) {
  if (!node.definition || !node.domain.empty() || node.op != "If") return -1;
  if (node.inputs.empty() || node.inputs[0] == kNone) return -1;
  const Value& condition = graph.values[node.inputs[0]];
  if (!condition.constant || !condition.constant->blob || condition.type != DataType::kBool)
    return -1;
  if (condition.constant->blob->size != 1 || node.Subgraphs().size() != 2) return -1;
  return *condition.constant->blob->data != std::byte{0} ? 0 : 1;
}

void SinkConstants(Graph& graph, NodeId id) {
  Node& node = graph.nodes[id];
  const size_t formal = node.inputs.size() - node.captured;
  for (size_t c = node.captured; c-- > 0;) {
    const Value& outer = graph.values[node.inputs[formal + c]];
    if (!outer.constant) continue;
    for (Graph* body : node.Subgraphs()) {
      Value& inner = body->values[body->inputs[body->inputs.size() - node.captured + c]];
      inner.type = outer.type;
      inner.kind = outer.kind;
      inner.shape = outer.constant->shape;
      inner.constant = outer.constant;
    }
    DropCapture(node, c);
  }
}

Status InlineBranches(Graph& graph, const Options&) {
  const auto takes_one = [&](const Node& node) { return ConstantBranch(graph, node) >= 0; };
  if (std::ranges::none_of(graph.nodes, takes_one)) return {};
  std::unordered_set<std::string> value_names, node_names;
  for (const Value& value : graph.values) value_names.insert(value.name);
  for (const Node& node : graph.nodes) node_names.insert(node.name);
  Inliner inliner(graph, value_names, node_names);
  std::vector<Node> old = std::move(graph.nodes), nodes;
  for (Node& node : old) {
    const int branch = ConstantBranch(graph, node);
    if (branch < 0)
      nodes.push_back(std::move(node));
    else
      inliner.Inline(node, *node.Subgraphs()[static_cast<size_t>(branch)], &nodes);
  }
  graph.nodes.clear();
  for (Value& value : graph.values) value.producer = kNone;
  for (Node& node : nodes) graph.AddNode(std::move(node));
  return {};
}

Status OptimiseSubgraphs(Graph& graph, const Options& options) {
  Options inner = options;
  ++inner.depth;
  for (NodeId id = 0; id < graph.nodes.size(); ++id) {
    if (graph.nodes[id].Subgraphs().empty()) continue;
    SinkConstants(graph, id);
    Node& node = graph.nodes[id];
    for (Graph* body : node.Subgraphs()) {
      TENON_RETURN_IF_ERROR(
          RunPipeline(*body, inner).WithContext("in " + node.op + " \"" + node.name + "\""));
    }
    DropUnusedCaptures(node);
  }
  return {};
}

}  // namespace tenon::passes
