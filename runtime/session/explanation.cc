#include "explanation.h"

#include <algorithm>
#include <tuple>

namespace tenon::session {

using placement::NodeChoice;
using placement::Refusal;
using Kind = NodeChoice::Kind;

const char* CostSourceName(CostSource source) {
  switch (source) {
    case CostSource::kModelled:
      return "modelled";
    case CostSource::kMeasured:
      return "measured";
    case CostSource::kApportioned:
      return "apportioned";
  }
  return "?";
}

std::string Why::Text() const {
  if (field.empty()) return message;
  constexpr size_t kListed = 3;
  std::string text = field + ": got ";
  for (size_t i = 0; i < std::min(got.size(), kListed); ++i) text += (i ? ", " : "") + got[i];
  if (got.size() > kListed) text += " and " + std::to_string(got.size() - kListed) + " others";
  return text + ", wants " + wants;
}

namespace {

// "attribute group: got 2, wants 1" in its parts.
void Split(const std::string& message, Why* why) {
  const size_t got = message.find(": got ");
  const size_t wants = message.rfind(", wants ");
  if (got == std::string::npos || wants == std::string::npos || wants < got) return;
  why->field = message.substr(0, got);
  why->got = {message.substr(got + 6, wants - got - 6)};
  why->wants = message.substr(wants + 8);
}

// What each backend before the row's says, in their order; kernels of the row's own backend are not among them.
std::vector<Why> WhyNot(const NodeChoice& row) {
  std::vector<Why> all;
  for (const Refusal& refusal : row.refusals) {
    if (refusal.backend == row.backend || placement::IsBesidesThePoint(refusal, row.refusals))
      continue;
    auto why = std::ranges::find(all, refusal.backend, &Why::backend);
    if (why == all.end()) {
      Why& added = all.emplace_back();
      added.backend = refusal.backend;
      added.reason = refusal.reason;
      added.message = refusal.message;
    } else if (why->message.find(refusal.message) == std::string::npos) {
      why->message += "; " + refusal.message;
    }
  }
  for (Why& why : all) {
    if (why.message.find("; ") == std::string::npos) Split(why.message, &why);
  }
  return all;
}

std::string KeyOf(const std::vector<Why>& why) {
  std::string key;
  for (const Why& one : why)
    key += one.backend + '\n' + (one.field.empty() ? one.message : one.field + '\n' + one.wants) +
           '\n';
  return key;
}

void Merge(const std::vector<Why>& from, std::vector<Why>* into) {
  for (size_t i = 0; i < from.size(); ++i) {
    for (const std::string& got : from[i].got) {
      std::vector<std::string>& known = (*into)[i].got;
      if (std::ranges::find(known, got) == known.end()) known.push_back(got);
    }
  }
}

bool IsInserted(const NodeChoice& row) {
  return row.kind == Kind::kCopy || row.kind == Kind::kReorder;
}

// What nobody takes first, then fallbacks, the rest behind; each by cost.
auto RankOf(const RowGroup& group) {
  const bool worst = group.kind == Kind::kNobody;
  return std::tuple(worst            ? 0
                    : group.fallback ? 1
                                     : 2,
                    -group.us, -static_cast<int64_t>(group.rows.size()));
}

}  // namespace

Totals Sum(const placement::Report& report, const std::vector<RowCost>& costs,
           const BackendGroups& backends) {
  Totals totals;
  for (size_t r = 0; r < report.rows.size(); ++r) {
    const NodeChoice& row = report.rows[r];
    const double us = costs[r].us;
    ++totals.rows;
    ++totals.kinds[placement::KindName(row.kind)];
    totals.us += us;
    if (IsInserted(row)) {
      ++(row.kind == Kind::kCopy ? totals.copies : totals.reorders);
      if (row.kind == Kind::kCopy) totals.copied_bytes += row.bytes;
      totals.copies_us += us;
      continue;
    }
    ++totals.nodes;
    if (row.kind == Kind::kNobody) {
      ++totals.nobody;
      continue;
    }
    Totals::Backend& backend = totals.backends[row.backend];
    ++backend.nodes;
    backend.us += us;
    if (!IsFallback(row, backends)) continue;
    ++totals.fallbacks;
    totals.fallback_us += us;
  }
  return totals;
}

void GroupRows(Explanation* explanation) {
  std::map<std::tuple<Kind, std::string, std::string, std::string>, size_t> known;
  std::vector<RowGroup> groups;
  for (size_t r = 0; r < explanation->report.rows.size(); ++r) {
    const NodeChoice& row = explanation->report.rows[r];
    const std::vector<Why> why = WhyNot(row);
    std::string reasons = KeyOf(why);
    for (const std::string& backend : row.passed_over) reasons += backend + '\n';
    const auto [at, added] =
        known.try_emplace({row.kind, row.backend, row.op, reasons}, groups.size());
    if (added) {
      groups.push_back({row.kind,
                        row.backend,
                        row.op,
                        IsFallback(row, explanation->backends),
                        row.passed_over,
                        why,
                        {},
                        0,
                        0});
    }
    RowGroup& group = groups[at->second];
    if (!added) Merge(why, &group.why);
    group.rows.push_back(r);
    group.us += explanation->costs[r].us;
    group.bytes += row.bytes;
  }
  std::ranges::stable_sort(groups, {}, RankOf);
  explanation->group_of.assign(explanation->report.rows.size(), 0);
  for (size_t g = 0; g < groups.size(); ++g) {
    for (size_t r : groups[g].rows) explanation->group_of[r] = g;
  }
  explanation->groups = std::move(groups);
}

Explanation Describe(placement::Report report, const BackendGroups& backends) {
  Explanation explanation;
  explanation.backends = backends;
  explanation.report = std::move(report);
  for (const NodeChoice& row : explanation.report.rows)
    explanation.costs.push_back({row.cost_us, {}});
  explanation.totals = explanation.modelled = Sum(explanation.report, explanation.costs, backends);
  GroupRows(&explanation);
  return explanation;
}

}  // namespace tenon::session
