#include "segments.h"

#include <algorithm>
#include <map>
#include <queue>

#include "tenon/placement/abi_views.h"

namespace tenon::placement {
namespace {

using graph::NodeId;
using graph::ValueId;

NodeId ProducerOf(const graph::Graph& graph, ValueId v) {
  return v == graph::kNone ? graph::kNone : graph.values[v].producer;
}

// Union-find without ranks; graphs are small.
struct Groups {
  explicit Groups(size_t count) : parent(count) {
    for (uint32_t i = 0; i < count; ++i) parent[i] = i;
  }
  uint32_t Find(uint32_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  }
  void Join(uint32_t a, uint32_t b) {
    parent[std::max(Find(a), Find(b))] = std::min(Find(a), Find(b));
  }
  std::vector<uint32_t> parent;
};

}  // namespace

std::vector<uint32_t> SplitColours(const graph::Graph& graph, std::span<const uint32_t> colours) {
  const size_t count = graph.nodes.size();
  std::vector<uint32_t> changes(count, 0), parts(count, kNone);
  Groups groups(count);
  for (NodeId n = 0; n < count; ++n) {
    for (ValueId v : graph.nodes[n].inputs) {
      const NodeId from = ProducerOf(graph, v);
      if (from != graph::kNone)
        changes[n] = std::max(changes[n], changes[from] + (colours[from] != colours[n]));
    }
    for (ValueId v : graph.nodes[n].inputs) {
      const NodeId from = ProducerOf(graph, v);
      if (from == graph::kNone || colours[n] == 0) continue;
      if (colours[from] == colours[n] && changes[from] == changes[n]) groups.Join(from, n);
    }
  }
  std::map<uint32_t, uint32_t> numbers;
  for (NodeId n = 0; n < count; ++n) {
    if (colours[n] != 0) {
      parts[n] =
          numbers.try_emplace(groups.Find(n), static_cast<uint32_t>(numbers.size())).first->second;
    }
  }
  return parts;
}

std::vector<NodeId> OrderByParts(const graph::Graph& graph, std::span<const uint32_t> parts) {
  const size_t count = graph.nodes.size();
  // A unit is a part, or a node alone; it is named by its first node and comes in the order of its
  // last.
  std::vector<std::vector<NodeId>> members(count);
  std::vector<NodeId> unit(count);
  std::map<uint32_t, NodeId> first;
  for (NodeId n = 0; n < count; ++n) {
    unit[n] = parts[n] == kNone ? n : first.try_emplace(parts[n], n).first->second;
    members[unit[n]].push_back(n);
  }
  std::vector<std::vector<NodeId>> after(count);
  std::vector<uint32_t> waits(count, 0);
  for (NodeId n = 0; n < count; ++n) {
    for (ValueId v : graph.nodes[n].inputs) {
      const NodeId from = ProducerOf(graph, v);
      if (from == graph::kNone || unit[from] == unit[n]) continue;
      after[unit[from]].push_back(unit[n]);
      ++waits[unit[n]];
    }
  }
  using Entry = std::pair<NodeId, NodeId>;  // last member, unit
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
  for (NodeId u = 0; u < count; ++u) {
    if (!members[u].empty() && waits[u] == 0) ready.push({members[u].back(), u});
  }
  std::vector<NodeId> order;
  while (!ready.empty()) {
    const NodeId u = ready.top().second;
    ready.pop();
    order.insert(order.end(), members[u].begin(), members[u].end());
    for (NodeId next : after[u]) {
      if (--waits[next] == 0) ready.push({members[next].back(), next});
    }
  }
  return order;
}

void FindBoundary(const graph::Graph& graph, Segment* segment) {
  std::vector<bool> inside(graph.nodes.size()), entered(graph.values.size());
  for (NodeId n : segment->nodes) inside[n] = true;
  std::vector<bool> leaves(graph.values.size());
  for (ValueId v : graph.outputs) leaves[v] = true;
  for (NodeId n = 0; n < graph.nodes.size(); ++n) {
    for (ValueId v : graph.nodes[n].inputs) {
      if (v == graph::kNone) continue;
      if (!inside[n]) leaves[v] = true;
      const NodeId from = graph.values[v].producer;
      const bool enters =
          inside[n] && !graph.values[v].constant && (from == graph::kNone || !inside[from]);
      if (!enters || entered[v]) continue;
      entered[v] = true;
      segment->inputs.push_back(v);
    }
  }
  for (NodeId n : segment->nodes) {
    for (ValueId v : graph.nodes[n].outputs) {
      if (v != graph::kNone && leaves[v]) segment->outputs.push_back(v);
    }
  }
}

namespace {

tenon_compile_target TargetOf(const backend::Device& device, tenon_numerics numerics) {
  tenon_compile_target target{};
  target.struct_size = sizeof target;
  target.numerics = numerics;
  target.device_name = device.info().name;
  target.fingerprint = device.info().fingerprint;
  return target;
}

}  // namespace

Result<std::vector<uint32_t>> AskColours(const backend::Device& device, tenon_numerics numerics,
                                         const graph::Graph& graph,
                                         const std::vector<bool>& offered) {
  std::vector<uint32_t> colours(graph.nodes.size(), 0);
  Segment part;
  for (NodeId n = 0; n < offered.size(); ++n) {
    if (offered[n]) part.nodes.push_back(n);
  }
  if (part.nodes.empty()) return colours;
  FindBoundary(graph, &part);
  const AbiSegment view(graph, graph.name.c_str(), part.nodes, part.inputs, part.outputs);
  const tenon_compile_target target = TargetOf(device, numerics);
  std::vector<uint32_t> taken(part.nodes.size(), 0);
  const backend::Backend& backend = device.backend();
  TENON_RETURN_IF_ERROR(backend
                            .Call("compile.colour",
                                  [&] {
                                    return backend.compile()->colour(backend.handle(), &target,
                                                                     view.segment(), taken.data());
                                  })
                            .WithContext("colouring the graph for " + backend.name()));
  for (size_t i = 0; i < part.nodes.size(); ++i) colours[part.nodes[i]] = taken[i];
  return colours;
}

}  // namespace tenon::placement
