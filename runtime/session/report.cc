#include "report.h"

#include <algorithm>
#include <cstdio>

#include "explanation.h"
#include "tenon/placement/kernel_facts.h"

namespace tenon::session {

using Kind = placement::NodeChoice::Kind;

bool IsFallback(const placement::NodeChoice& row, const BackendGroups& groups) {
  if (row.kind != Kind::kKernel && row.kind != Kind::kSegment) return false;
  return !groups.empty() && std::ranges::find(groups[0], row.backend) == groups[0].end();
}

const char* ReasonName(tenon_reason reason) {
  static constexpr const char* kNames[] = {
      "other",     "operator", "revision", "dtype",    "rank",     "shape", "dynamic_shape",
      "attribute", "layout",   "memory",   "numerics", "constant", "option"};
  return reason >= 0 && reason < static_cast<tenon_reason>(std::size(kNames)) ? kNames[reason]
                                                                              : "other";
}

namespace {

std::string RefusalText(const placement::Refusal& refusal) {
  return refusal.backend + (refusal.kernel.empty() ? "" : "." + refusal.kernel) + ": " +
         refusal.message;
}

std::string Counted(size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// "If_3/then_branch/Add_1", or what is copied: "x".
std::string NameOf(const placement::NodeChoice& row) {
  return (row.path.empty() ? "" : row.path + "/") +
         (row.value.empty() ? row.node : "\"" + row.value + "\"");
}

std::string Cell(const std::string& text, size_t width) {
  return text.size() >= width ? text : text + std::string(width - text.size(), ' ');
}

}  // namespace

PlacementRows::PlacementRows(const placement::Report& report, const BackendGroups& groups) {
  for (const placement::NodeChoice& choice : report.rows) {
    Row& row = rows_.emplace_back();
    for (const placement::Refusal& refusal : choice.refusals)
      row.refusals.push_back(RefusalText(refusal));
    for (const std::string& refusal : row.refusals) row.pointers.push_back(refusal.c_str());
    tenon_placement_row& out = row.row;
    out.struct_size = sizeof out;
    out.refusal_count = static_cast<uint32_t>(row.pointers.size());
    out.node = choice.node.c_str();
    out.op = choice.op.c_str();
    out.kind = placement::KindName(choice.kind);
    out.backend = choice.backend.c_str();
    out.kernel = choice.kernel.c_str();
    out.cost_us = choice.cost_us;
    out.bytes = choice.bytes;
    out.value = choice.value.c_str();
    out.refusals = row.pointers.data();
    out.fallback = IsFallback(choice, groups);
    out.path = choice.path.c_str();
    out.origin = choice.origin.c_str();
    out.step = choice.step;
    list_.push_back(&out);
  }
}

std::string ExplainText(const placement::Report& report, const BackendGroups& groups) {
  size_t node_width = 4, op_width = 2, where_width = 7;
  auto where = [](const placement::NodeChoice& row) {
    return row.kernel.empty() ? row.backend : row.backend + "." + row.kernel;
  };
  for (const placement::NodeChoice& row : report.rows) {
    node_width = std::min<size_t>(std::max(node_width, NameOf(row).size()), 40);
    op_width = std::max(op_width, row.op.size());
    where_width = std::max(where_width, where(row).size());
  }
  std::string text = Cell("node", node_width) + "  " + Cell("op", op_width) + "  kind     " +
                     Cell("backend.kernel", where_width) + "  modelled us\n";
  for (const placement::NodeChoice& row : report.rows) {
    char cost[32];
    std::snprintf(cost, sizeof cost, "%.2f", row.cost_us);
    const std::string what = NameOf(row);
    text += Cell(what, node_width) + "  " + Cell(row.op, op_width) + "  " +
            Cell(placement::KindName(row.kind), 7) + "  " +
            Cell(where(row), std::max<size_t>(where_width, 14)) + "  " + cost +
            (IsFallback(row, groups) ? "  fallback" : "") + "\n";
    for (const placement::Refusal& refusal : row.refusals) {
      if (!placement::IsBesidesThePoint(refusal, row.refusals))
        text += "    not " + RefusalText(refusal) + "\n";
    }
  }
  const Totals totals = Describe(report, groups).totals;
  text += Counted(report.rows.size(), "row") + ":";
  for (const auto& [kind, count] : totals.kinds) text += " " + std::to_string(count) + " " + kind;
  text += "; by backend:";
  for (const auto& [backend, on] : totals.backends)
    text += " " + backend + " " + std::to_string(on.nodes);
  return text + "; " + Counted(totals.fallbacks, "fallback") +
         "\nCosts are modelled; an open dimension counts as " +
         std::to_string(placement::kAssumedDim) + ".\n";
}

}  // namespace tenon::session
