#include "explain_report.h"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "table.h"

namespace tenon::tools {

std::string Title(const ExplainJson& report) {
  std::string backends;
  for (const ExplainJson& group : report["backends"]) {
    backends += backends.empty() ? "" : ", ";
    for (size_t i = 0; i < group.size(); ++i)
      backends += (i ? "+" : "") + group[i].get<std::string>();
  }
  return fmt::format("{} on {}", report.value("model", "model"), backends);
}

std::string NameOf(const ExplainJson& row) {
  const std::string path = row["path"], value = row["value"];
  return (path.empty() ? "" : path + "/") +
         (value.empty() ? row["node"].get<std::string>() : '"' + value + '"');
}

namespace {

ExplainShare CopiesOf(const ExplainJson& totals) {
  const uint64_t reorders = totals["reorders"];
  ExplainShare copies{"copies", totals["copies"], totals["copied_bytes"], totals["copies_cost_us"],
                      ""};
  copies.note = Bytes(static_cast<double>(copies.bytes));
  if (reorders != 0) copies.note += fmt::format(", and {} reorders", reorders);
  return copies;
}

// "compiled as 3 segments"; "" where the backend works node by node.
std::string SegmentsOf(const ExplainJson& report, const std::string& backend) {
  std::set<std::pair<std::string, int64_t>> segments;  // program, step
  for (const ExplainJson& row : report["rows"]) {
    if (row["kind"] == "segment" && row["backend"] == backend)
      segments.emplace(row["path"], row["step"]);
  }
  if (segments.empty()) return "";
  return fmt::format("compiled as {} segment{}", segments.size(), segments.size() > 1 ? "s" : "");
}

}  // namespace

std::vector<ExplainShare> Shares(const ExplainJson& report) {
  const ExplainJson& totals = report["totals"];
  std::vector<ExplainShare> shares;
  const auto add = [&](const std::string& name, const std::string& note) {
    if (!totals["by_backend"].contains(name)) return;
    const ExplainJson& backend = totals["by_backend"][name];
    shares.push_back({name, backend["nodes"], 0, backend["cost_us"], note});
  };
  for (size_t g = 0; g < report["backends"].size(); ++g) {
    for (const ExplainJson& name : report["backends"][g]) {
      const std::string segments = SegmentsOf(report, name);
      add(name, (g ? "fallback" : "") + std::string(g && !segments.empty() ? ", " : "") + segments);
    }
  }
  add("host", "shapes, views, control flow");
  if (totals["nobody"] != 0) shares.push_back({"nobody", totals["nobody"], 0, 0, "can't run"});
  const double other = report["costs"]["other_us"];
  const uint64_t copies = totals["copies"], reorders = totals["reorders"];
  if (copies + reorders != 0) shares.push_back(CopiesOf(totals));
  if (other > 0) shares.push_back({"other", 0, 0, other, "planning, waiting"});
  return shares;
}

std::vector<std::string> WhyNot(const ExplainJson& group, bool only) {
  std::vector<std::string> lines;
  for (const ExplainJson& why : group["why_not"]) {
    lines.push_back((only ? "" : why["backend"].get<std::string>() + ": ") +
                    why["message"].get<std::string>());
  }
  for (const ExplainJson& backend : group["passed_over"])
    lines.push_back(backend.get<std::string>() + " takes it, too, but the whole would cost more");
  return lines;
}

std::string CostNote(const ExplainJson& report) {
  const ExplainJson& costs = report["costs"];
  const bool measured = costs["source"] == "measured";
  const std::string source =
      measured ? fmt::format("measured, mean of {} runs", costs["runs"].get<uint64_t>())
               : "modelled";
  std::string dims;
  for (const ExplainJson& dim : costs["open_dimensions"])
    dims += (dims.empty() ? "" : ", ") + dim.get<std::string>();
  if (dims.empty()) return source;
  return fmt::format("{}{} with {} for each open dimension: {}", source, measured ? "; bytes" : ",",
                     costs["assumed_dimension"].get<int>(), dims);
}

namespace {

uint64_t NodesOn(const ExplainJson& totals, const std::string& backend) {
  const ExplainJson& all = totals["by_backend"];
  return all.contains(backend) ? all[backend]["nodes"].get<uint64_t>() : 0;
}

}  // namespace

std::vector<ExplainHelp> Helps(const ExplainJson& report) {
  std::vector<ExplainHelp> helps;
  const ExplainJson& now = report["modelled_totals"];
  const double us = now["cost_us"];
  for (const ExplainJson& what_if : report["what_if"]) {
    const ExplainJson& then = what_if["then"];
    const double gain = then["cost_us"].get<double>() - us;
    if (now["nobody"] == then["nobody"] && gain > -0.001 * us) continue;
    const std::string backend = what_if["backend"];
    const uint64_t count = what_if["nodes"], nobody = then["nobody"];
    const std::string op = what_if["op"];
    std::string what = fmt::format("{} ({} node{}) on {}", op == "*" ? "All of these" : op, count,
                                   count == 1 ? "" : "s", backend);
    const std::string nodes =
        fmt::format("{} -> {} nodes", NodesOn(now, backend), NodesOn(then, backend));
    if (now["nobody"] != then["nobody"]) {  // the rest of the model can't be compared
      what += nobody ? fmt::format(": {}, nobody takes {} others", nodes, nobody)
                     : fmt::format(": {}, the model runs", nodes);
      helps.push_back({std::move(what), what_if["change"]});
      continue;
    }
    const double percent = us > 0 ? gain / us * 100 : 0;
    what += fmt::format(": {} ({:+.{}f} %), {}", Seconds(then["cost_us"].get<double>() / 1e6),
                        percent, std::abs(percent) < 9.5 ? 1 : 0, nodes);
    if (now["copies"] != then["copies"])
      what += fmt::format(", {} -> {} copies", now["copies"].get<uint64_t>(),
                          then["copies"].get<uint64_t>());
    helps.push_back({std::move(what), what_if["change"]});
  }
  return helps;
}

}  // namespace tenon::tools
