#include "tenon/graph/graph.h"

#include <algorithm>
#include <unordered_set>

namespace tenon::graph {

ValueId Graph::AddValue(Value value) {
  values.push_back(std::move(value));
  return static_cast<ValueId>(values.size() - 1);
}

NodeId Graph::AddNode(Node node) {
  const auto id = static_cast<NodeId>(nodes.size());
  for (ValueId output : node.outputs) {
    if (output != kNone) values[output].producer = id;
  }
  nodes.push_back(std::move(node));
  return id;
}

uint32_t Graph::SymbolFor(std::string_view symbol) {
  const auto found = std::find(symbols.begin(), symbols.end(), symbol);
  if (found == symbols.end()) {
    symbols.emplace_back(symbol);
    return static_cast<uint32_t>(symbols.size() - 1);
  }
  return static_cast<uint32_t>(found - symbols.begin());
}

ValueId Graph::FindValue(std::string_view value) const {
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].name == value) return static_cast<ValueId>(i);
  }
  return kNone;
}

std::vector<std::vector<NodeId>> Graph::Consumers() const {
  std::vector<std::vector<NodeId>> consumers(values.size());
  for (NodeId id = 0; id < nodes.size(); ++id) {
    for (ValueId input : nodes[id].inputs) {
      if (input != kNone) consumers[input].push_back(id);
    }
  }
  return consumers;
}

Status Graph::Sort() {
  std::vector<uint32_t> waiting(nodes.size(), 0);
  for (NodeId id = 0; id < nodes.size(); ++id) {
    for (ValueId input : nodes[id].inputs)
      waiting[id] += input != kNone && values[input].producer != kNone;
  }
  const auto consumers = Consumers();
  std::vector<NodeId> order;
  order.reserve(nodes.size());
  // Nodes that are ready are taken in the order of the file, so that sorting a sorted graph changes nothing.
  std::vector<NodeId> ready;
  for (NodeId id = static_cast<NodeId>(nodes.size()); id-- > 0;) {
    if (waiting[id] == 0) ready.push_back(id);
  }
  std::make_heap(ready.begin(), ready.end(), std::greater<>());
  while (!ready.empty()) {
    std::pop_heap(ready.begin(), ready.end(), std::greater<>());
    const NodeId id = ready.back();
    ready.pop_back();
    order.push_back(id);
    for (ValueId output : nodes[id].outputs) {
      if (output == kNone) continue;
      for (NodeId consumer : consumers[output]) {
        if (--waiting[consumer] != 0) continue;
        ready.push_back(consumer);
        std::push_heap(ready.begin(), ready.end(), std::greater<>());
      }
    }
  }
  if (order.size() != nodes.size()) {
    for (NodeId id = 0; id < nodes.size(); ++id) {
      if (waiting[id] == 0) continue;
      return Status(Code::kInvalidArgument, "the graph has a cycle through node \"" +
                                                nodes[id].name + "\" (" + nodes[id].op +
                                                "); a graph must be acyclic");
    }
  }
  std::vector<Node> sorted;
  sorted.reserve(nodes.size());
  for (NodeId id : order) {
    for (ValueId output : nodes[id].outputs) {
      if (output != kNone) values[output].producer = static_cast<NodeId>(sorted.size());
    }
    sorted.push_back(std::move(nodes[id]));
  }
  nodes = std::move(sorted);
  return {};
}

Status Graph::Validate() const {
  const auto broken = [](const std::string& what) {
    return Status(Code::kInternal, "graph: " + what);
  };
  std::vector<bool> known(values.size(), false);
  for (size_t i = 0; i < values.size(); ++i) known[i] = values[i].producer == kNone;
  std::unordered_set<std::string_view> names;
  for (const Value& value : values) {
    if (!names.insert(value.name).second)
      return broken("two values are named \"" + value.name + "\"");
  }
  for (NodeId id = 0; id < nodes.size(); ++id) {
    const Node& node = nodes[id];
    for (ValueId input : node.inputs) {
      if (input == kNone) continue;
      if (input >= values.size())
        return broken("node \"" + node.name + "\" reads a value that does not exist");
      if (!known[input]) {
        return broken("node \"" + node.name + "\" reads \"" + values[input].name +
                      "\" before it is made");
      }
    }
    if (node.captured > node.inputs.size())
      return broken("node \"" + node.name + "\" captures more than it has");
    for (const Graph* subgraph : node.Subgraphs()) {
      if (subgraph->inputs.size() < node.captured)
        return broken("a subgraph of \"" + node.name + "\" does not take what it captures");
      TENON_RETURN_IF_ERROR(subgraph->Validate().WithContext("node \"" + node.name + "\""));
    }
    for (ValueId output : node.outputs) {
      if (output == kNone) continue;
      if (output >= values.size())
        return broken("node \"" + node.name + "\" makes a value that does not exist");
      if (values[output].producer != id || known[output]) {
        return broken("value \"" + values[output].name + "\" has two producers or a wrong one");
      }
      known[output] = true;
    }
  }
  for (const std::vector<ValueId>* list : {&inputs, &outputs}) {
    for (ValueId id : *list) {
      if (id >= values.size() || !known[id])
        return broken("an input or output is not a value of the graph");
    }
  }
  return {};
}

void Graph::Compact() {
  std::vector<bool> used(values.size(), false);
  const auto mark = [&](ValueId id) {
    if (id != kNone) used[id] = true;
  };
  for (const Node& node : nodes) {
    for (ValueId id : node.inputs) mark(id);
    for (ValueId id : node.outputs) mark(id);
  }
  for (ValueId id : inputs) mark(id);
  for (ValueId id : outputs) mark(id);
  std::vector<ValueId> renumbered(values.size(), kNone);
  std::vector<Value> kept;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!used[i]) continue;
    renumbered[i] = static_cast<ValueId>(kept.size());
    kept.push_back(std::move(values[i]));
    kept.back().producer = kNone;
  }
  values = std::move(kept);
  const auto rename = [&](std::vector<ValueId>& ids) {
    for (ValueId& id : ids) id = id == kNone ? kNone : renumbered[id];
  };
  for (NodeId id = 0; id < nodes.size(); ++id) {
    rename(nodes[id].inputs);
    rename(nodes[id].outputs);
    for (ValueId output : nodes[id].outputs) {
      if (output != kNone) values[output].producer = id;
    }
  }
  rename(inputs);
  rename(outputs);
}

}  // namespace tenon::graph
