// Measured times in the place of modelled ones.
#include <nlohmann/json.hpp>

#include "explanation.h"

namespace tenon::session {
namespace {

using placement::NodeChoice;
using Json = nlohmann::json;
using Kind = NodeChoice::Kind;

Status Bad(const std::string& what) {
  return Status(Code::kInvalidArgument,
                "the profile " + what + " (expected one of the same model, backends and options)");
}

// Rows that one step's time is for: those of the step, and where it runs subgraphs what stands in them.
std::vector<size_t> RowsOf(const Explanation& explanation, size_t first) {
  const auto& rows = explanation.report.rows;
  std::vector<size_t> all = {first};
  const std::string within = rows[first].node + "/";
  for (size_t r = first + 1; r < rows.size(); ++r) {
    const bool same = rows[r].path.empty() && rows[r].step == rows[first].step;
    const bool inside = rows[first].kind == Kind::kHostStep && rows[r].path.starts_with(within);
    if (same || inside) all.push_back(r);
  }
  return all;
}

// Several rows share the time as the model says; equally where it says nothing.
void Share(double us, const std::vector<size_t>& rows, Explanation* explanation) {
  double modelled = 0;
  for (size_t r : rows) modelled += explanation->report.rows[r].cost_us;
  for (size_t r : rows) {
    const double part = modelled > 0 ? explanation->report.rows[r].cost_us / modelled
                                     : 1.0 / static_cast<double>(rows.size());
    explanation->costs[r] = {us * part,
                             rows.size() == 1 ? CostSource::kMeasured : CostSource::kApportioned};
  }
}

Status AddStep(const Json& step, double runs, Explanation* explanation) {
  const auto index = step.at("step").get<uint32_t>();
  const auto op = step.at("op").get<std::string>(), name = step.at("node").get<std::string>();
  const double us = step.at("total_ns").get<double>() / 1e3 / runs;
  const auto& rows = explanation->report.rows;
  const auto found = std::ranges::find_if(
      rows, [&](const NodeChoice& row) { return row.path.empty() && row.step == index; });
  if (found == rows.end()) {
    if (!name.empty() || op == "Reorder" || step.at("kind") == "copy")
      return Bad("has " + op + " \"" + name + "\" at step " + std::to_string(index) +
                 ", where the program has none");
    explanation->other_us += us;
    return Status();
  }
  if (found->node != name) {
    return Bad("has " + op + " \"" + name + "\" at step " + std::to_string(index) +
               ", where the program has " + found->op + " \"" + found->node + "\"");
  }
  Share(us, RowsOf(*explanation, static_cast<size_t>(found - rows.begin())), explanation);
  return Status();
}

}  // namespace

Status AddProfile(std::string_view text, Explanation* explanation) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("steps") || !json["steps"].is_array() ||
      !json.contains("runs"))
    return Bad("is no JSON object with \"runs\" and \"steps\"");
  try {
    explanation->runs = json.at("runs").get<uint64_t>();
    if (explanation->runs == 0) return Bad("has no runs");
    // What has no step takes no time.
    explanation->costs.assign(explanation->costs.size(), {0, CostSource::kMeasured});
    for (const Json& step : json["steps"]) {
      // The time of a step with subgraphs is that of their steps, too.
      if (step.contains("parent") && !step["parent"].is_null()) continue;
      TENON_RETURN_IF_ERROR(AddStep(step, static_cast<double>(explanation->runs), explanation));
    }
  } catch (const Json::exception& error) {
    return Bad(std::string("can't be read: ") + error.what());
  }
  explanation->totals = Sum(explanation->report, explanation->costs, explanation->backends);
  explanation->totals.us += explanation->other_us;
  GroupRows(explanation);
  return Status();
}

}  // namespace tenon::session
