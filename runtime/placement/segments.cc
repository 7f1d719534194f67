#include "segments.h"

#include <algorithm>
#include <map>
#include <optional>
#include <queue>
#include <set>

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

// A node, or one that is seen through  arithmetic: the level is how often the colour
// changes on the way to it.
struct Source {
  uint32_t colour, level;
  NodeId node;
};

// Of each colour the highest level counts. Nodes of one colour and level may be joined: a way from one
// to another never leaves them.
void AddSource(const Source& source, std::vector<Source>* sources, Groups* groups) {
  const auto known = std::ranges::find(*sources, source.colour, &Source::colour);
  if (known == sources->end()) return sources->push_back(source);
  if (known->level == source.level && source.colour != 0) groups->Join(known->node, source.node);
  if (known->level < source.level) *known = source;
}

}  // namespace

Parts SplitColours(const graph::Graph& graph, std::span<const uint32_t> colours,
                   const std::vector<bool>& arithmetic) {
  const size_t count = graph.nodes.size();
  Groups groups(count);
  // What a node waits for, seen through arithmetic; of a node that is none: itself.
  std::vector<std::vector<Source>> sources(count);
  for (NodeId n = 0; n < count; ++n) {
    std::vector<Source> before;
    for (ValueId v : graph.nodes[n].inputs) {
      const NodeId from = ProducerOf(graph, v);
      if (from == graph::kNone) continue;
      for (const Source& source : sources[from]) AddSource(source, &before, &groups);
    }
    if (arithmetic[n]) {
      sources[n] = std::move(before);
      continue;
    }
    uint32_t level = 0;
    for (const Source& source : before)
      level = std::max(level, source.level + (source.colour != colours[n]));
    for (const Source& source : before) {
      if (colours[n] != 0 && source.colour == colours[n] && source.level == level)
        groups.Join(source.node, n);
    }
    sources[n] = {{colours[n], level, n}};
  }
  Parts parts{std::vector<uint32_t>(count, kNone), std::vector<uint32_t>(count, kNone)};
  std::map<uint32_t, uint32_t> numbers;
  for (NodeId n = 0; n < count; ++n) {
    if (colours[n] == 0) continue;
    parts.of[n] =
        numbers.try_emplace(groups.Find(n), static_cast<uint32_t>(numbers.size())).first->second;
  }
  // Arithmetic between nodes of one part stands among them.
  parts.among = parts.of;
  std::vector<std::set<uint32_t>> read_by(count);  // of arithmetic: parts
  for (NodeId n = static_cast<NodeId>(count); n-- > 0;) {
    if (arithmetic[n]) {
      for (const Source& source : sources[n]) {
        const uint32_t part = parts.of[source.node];
        if (part != kNone && read_by[n].contains(part)) parts.among[n] = part;
      }
    }
    for (ValueId v : graph.nodes[n].inputs) {
      const NodeId from = ProducerOf(graph, v);
      if (from == graph::kNone || !arithmetic[from]) continue;
      if (arithmetic[n]) read_by[from].insert(read_by[n].begin(), read_by[n].end());
      if (parts.of[n] != kNone) read_by[from].insert(parts.of[n]);
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

void FindBoundary(const graph::Graph& graph, const std::vector<bool>& arithmetic,
                  Segment* segment) {
  std::vector<bool> inside(graph.nodes.size()), entered(graph.values.size());
  for (NodeId n : segment->nodes) inside[n] = true;
  std::vector<bool> leaves(graph.values.size());
  for (ValueId v : graph.outputs) leaves[v] = true;
  for (NodeId n = 0; n < graph.nodes.size(); ++n) {
    for (ValueId v : graph.nodes[n].inputs) {
      if (v == graph::kNone) continue;
      if (!inside[n] && !arithmetic[n]) leaves[v] = true;  // which reads shapes alone
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

void TakeArithmetic(const graph::Graph& graph, const std::vector<bool>& wanted, Segment* segment) {
  std::vector<bool> there(graph.values.size()), taken(graph.nodes.size());
  for (ValueId v : segment->inputs) {
    const NodeId from = graph.values[v].producer;
    there[v] = from == graph::kNone || !wanted[from];
  }
  for (NodeId n : segment->nodes) {
    for (ValueId v : graph.nodes[n].outputs) {
      if (v != graph::kNone) there[v] = true;
    }
  }
  for (NodeId n = 0; n < segment->nodes.back(); ++n) {
    const auto& inputs = graph.nodes[n].inputs;
    taken[n] = wanted[n] && std::ranges::all_of(inputs, [&](ValueId v) {
                 return v == graph::kNone || graph.values[v].constant || there[v];
               });
    for (ValueId v : graph.nodes[n].outputs) {
      if (taken[n] && v != graph::kNone) there[v] = true;
    }
  }
  // Only what the segment reads.
  std::vector<ValueId> open;
  std::erase_if(segment->inputs, [&](ValueId v) {
    const NodeId from = graph.values[v].producer;
    const bool inside = from != graph::kNone && taken[from];
    if (inside) open.push_back(v);
    return inside;
  });
  std::set<NodeId> needed;
  while (!open.empty()) {
    const NodeId from = graph.values[open.back()].producer;
    open.pop_back();
    if (from == graph::kNone || !taken[from] || !needed.insert(from).second) continue;
    for (ValueId v : graph.nodes[from].inputs) {
      if (v != graph::kNone) open.push_back(v);
    }
  }
  segment->arithmetic.assign(needed.begin(), needed.end());
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

// Why the backend has not coloured a node; nothing where it does not say, and has kernels that do.
std::optional<Refusal> WhyNot(const backend::Backend& backend, const tenon_compile_target& target,
                              const tenon_segment& graph, uint32_t node) {
  const tenon_compile_interface& compiler = *backend.compile();
  Refusal refusal{backend.name(), "", TENON_REASON_OTHER, "its compiler does not take the node"};
  if (!TENON_HAS(&compiler, tenon_compile_interface, refusal) || compiler.refusal == nullptr)
    return backend.descriptors().empty() ? std::optional(refusal) : std::nullopt;
  const Status status = backend.Call(
      "compile.refusal", [&] { return compiler.refusal(backend.handle(), &target, &graph, node); },
      &refusal.reason);
  if (!status.ok()) refusal.message = status.message();
  return refusal;
}

}  // namespace

Result<std::vector<uint32_t>> AskColours(const backend::Device& device, tenon_numerics numerics,
                                         const graph::Graph& graph,
                                         const std::vector<bool>& offered,
                                         std::vector<std::vector<Refusal>>* refusals) {
  std::vector<uint32_t> colours(graph.nodes.size(), 0);
  Segment part;
  for (NodeId n = 0; n < offered.size(); ++n) {
    if (offered[n]) part.nodes.push_back(n);
  }
  if (part.nodes.empty()) return colours;
  FindBoundary(graph, std::vector<bool>(graph.nodes.size()), &part);
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
  for (uint32_t i = 0; i < part.nodes.size(); ++i) {
    colours[part.nodes[i]] = taken[i];
    if (taken[i] != 0) continue;
    if (auto refusal = WhyNot(backend, target, *view.segment(), i))
      (*refusals)[part.nodes[i]].push_back(std::move(*refusal));
  }
  return colours;
}

}  // namespace tenon::placement
