#include "profile_rows.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

std::string OperatorOf(const Json& step) {
  const std::string op = step["op"], kind = step["kind"];
  if (!op.empty()) return op == "Reorder" || op == "segment" ? "(" + op + ")" : op;
  if (kind == "host_wait" || kind == "queue_wait") return "(wait)";
  return "(" + kind + ")";
}

void SortByTime(std::vector<ProfileRow>& rows) {
  std::ranges::stable_sort(rows, std::greater(), &ProfileRow::seconds);
}

std::vector<ProfileRow> SumByOperator(const std::vector<ProfileRow>& steps) {
  std::vector<ProfileRow> rows;
  std::map<std::pair<std::string, std::string>, size_t> known;
  for (const ProfileRow& step : steps) {
    const auto [found, added] = known.emplace(std::pair(step.op, step.backend), rows.size());
    if (added) {
      rows.push_back(
          {.op = step.op, .backend = step.backend, .kernel = step.kernel, .peak = step.peak});
    }
    ProfileRow& row = rows[found->second];
    if (row.kernel != step.kernel) row.kernel = "";  // several
    row.nodes += 1;
    row.calls += step.calls;
    row.seconds += step.seconds;
    row.flops += step.flops;
    row.bytes += step.bytes;
    row.share += step.share;
  }
  SortByTime(rows);
  return rows;
}

}  // namespace

ProfileTable ReadProfile(const std::string& text,
                         const std::map<std::pair<std::string, uint32_t>, DevicePeak>& peaks) {
  const Json profile = Json::parse(text);
  ProfileTable table;
  table.runs = profile["runs"];
  table.events_left_out = profile["events_left_out"];
  table.device_events_left_out = profile["device_events_left_out"];
  const double runs = static_cast<double>(std::max<uint64_t>(table.runs, 1));
  std::map<size_t, std::string> names;  // of nodes, by step
  for (const Json& step : profile["steps"]) {
    const auto a_run = [&](const char* key) { return step[key].get<double>() / runs; };
    names[step["step"]] = step["node"];
    ProfileRow row{.node = step["node"],
                   .branch = step["branch"],
                   .op = OperatorOf(step),
                   .backend = step["backend"],
                   .kernel = step["kernel"],
                   .value = step["value"],
                   .inputs = step["inputs"],
                   .outputs = step["outputs"],
                   .nodes = step["nodes"],
                   .calls = a_run("calls"),
                   .seconds = a_run("self_ns") * 1e-9,
                   .flops = a_run("total_flops"),
                   .bytes = a_run("total_bytes"),
                   .least_seconds = step["min_ns"].get<double>() * 1e-9};
    if (!step["parent"].is_null()) row.parent = names[step["parent"]];
    const auto peak = peaks.find({row.backend, step["device"].get<uint32_t>()});
    if (peak != peaks.end()) row.peak = peak->second;
    table.seconds += row.seconds;
    table.asynchronous |= step["kind"] == "signal";
    table.steps.push_back(std::move(row));
  }
  for (ProfileRow& row : table.steps)
    row.share = table.seconds > 0 ? row.seconds / table.seconds : 0;
  SortByTime(table.steps);
  table.operators = SumByOperator(table.steps);
  return table;
}

}  // namespace tenon::tools
