// What would change if a backend took what it refuses: the graph is placed again with that refusal lifted, lowered, and
// its copies and modelled costs are compared.
#include <algorithm>

#include "explanation.h"
#include "tenon/program/lower.h"

namespace tenon::session {
namespace {

using Kind = placement::NodeChoice::Kind;

constexpr size_t kMostPlacements = 24;

// What somebody can change, by the kind of the reason.
std::string ChangeFor(const RowGroup& group, const Why& why) {
  const std::string kernel = why.backend + ": ";
  const std::string wants = why.wants.empty() ? "what is missing" : why.wants;
  switch (why.reason) {
    case TENON_REASON_OPERATOR:
      return kernel + "a kernel for " + group.op;
    case TENON_REASON_REVISION:
      return kernel + "a kernel for this revision of " + group.op;
    case TENON_REASON_DTYPE:
      return "model: Cast to " + wants + ", or " + kernel + "a kernel for this type";
    case TENON_REASON_DYNAMIC_SHAPE:
      return "--dim NAME=V, or fixed dimensions in the model";
    case TENON_REASON_ATTRIBUTE:
    case TENON_REASON_RANK:
    case TENON_REASON_SHAPE:
      return "model: " + (why.field.empty() ? "" : why.field + " = ") + wants + ", or " + kernel +
             "a kernel that takes it";
    case TENON_REASON_CONSTANT:
      return "model: an initializer instead of a computed input";
    case TENON_REASON_NUMERICS:
      return "another --class, or " + kernel + "a kernel of this class";
    case TENON_REASON_OPTION:
      return "--set " + why.backend + "." +
             (why.field.starts_with("option ") ? why.field.substr(7) : "OPTION") +
             "=VALUE that takes it";
    default:
      return kernel + "a kernel that takes it";
  }
}

// Backends that stand before the group's and refused it; of what nobody takes, all that did.
bool IsBefore(const BackendGroups& backends, const std::string& candidate, const RowGroup& group) {
  for (const auto& names : backends) {
    if (std::ranges::find(names, group.backend) != names.end()) return false;
    if (std::ranges::find(names, candidate) != names.end()) return true;
  }
  return false;
}

Result<Totals> PlaceWith(const graph::Graph& optimised, const placement::Options& options,
                         const BackendGroups& backends) {
  TENON_ASSIGN(const placement::PlacedGraph placed, placement::Place(optimised, options));
  placement::Report report;
  auto program = program::Lower(placed, &report);
  if (!program.ok()) return std::move(program).status();
  std::vector<RowCost> costs;
  for (const placement::NodeChoice& row : report.rows) costs.push_back({row.cost_us, {}});
  return Sum(report, costs, backends);
}

}  // namespace

Status AddWhatIfs(const graph::Graph& optimised, const placement::Options& options,
                  Explanation* explanation) {
  const auto place = [&](const placement::Assumption& assumption) {
    placement::Options assuming = options;
    assuming.assumption = &assumption;
    return PlaceWith(optimised, assuming, explanation->backends);
  };
  std::map<std::string, std::pair<placement::Assumption, size_t>> all;  // by backend: and groups
  for (size_t g = 0; g < explanation->groups.size(); ++g) {
    const RowGroup& group = explanation->groups[g];
    if (!group.fallback && group.kind != Kind::kNobody) continue;
    for (const Why& why : group.why) {
      if (!IsBefore(explanation->backends, why.backend, group)) continue;
      placement::Assumption assumption{why.backend, {}};
      for (size_t r : group.rows) {
        const placement::NodeChoice& row = explanation->report.rows[r];
        assumption.nodes.emplace(row.path, row.node);
      }
      auto& [together, groups] = all[why.backend];
      together.backend = why.backend;
      together.nodes.insert(assumption.nodes.begin(), assumption.nodes.end());
      ++groups;
      if (explanation->what_ifs.size() >= kMostPlacements) continue;
      TENON_ASSIGN(Totals then, place(assumption));
      explanation->what_ifs.push_back(
          {g, why.backend, group.rows.size(), ChangeFor(group, why), std::move(then)});
    }
  }
  for (const auto& [backend, entry] : all) {
    const auto& [assumption, groups] = entry;
    if (groups < 2) continue;
    TENON_ASSIGN(Totals then, place(assumption));
    explanation->what_ifs.push_back({WhatIf::kAll, backend, assumption.nodes.size(),
                                     "all changes for " + backend, std::move(then)});
  }
  std::ranges::stable_sort(explanation->what_ifs, {},
                           [](const WhatIf& w) { return std::pair(w.then.nobody, w.then.us); });
  return Status();
}

}  // namespace tenon::session
