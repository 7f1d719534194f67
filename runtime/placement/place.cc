#include <algorithm>
#include <map>
#include <utility>

#include "placing.h"

namespace tenon::placement {

Result<PlacedGraph> Place(graph::Graph graph, const Options& options) {
  Declined own;
  Declined* const declined = options.declined ? options.declined.get() : &own;
  for (;;) {
    TENON_ASSIGN(std::optional<PlacedGraph> placed, Placing(graph, options, declined).Run());
    if (placed) return std::move(*placed);
  }
}

bool AnyKernelTakes(const graph::Graph& graph, graph::NodeId node, const Options& options) {
  for (const auto& group : options.backends.groups) {
    for (const auto& backend : group) {
      if (backend->devices().empty()) continue;
      if (!Matcher(*backend->devices()[0], options.numerics).Find(graph, node, nullptr).empty())
        return true;
    }
  }
  return false;
}

Placing::Placing(graph::Graph graph, const Options& options, Declined* declined)
    : graph_(std::move(graph)), options_(options), declined_(declined) {
  for (uint32_t g = 0; g < options.backends.groups.size(); ++g) {
    for (const auto& backend : options.backends.groups[g]) {
      if (backend->devices().empty()) continue;
      backend::Device& device = *backend->devices()[0];
      entries_.push_back({g, std::make_unique<Matcher>(device, options.numerics)});
      problem_.devices.push_back(&device);
    }
  }
}

Result<std::optional<PlacedGraph>> Placing::Run() {
  const size_t count = graph_.nodes.size();
  problem_.ways.resize(count);
  problem_.view_of.assign(graph_.values.size(), graph::kNone);
  colours_.assign(count, 0);
  arithmetic_colours_.resize(count);
  colour_device_.assign(1, kNone);
  refusals_.resize(count);
  HostNodes host(graph_);
  for (graph::NodeId n = 0; n < count; ++n) {
    host_.push_back(host.Classify(graph_, n));
    reads_contents_.push_back(host.ReadsContents(graph_, graph_.nodes[n]));
  }
  for (uint32_t g = 0; g < options_.backends.groups.size(); ++g) TENON_RETURN_IF_ERROR(AskGroup(g));
  TENON_RETURN_IF_ERROR(CheckAllTaken());
  for (graph::NodeId n = 0; n < count; ++n) {
    const graph::Node& node = graph_.nodes[n];
    if (host_[n] == NodeChoice::Kind::kView && colours_[n] == 0)
      problem_.view_of[node.outputs[0]] = node.inputs[0];
  }
  problem_.graph = &graph_;
  chosen_ = Choose(problem_);
  PlacedGraph placed = Assemble();
  TENON_ASSIGN(const bool compiled, CompileSegments(&placed));
  if (!compiled) return std::optional<PlacedGraph>();
  TENON_RETURN_IF_ERROR(PlaceSubgraphs(&placed));
  return std::optional<PlacedGraph>(std::move(placed));
}

Status Placing::PlaceSubgraphs(PlacedGraph* placed) const {
  for (graph::NodeId n = 0; n < placed->nodes.size(); ++n) {
    const graph::Node& node = placed->graph.nodes[n];
    const std::vector<const graph::Graph*> subgraphs = node.Subgraphs();
    for (size_t s = 0; s < subgraphs.size(); ++s) {
      Options options = options_;
      options.path = SubgraphPath(options_.path, node, s);
      auto inner = Place(*subgraphs[s], options);
      if (!inner.ok())
        return std::move(inner).status().WithContext("in " + node.op + " \"" + node.name + "\"");
      placed->nodes[n].subgraphs.push_back(
          std::make_shared<const PlacedGraph>(std::move(inner).value()));
    }
  }
  return Status();
}

Status Placing::AskGroup(uint32_t group) {
  for (uint32_t d = 0; d < entries_.size(); ++d) {
    if (entries_[d].group != group || problem_.devices[d]->backend().compile() == nullptr) continue;
    TENON_RETURN_IF_ERROR(AskCompiler(d));
  }
  AskKernels(group);
  return Status();
}

Status Placing::AskCompiler(uint32_t d) {
  const std::string& backend = problem_.devices[d]->backend().name();
  std::vector<bool> offered(graph_.nodes.size());
  for (graph::NodeId n = 0; n < offered.size(); ++n) {
    const bool open =
        colours_[n] == 0 && problem_.ways[n].empty() && host_[n] != NodeChoice::Kind::kHostStep;
    if (!open) continue;
    const auto declined = declined_->find({backend, KeyOf(graph_.nodes[n].name)});
    if (reads_contents_[n] && !problem_.devices[d]->backend().descriptors().empty()) continue;
    if (reads_contents_[n]) {
      refusals_[n].push_back(
          {backend, "", TENON_REASON_DYNAMIC_SHAPE,
           "its shapes follow from contents that only a run knows; compilers are "
           "not asked for such nodes"});
    } else if (declined != declined_->end()) {
      refusals_[n].push_back({backend, "", TENON_REASON_OTHER, declined->second});
    } else {
      offered[n] = true;
    }
  }
  TENON_ASSIGN(const std::vector<uint32_t> taken,
               AskColours(*problem_.devices[d], options_.numerics, graph_, offered, &refusals_));
  std::map<uint32_t, uint32_t> numbers;
  for (graph::NodeId n = 0; n < taken.size(); ++n) {
    // The host computes it for itself anyway: shapes are known before anything runs.
    if (host_[n] == NodeChoice::Kind::kHost) refusals_[n].clear();
    if (taken[n] == 0) continue;
    const auto [number, added] =
        numbers.try_emplace(taken[n], static_cast<uint32_t>(colour_device_.size()));
    if (added) colour_device_.push_back(d);
    if (host_[n] == NodeChoice::Kind::kHost) {
      arithmetic_colours_[n].insert(number->second);
    } else {
      colours_[n] = number->second;
    }
  }
  if (problem_.devices[d]->backend().descriptors().empty()) AssumeColours(d);
  return Status();
}

bool Placing::IsAssumed(uint32_t d, graph::NodeId n) const {
  return options_.assumption != nullptr &&
         options_.assumption->backend == problem_.devices[d]->backend().name() &&
         options_.assumption->nodes.contains(KeyOf(graph_.nodes[n].name));
}

// Of a backend that compiles only: with the colour of a neighbour, else with one of their own.
void Placing::AssumeColours(uint32_t d) {
  const auto near = [&](graph::NodeId n) -> uint32_t {
    for (graph::ValueId v : graph_.nodes[n].inputs) {
      const graph::NodeId from = v == graph::kNone ? v : graph_.values[v].producer;
      if (from != graph::kNone && colours_[from] != 0 && colour_device_[colours_[from]] == d)
        return colours_[from];
    }
    return 0;
  };
  for (graph::NodeId n = 0; n < graph_.nodes.size(); ++n) {
    if (!IsAssumed(d, n) || !IsOpen(n) || reads_contents_[n]) continue;
    colours_[n] = near(n);
    if (colours_[n] != 0) continue;
    const auto on_d = std::ranges::find(colour_device_, d);
    colours_[n] = static_cast<uint32_t>(on_d - colour_device_.begin());
    if (on_d == colour_device_.end()) colour_device_.push_back(d);
  }
}

void Placing::AskKernels(uint32_t group) {
  for (graph::NodeId n = 0; n < graph_.nodes.size(); ++n) {
    if (!IsOpen(n)) continue;
    for (uint32_t d = 0; d < entries_.size(); ++d) {
      if (entries_[d].group != group) continue;
      const backend::Backend& backend = problem_.devices[d]->backend();
      if (backend.descriptors().empty() && backend.compile() != nullptr) continue;
      AddWays(d, n, entries_[d].matcher->Find(graph_, n, &refusals_[n]));
      if (IsAssumed(d, n) && problem_.ways[n].empty())
        AddWays(d, n, {{&AssumedKernel(graph_.nodes[n]), nullptr}});
    }
  }
}

Location Placing::LocationOf(uint32_t device, uint32_t memory, tenon_layout layout) const {
  Location place;
  if (memory != TENON_MEMORY_HOST) {
    place.device = device;
    place.kind = memory;
  }
  place.layout = layout;
  if (layout != TENON_LAYOUT_ROW_MAJOR) place.owner = device;
  return place;
}

// Matches with the same arguments are one way: the cheapest first (of equals the first), the others
// to fall back to.
void Placing::AddWays(uint32_t d, graph::NodeId n, std::vector<Match> matches) {
  const backend::Device& device = *problem_.devices[d];
  std::vector<Way> ways;
  for (Match& match : matches) {
    const graph::Graph& where = match.rewritten ? match.rewritten->graph : graph_;
    const graph::Node& node = where.nodes[match.rewritten ? match.rewritten->node : n];
    const double cost = KernelCost(device, *match.kernel, where, node);
    auto same = [&](const Way& way) {
      return way.matches[0].rewritten == match.rewritten &&
             SameArguments(device, *way.matches[0].kernel, *match.kernel, node.inputs.size(),
                           node.outputs.size());
    };
    if (const auto found = std::ranges::find_if(ways, same); found != ways.end()) {
      const bool cheaper = cost < found->cost;
      found->matches.insert(cheaper ? found->matches.begin() : found->matches.end(),
                            std::move(match));
      found->cost = std::min(found->cost, cost);
      continue;
    }
    Way& way = ways.emplace_back();
    way.device = d;
    way.cost = cost;
    const graph::Node& original = graph_.nodes[n];
    for (size_t i = 0; i < original.inputs.size(); ++i) {
      way.inputs.push_back(
          LocationOf(d, InputMemory(device, *match.kernel, i), InputLayout(*match.kernel, i)));
    }
    for (size_t o = 0; o < original.outputs.size(); ++o) {
      way.outputs.push_back(
          LocationOf(d, OutputMemory(device, *match.kernel, o), OutputLayout(*match.kernel, o)));
    }
    way.matches.push_back(std::move(match));
  }
  for (Way& way : ways) problem_.ways[n].push_back(std::move(way));
}

Status Placing::CheckAllTaken() const {
  std::vector<graph::NodeId> open, fallen;
  for (graph::NodeId n = 0; n < graph_.nodes.size(); ++n) {
    if (IsOpen(n)) open.push_back(n);
    const uint32_t device = colours_[n] != 0           ? colour_device_[colours_[n]]
                            : problem_.ways[n].empty() ? kNone
                                                       : problem_.ways[n][0].device;
    if (device != kNone && entries_[device].group > 0) fallen.push_back(n);
  }
  if (!open.empty() && !options_.allow_nobody) return RefuseNodes(open, "no backend takes", kNone);
  if (options_.forbid_fallback && !fallen.empty())
    return RefuseNodes(fallen, "the first backends do not take", 0);
  return Status();
}

Status Placing::RefuseNodes(const std::vector<graph::NodeId>& nodes, const std::string& what,
                            uint32_t last_group) const {
  constexpr size_t kListed = 10;
  std::vector<std::string> asked;
  for (size_t d = 0; d < entries_.size(); ++d) {
    const std::string& backend = problem_.devices[d]->backend().name();
    if (entries_[d].group <= last_group && std::ranges::find(asked, backend) == asked.end())
      asked.push_back(backend);
  }
  std::string text = what + " " + std::to_string(nodes.size()) + " of " +
                     std::to_string(graph_.nodes.size()) + " nodes:";
  for (size_t i = 0; i < std::min(nodes.size(), kListed); ++i) {
    const graph::Node& node = graph_.nodes[nodes[i]];
    text += "\n  " + (node.domain.empty() ? node.op : node.domain + "." + node.op) + " \"" +
            node.name + "\"";
    const std::vector<Refusal>& refusals = refusals_[nodes[i]];
    if (asked.empty()) text += ": no backend is listed";
    const char* separator = ": ";
    for (const std::string& backend : asked) {
      std::vector<const Refusal*> said;
      for (const Refusal& refusal : refusals) {
        if (refusal.backend == backend && !IsBesidesThePoint(refusal, refusals))
          said.push_back(&refusal);
      }
      if (said.empty()) continue;
      text += std::exchange(separator, "; ") + backend +
              (said[0]->kernel.empty() ? "" : "." + said[0]->kernel) + ": " + said[0]->message;
      if (said.size() > 1) text += " (and " + std::to_string(said.size() - 1) + " other kernels)";
    }
  }
  if (nodes.size() > kListed) text += "\n  and " + std::to_string(nodes.size() - kListed) + " more";
  return Status(Code::kUnsupported, text);
}

}  // namespace tenon::placement
