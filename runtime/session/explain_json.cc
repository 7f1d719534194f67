// An explanation as JSON: tools/schemas/explain.json.
#include <nlohmann/json.hpp>

#include "explanation.h"
#include "tenon/placement/kernel_facts.h"

namespace tenon::session {
namespace {

using Json = nlohmann::ordered_json;

Json RefusalsJson(const placement::NodeChoice& row) {
  Json refusals = Json::array();
  for (const placement::Refusal& refusal : row.refusals) {
    refusals.push_back({{"backend", refusal.backend},
                        {"kernel", refusal.kernel},
                        {"reason", ReasonName(refusal.reason)},
                        {"message", refusal.message}});
  }
  return refusals;
}

Json RowsJson(const Explanation& explanation) {
  Json rows = Json::array();
  for (size_t r = 0; r < explanation.report.rows.size(); ++r) {
    const placement::NodeChoice& row = explanation.report.rows[r];
    rows.push_back({{"path", row.path},
                    {"node", row.node},
                    {"op", row.op},
                    {"origin", row.origin},
                    {"kind", placement::KindName(row.kind)},
                    {"backend", row.backend},
                    {"kernel", row.kernel},
                    {"fallback_kernels", row.fallbacks},
                    {"step", row.step == placement::kNone ? -1 : static_cast<int64_t>(row.step)},
                    {"cost_us", explanation.costs[r].us},
                    {"cost", CostSourceName(explanation.costs[r].source)},
                    {"modelled_us", row.cost_us},
                    {"bytes", row.bytes},
                    {"value", row.value},
                    {"fallback", IsFallback(row, explanation.backends)},
                    {"group", explanation.group_of[r]},
                    {"passed_over", row.passed_over},
                    {"refusals", RefusalsJson(row)}});
  }
  return rows;
}

Json GroupsJson(const Explanation& explanation) {
  Json groups = Json::array();
  for (const RowGroup& group : explanation.groups) {
    Json why = Json::array();
    for (const Why& one : group.why) {
      why.push_back({{"backend", one.backend},
                     {"reason", ReasonName(one.reason)},
                     {"field", one.field},
                     {"got", one.got},
                     {"wants", one.wants},
                     {"message", one.Text()}});
    }
    groups.push_back({{"kind", placement::KindName(group.kind)},
                      {"backend", group.backend},
                      {"op", group.op},
                      {"fallback", group.fallback},
                      {"rows", group.rows.size()},
                      {"cost_us", group.us},
                      {"bytes", group.bytes},
                      {"passed_over", group.passed_over},
                      {"why_not", std::move(why)}});
  }
  return groups;
}

Json TotalsJson(const Totals& totals) {
  Json backends = Json::object();
  for (const auto& [name, backend] : totals.backends)
    backends[name] = {{"nodes", backend.nodes}, {"cost_us", backend.us}};
  return {{"rows", totals.rows},
          {"nodes", totals.nodes},
          {"by_kind", totals.kinds},
          {"by_backend", std::move(backends)},
          {"fallbacks", totals.fallbacks},
          {"nobody", totals.nobody},
          {"copies", totals.copies},
          {"copied_bytes", totals.copied_bytes},
          {"reorders", totals.reorders},
          {"cost_us", totals.us},
          {"fallback_cost_us", totals.fallback_us},
          {"copies_cost_us", totals.copies_us}};
}

Json WhatIfsJson(const Explanation& explanation) {
  Json out = Json::array();
  for (const WhatIf& what_if : explanation.what_ifs) {
    const bool all = what_if.group == WhatIf::kAll;
    out.push_back({{"group", all ? -1 : static_cast<int64_t>(what_if.group)},
                   {"op", all ? "*" : explanation.groups[what_if.group].op},
                   {"nodes", what_if.nodes},
                   {"backend", what_if.backend},
                   {"change", what_if.change},
                   {"then", TotalsJson(what_if.then)}});
  }
  return out;
}

}  // namespace

std::string ExplanationJson(const Explanation& explanation) {
  const bool measured = explanation.runs != 0;
  const Json out = {{"version", 1},
                    {"backends", explanation.backends},
                    {"costs",
                     {{"source", measured ? "measured" : "modelled"},
                      {"runs", explanation.runs},
                      {"other_us", explanation.other_us},
                      {"open_dimensions", explanation.open_dims},
                      {"assumed_dimension", placement::kAssumedDim}}},
                    {"totals", TotalsJson(explanation.totals)},
                    {"modelled_totals", TotalsJson(explanation.modelled)},
                    {"what_if", WhatIfsJson(explanation)},
                    {"groups", GroupsJson(explanation)},
                    {"rows", RowsJson(explanation)}};
  return out.dump(1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tenon::session
