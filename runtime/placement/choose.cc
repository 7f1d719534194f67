#include "choose.h"

#include <algorithm>
#include <limits>

namespace tenon::placement {
namespace {

using graph::ValueId;

constexpr int kSweeps = 8;

// An input of a node that has a choice of ways.
struct Use {
  graph::NodeId node;
  uint32_t input;
  bool through_view;
};

class Chooser {
 public:
  explicit Chooser(const ChoiceProblem& problem) : problem_(problem), graph_(*problem.graph) {
    Prepare();
  }

  std::vector<uint32_t> Run() {
    if (std::ranges::none_of(problem_.ways, [](const auto& ways) { return ways.size() > 1; }))
      return chosen_;
    Forward();
    Backward();
    for (int sweep = 0; sweep < kSweeps && Refine(); ++sweep) {
    }
    return chosen_;
  }

 private:
  void Prepare() {
    const size_t values = graph_.values.size();
    chosen_.assign(graph_.nodes.size(), 0);
    uses_.resize(values);
    maker_.assign(values, {graph::kNone, 0});
    bytes_.resize(values);
    is_output_.resize(values);
    for (ValueId v = 0; v < values; ++v) bytes_[v] = AssumedBytes(graph_.values[v]);
    for (ValueId v : graph_.outputs) is_output_[Root(v)] = true;
    for (graph::NodeId n = 0; n < graph_.nodes.size(); ++n) {
      if (problem_.ways[n].empty()) continue;
      const graph::Node& node = graph_.nodes[n];
      for (uint32_t i = 0; i < node.inputs.size(); ++i) {
        if (node.inputs[i] == graph::kNone) continue;
        uses_[Root(node.inputs[i])].push_back({n, i, Root(node.inputs[i]) != node.inputs[i]});
      }
      for (uint32_t o = 0; o < node.outputs.size(); ++o) {
        if (node.outputs[o] != graph::kNone) maker_[node.outputs[o]] = {n, o};
      }
    }
  }

  ValueId Root(ValueId v) const {
    while (problem_.view_of[v] != graph::kNone) v = problem_.view_of[v];
    return v;
  }

  // Where a value is made when its maker goes way `way`; the host for inputs and what the host
  // computes.
  Location MadeAt(ValueId root, uint32_t way) const {
    const auto [node, output] = maker_[root];
    return node == graph::kNone ? Location{} : problem_.ways[node][way].outputs[output];
  }

  // What a use costs for itself where the value is made at `made`.
  double EdgeCost(ValueId root, const Location& made, const Location& wanted,
                  bool through_view) const {
    if (graph_.values[root].constant) {
      return wanted.layout == TENON_LAYOUT_ROW_MAJOR
                 ? 0
                 : ReorderCost(*problem_.devices[wanted.owner], bytes_[root]);
    }
    if (!through_view || wanted.layout == TENON_LAYOUT_ROW_MAJOR)
      return Spread(root, made, {wanted});
    Location dense = wanted;
    dense.layout = TENON_LAYOUT_ROW_MAJOR;
    dense.owner = kNone;
    return Spread(root, made, {dense}) + ReorderCost(*problem_.devices[wanted.owner], bytes_[root]);
  }

  double Spread(ValueId root, const Location& made, std::vector<Location> wanted) const {
    return SpreadCost(problem_.devices, bytes_[root], made, std::move(wanted));
  }

  // All uses of a value together: copies are shared.
  double ValueCost(ValueId root, const std::vector<uint32_t>& chosen) const {
    const graph::NodeId node = maker_[root].first;
    const Location made = MadeAt(root, node == graph::kNone ? 0 : chosen[node]);
    std::vector<Location> wanted;
    double extra = 0;
    if (is_output_[root]) wanted.emplace_back();
    for (const Use& use : uses_[root]) {
      Location place = Wanted(use, chosen[use.node]);
      if (use.through_view && place.layout != TENON_LAYOUT_ROW_MAJOR) {
        extra += ReorderCost(*problem_.devices[place.owner], bytes_[root]);
        place.layout = TENON_LAYOUT_ROW_MAJOR;
        place.owner = kNone;
      }
      wanted.push_back(place);
    }
    return Spread(root, made, std::move(wanted)) + extra;
  }

  const Location& Wanted(const Use& use, uint32_t way) const {
    return problem_.ways[use.node][way].inputs[use.input];
  }

