#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "explain_report.h"
#include "table.h"

namespace tenon::tools {
namespace {

constexpr size_t kMostHelps = 5;

std::string ShareOf(double part, double whole) {
  return whole > 0 && part > 0 ? Percent(part / whole) : "";
}

std::string Time(double us) { return us > 0 ? Seconds(us / 1e6) : ""; }

std::string Summary(const ExplainJson& report) {
  const ExplainJson& totals = report["totals"];
  const double nodes = totals["nodes"], us = totals["cost_us"];
  Table table({"where", "nodes", "", "time", "", ""}, "lrrrrl");
  for (const ExplainShare& share : Shares(report)) {
    const bool copies = share.where == "copies";
    table.Add({share.where, share.nodes ? std::to_string(share.nodes) : "",
               copies ? "" : ShareOf(static_cast<double>(share.nodes), nodes), Time(share.us),
               ShareOf(share.us, us), share.note});
  }
  table.Add({"all", fmt::format("{}", totals["nodes"].get<uint64_t>()), "", Time(us), "",
             CostNote(report)});
  return table.Text(2);
}

// Where there is one backend before others, its name stands in the title, not in each line.
std::string OnlyOneBefore(const ExplainJson& report) {
  return report["backends"].size() == 2 && report["backends"][0].size() == 1
             ? report["backends"][0][0].get<std::string>()
             : "";
}

std::string WhereOf(const ExplainJson& entry) {
  const std::string kind = entry["kind"], backend = entry["backend"];
  return kind == "nobody" ? kind : backend;
}

// A line of the table of groups.
struct Line {
  std::string where, nodes, op, time;
  std::vector<std::string> why;
};

// What the host does while shapes are resolved is one line.
std::vector<Line> LinesOf(const ExplainJson& report, bool one_before) {
  std::vector<Line> lines;
  uint64_t on_host = 0;
  std::vector<std::string> operators;
  for (const ExplainJson& group : report["groups"]) {
    const std::string kind = group["kind"], op = group["op"];
    if (kind == "host" || kind == "view") {
      on_host += group["rows"].get<uint64_t>();
      if (std::ranges::find(operators, op) == operators.end()) operators.push_back(op);
      continue;
    }
    std::vector<std::string> why = WhyNot(group, one_before && kind != "nobody");
    const double bytes = group["bytes"];
    if (kind == "host step") why = {"runs on the host anyway"};
    if (why.empty() && bytes > 0) why = {Bytes(bytes)};
    lines.push_back({WhereOf(group), fmt::format("{}", group["rows"].get<uint64_t>()), op,
                     Time(group["cost_us"]), std::move(why)});
  }
  if (operators.empty()) return lines;
  std::string list = "shapes and views:";
  for (const std::string& op : operators) list += " " + op;
  lines.push_back({"host", std::to_string(on_host), "", "", {std::move(list)}});
  return lines;
}

// At spaces, where there are some.
std::vector<std::string> Wrap(const std::string& text, size_t width) {
  std::vector<std::string> lines;
  size_t begin = 0;
  while (text.size() - begin > width) {
    size_t end = text.rfind(' ', begin + width);
    if (end == std::string::npos || end <= begin) end = text.find(' ', begin + width);
    if (end == std::string::npos) break;
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  lines.push_back(text.substr(begin));
  return lines;
}

std::string Groups(const ExplainJson& report) {
  const std::string before = OnlyOneBefore(report);
  const std::vector<Line> lines = LinesOf(report, !before.empty());
  std::vector<size_t> widths = {5, 5, 8, 4};
  bool any_why = false;
  for (const Line& line : lines) {
    const std::string* const cells[] = {&line.where, &line.nodes, &line.op, &line.time};
    for (size_t c = 0; c < widths.size(); ++c) widths[c] = std::max(widths[c], Width(*cells[c]));
    any_why |= !line.why.empty();
  }
  const size_t taken =
      2 + std::accumulate(widths.begin(), widths.end(), size_t{0}) + 2 * widths.size();
  const size_t left = TerminalWidth();  // without a terminal no line is too long
  const size_t room = left == 0 ? SIZE_MAX : std::max<size_t>(left - std::min(left, taken), 30);
  const std::string title = report["backends"].size() < 2 && report["totals"]["nobody"] == 0 ? ""
                            : before.empty() ? "why not before"
                                             : "why not " + before;
  Table table({"where", "nodes", "operator", "time", any_why ? title : ""}, "lrlrl");
  for (const Line& line : lines) {
    std::vector<std::string> cells = {line.where, line.nodes, line.op, line.time};
    for (const std::string& why : line.why) {
      for (std::string& part : Wrap(why, room)) {
        cells.resize(4);
        cells.push_back(std::move(part));
        table.Add(std::exchange(cells, std::vector<std::string>(4)));
      }
    }
    if (line.why.empty()) table.Add(std::move(cells));
  }
  return table.Text(2);
}

std::string Nodes(const ExplainJson& report) {
  Table table({"node", "operator", "kind", "where", "time", ""}, "llllrl");
  for (const ExplainJson& row : report["rows"]) {
    const std::string kernel = row["kernel"];
    const double bytes = row["bytes"];
    std::string note = row["fallback"].get<bool>() ? "fallback" : "";
    if (bytes > 0) note = Bytes(bytes);
    if (!row["origin"].get<std::string>().empty())
      note = fmt::format("says {} in an older revision", row["origin"].get<std::string>());
    table.Add({NameOf(row), row["op"], row["kind"],
               WhereOf(row) + (kernel.empty() ? "" : "." + kernel), Time(row["cost_us"]), note});
  }
  return table.Text(2);
}

std::string HelpText(const ExplainJson& report) {
  const std::vector<ExplainHelp> helps = Helps(report);
  if (helps.empty()) return "";
  std::string text = fmt::format("\nWhat would help, as the model of costs sees it (now {}):\n",
                                 Seconds(report["modelled_totals"]["cost_us"].get<double>() / 1e6));
  for (size_t i = 0; i < std::min(helps.size(), kMostHelps); ++i)
    text += fmt::format("  {}\n    {}\n", helps[i].what, helps[i].change);
  if (helps.size() > kMostHelps)
    text += fmt::format("  {} more: --json, --html\n", helps.size() - kMostHelps);
  return text;
}

}  // namespace

std::string ExplainText(const ExplainJson& report, bool nodes) {
  std::string text = Title(report) + "\n\n" + Summary(report) + "\n" + Groups(report);
  if (nodes) text += "\n" + Nodes(report);
  return text + HelpText(report);
}

}  // namespace tenon::tools
