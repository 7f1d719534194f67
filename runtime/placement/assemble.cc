// Putting the chosen ways together: nodes of a segment next to each other, rewritten nodes in the
// place of those that they say, unused devices left out, and segments compiled.
#include <algorithm>
#include <unordered_set>

#include "placing.h"

namespace tenon::placement {

using Kind = NodeChoice::Kind;

// Where a kernel stands in the order in which kernels are asked: its backend's place, its own among the backend's.
std::pair<size_t, size_t> Placing::Rank(const std::string& backend,
                                        const std::string& kernel) const {
  for (size_t d = 0; d < problem_.devices.size(); ++d) {
    const backend::Backend& at = problem_.devices[d]->backend();
    if (at.name() != backend) continue;
    const auto found = std::ranges::find(at.descriptors(), kernel, &tenon_kernel_descriptor::name);
    return {d, static_cast<size_t>(found - at.descriptors().begin())};
  }
  return {problem_.devices.size(), 0};
}

NodeChoice Placing::RowOf(graph::NodeId n) const {
  const graph::Node& node = graph_.nodes[n];
  NodeChoice row;
  row.path = options_.path;
  row.node = node.name;
  row.op = node.domain.empty() ? node.op : node.domain + "." + node.op;
  row.refusals = refusals_[n];
  if (colours_[n] != 0) {
    row.kind = Kind::kSegment;
    row.backend = problem_.devices[colour_device_[colours_[n]]]->backend().name();
    row.kernel = "compiled";
    row.cost_us =
        CompiledCost(*problem_.devices[colour_device_[colours_[n]]], graph_, graph_.nodes[n]);
  } else if (host_[n]) {
    row.kind = *host_[n];
    row.backend = "host";
  } else if (problem_.ways[n].empty()) {
    row.kind = Kind::kNobody;
  } else {
    const Way& way = problem_.ways[n][chosen_[n]];
    row.backend = problem_.devices[way.device]->backend().name();
    row.kernel = way.matches[0].kernel->name;
    for (size_t m = 1; m < way.matches.size(); ++m)
      row.fallbacks.push_back(way.matches[m].kernel->name);
    row.cost_us = way.cost;
    for (const Way& other : problem_.ways[n]) {
      const std::string& name = problem_.devices[other.device]->backend().name();
      const bool listed = std::ranges::find(row.passed_over, name) != row.passed_over.end();
      if (other.device != way.device && !listed) row.passed_over.push_back(name);
    }
    // What comes after the choice was not before it.
    std::erase_if(row.refusals, [&](const Refusal& refusal) {
      return Rank(refusal.backend, refusal.kernel) > Rank(row.backend, row.kernel);
    });
  }
  return row;
}

PlacedGraph Placing::Assemble() {
  std::vector<bool> arithmetic;
  for (const auto& kind : host_) arithmetic.push_back(kind == Kind::kHost);
  const auto [parts, among] = SplitColours(graph_, colours_, arithmetic);
  const std::vector<graph::NodeId> order = OrderByParts(graph_, among);
  PlacedGraph out;
  std::vector<graph::Node> nodes = std::move(graph_.nodes);
  graph_.nodes = nodes;  // rows and choices still look at it
  out.graph = graph_;
  out.path = options_.path;
  out.graph.nodes.clear();
  std::vector<uint32_t> device_number(problem_.devices.size(), kNone),
      segment_number(nodes.size(), kNone);
  std::vector<uint32_t> segment_colour;
  std::vector<std::set<uint32_t>> held_by;  // by node of `out`: see arithmetic_colours_
  auto use_device = [&](uint32_t d) {
    if (device_number[d] == kNone) {
      device_number[d] = static_cast<uint32_t>(out.devices.size());
      out.devices.push_back(problem_.devices[d]);
    }
    return device_number[d];
  };
  for (graph::NodeId n : order) {
    NodePlacement placement;
    if (colours_[n] != 0) {
      placement.kind = Kind::kSegment;
      placement.device = use_device(colour_device_[colours_[n]]);
      if (segment_number[parts[n]] == kNone) {
        segment_number[parts[n]] = static_cast<uint32_t>(out.segments.size());
        out.segments.emplace_back().device = placement.device;
        segment_colour.push_back(colours_[n]);
      }
      placement.segment = segment_number[parts[n]];
      out.segments[placement.segment].nodes.push_back(
          static_cast<graph::NodeId>(out.graph.nodes.size()));
    } else if (host_[n]) {
      placement.kind = *host_[n];
    } else if (problem_.ways[n].empty()) {
      placement.kind = Kind::kNobody;
    } else {
      const Way& way = problem_.ways[n][chosen_[n]];
      placement.device = use_device(way.device);
      for (const Match& match : way.matches) placement.kernels.push_back(match.kernel);
      if (way.matches[0].rewritten) {
        AppendRewritten(*way.matches[0].rewritten, nodes[n].name, placement, RowOf(n), &out);
        continue;
      }
    }
    held_by.resize(out.graph.nodes.size());
    held_by.push_back(arithmetic_colours_[n]);
    out.report.rows.push_back(RowOf(n));
    out.nodes.push_back(std::move(placement));
    out.graph.AddNode(std::move(nodes[n]));
  }
  held_by.resize(out.graph.nodes.size());
  arithmetic.clear();
  for (const NodePlacement& node : out.nodes) arithmetic.push_back(node.kind == Kind::kHost);
  for (size_t s = 0; s < out.segments.size(); ++s) {
    FindBoundary(out.graph, arithmetic, &out.segments[s]);
    std::vector<bool> wanted;
    for (const auto& colours : held_by) wanted.push_back(colours.contains(segment_colour[s]));
    TakeArithmetic(out.graph, wanted, &out.segments[s]);
  }
  return out;
}

void Placing::AppendRewritten(const Rewritten& rewritten, const std::string& name,
                              const NodePlacement& placement, const NodeChoice& row,
                              PlacedGraph* out) {
  const graph::Graph& part = rewritten.graph;
  std::unordered_set<std::string> names;
  for (const graph::Value& value : out->graph.values) names.insert(value.name);
  std::vector<graph::ValueId> ids = rewritten.values;
  for (size_t v = ids.size(); v < part.values.size(); ++v) {
    graph::Value value = part.values[v];
    value.producer = graph::kNone;
    for (int i = 1; !names.insert(value.name).second; ++i)
      value.name = part.values[v].name + "_" + std::to_string(i);
    ids.push_back(out->graph.AddValue(std::move(value)));
  }
  HostNodes host(part);
  for (graph::NodeId n = 0; n < part.nodes.size(); ++n) {
    graph::Node node = part.nodes[n];
    const std::optional<Kind> kind = host.Classify(part, n);
    for (graph::ValueId& v : node.inputs) v = v == graph::kNone ? v : ids[v];
    for (graph::ValueId& v : node.outputs) v = v == graph::kNone ? v : ids[v];
    NodeChoice choice = row;
    NodePlacement placed = placement;
    if (n != rewritten.node) {  // a helper: Reshape is a view, Shape host arithmetic
      choice = {};
      choice.path = row.path;
      choice.origin = row.node;
      choice.node = node.name;
      choice.op = node.op;
      choice.backend = "host";
      choice.kind = placed.kind = kind.value_or(Kind::kView);
      placed.device = kNone;
      placed.kernels.clear();
    } else {
      node.name = name;
    }
    out->report.rows.push_back(std::move(choice));
    out->nodes.push_back(std::move(placed));
    out->graph.AddNode(std::move(node));
  }
}

Result<bool> Placing::CompileSegments(PlacedGraph* placed) {
  if (options_.assumption != nullptr) return true;
  for (Segment& segment : placed->segments) {
    const backend::Device& device = *placed->devices[segment.device];
    auto artifact = Compile(device, options_, placed->graph, segment);
    if (artifact.ok()) {
      segment.artifact = std::move(artifact).value();
      continue;
    }
    const std::string& backend = device.backend().name();
    if (artifact.status().code() != Code::kUnsupported) {
      return std::move(artifact).status().WithContext(
          "compiling a segment of " + std::to_string(segment.nodes.size()) + " nodes from \"" +
          placed->graph.nodes[segment.nodes[0]].name + "\" on " + backend);
    }
    for (graph::NodeId n : segment.nodes) {
      declined_->emplace(
          std::pair(backend, KeyOf(placed->graph.nodes[n].name)),
          "its segment was not compiled: " + std::string(artifact.status().message()));
    }
    return false;
  }
  return true;
}

}  // namespace tenon::placement