  void Forward() {
    best_.resize(graph_.nodes.size());
    for (graph::NodeId n = 0; n < graph_.nodes.size(); ++n) {
      for (const Way& way : problem_.ways[n]) {
        double sum = way.cost;
        const graph::Node& node = graph_.nodes[n];
        for (uint32_t i = 0; i < node.inputs.size(); ++i) {
          if (node.inputs[i] == graph::kNone) continue;
          const ValueId root = Root(node.inputs[i]);
          sum += BestToHere(root, way.inputs[i], root != node.inputs[i]);
        }
        best_[n].push_back(sum);
      }
    }
  }

  double BestToHere(ValueId root, const Location& wanted, bool through_view) const {
    const graph::NodeId maker = maker_[root].first;
    if (maker == graph::kNone) return EdgeCost(root, {}, wanted, through_view);
    double best = std::numeric_limits<double>::infinity();
    const double users = static_cast<double>(uses_[root].size() + is_output_[root]);
    for (uint32_t w = 0; w < problem_.ways[maker].size(); ++w) {
      best = std::min(
          best, best_[maker][w] / users + EdgeCost(root, MadeAt(root, w), wanted, through_view));
    }
    return best;
  }

  void Backward() {
    for (graph::NodeId n = static_cast<graph::NodeId>(graph_.nodes.size()); n-- > 0;) {
      double least = std::numeric_limits<double>::infinity();
      for (uint32_t w = 0; w < problem_.ways[n].size(); ++w) {
        double sum = best_[n][w];
        for (ValueId v : graph_.nodes[n].outputs) {
          if (v == graph::kNone) continue;
          for (const Use& use : uses_[v]) {
            sum += EdgeCost(v, MadeAt(v, w), Wanted(use, chosen_[use.node]), use.through_view);
          }
          if (is_output_[v]) sum += EdgeCost(v, MadeAt(v, w), {}, false);
        }
        if (sum >= least) continue;
        least = sum;
        chosen_[n] = w;
      }
    }
  }

  double LocalCost(graph::NodeId n, uint32_t way) {
    const uint32_t before = chosen_[n];
    chosen_[n] = way;
    double sum = problem_.ways[n][way].cost;
    std::vector<ValueId> roots;
    const std::vector<ValueId>& inputs = graph_.nodes[n].inputs;
    for (uint32_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i] == graph::kNone) continue;
      const ValueId root = Root(inputs[i]);
      if (!graph_.values[root].constant) {
        roots.push_back(root);
      } else {  // uses of a constant cost each for itself
        sum += EdgeCost(root, {}, problem_.ways[n][way].inputs[i], root != inputs[i]);
      }
    }
    std::ranges::sort(roots);
    roots.erase(std::unique(roots.begin(), roots.end()), roots.end());
    for (ValueId v : graph_.nodes[n].outputs) {
      if (v != graph::kNone) roots.push_back(v);
    }
    for (ValueId root : roots) sum += ValueCost(root, chosen_);
    chosen_[n] = before;
    return sum;
  }

  bool Refine() {
    bool moved = false;
    for (graph::NodeId n = 0; n < graph_.nodes.size(); ++n) {
      if (problem_.ways[n].size() < 2) continue;
      const double now = LocalCost(n, chosen_[n]);
      double least = now;
      uint32_t to = chosen_[n];
      for (uint32_t w = 0; w < problem_.ways[n].size(); ++w) {
        const double cost = LocalCost(n, w);
        if (cost < least - 1e-9) {
          least = cost;
          to = w;
        }
      }
      moved |= to != chosen_[n];
      chosen_[n] = to;
    }
    return moved;
  }

  const ChoiceProblem& problem_;
  const graph::Graph& graph_;
  std::vector<uint32_t> chosen_;
  std::vector<std::vector<Use>> uses_;  // by root value
  std::vector<std::pair<graph::NodeId, uint32_t>>
      maker_;  // by value: node with ways, and its output
  std::vector<double> bytes_;
  std::vector<bool> is_output_;
  std::vector<std::vector<double>> best_;  // by node and way: the least cost up to here
};

}  // namespace

std::vector<uint32_t> Choose(const ChoiceProblem& problem) { return Chooser(problem).Run(); }

}  // namespace tenon::placement
