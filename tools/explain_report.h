// What `tenon explain` prints of the report of tenon_model_explain, and writes as a page.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace tenon::tools {

using ExplainJson = nlohmann::ordered_json;

// A summary, a line for each (where, operator, reason), and what would help; `nodes`: a line for each row, too.
std::string ExplainText(const ExplainJson& report, bool nodes);
// One file without links: shares as bars, and tables to sort and filter.
std::string ExplainHtml(const ExplainJson& report);

// Parts of both.
struct ExplainShare {
  std::string where;
  uint64_t nodes = 0, bytes = 0;
  double us = 0;
  std::string note;
};
// Each backend in the order of the list, the host, what nobody takes, copies.
std::vector<ExplainShare> Shares(const ExplainJson& report);
std::string NameOf(const ExplainJson& row);  // "If_3/then_branch/Add_1", or what is copied: "\"x\""
// "simulator: attribute group: got 2, wants 1"; the backend left out where `only`.
std::vector<std::string> WhyNot(const ExplainJson& group, bool only);
// "modelled, with 16 for each open dimension: N"; "measured, mean of 30 runs".
std::string CostNote(const ExplainJson& report);
// "Conv (12 nodes) on npu: 1.2 ms (-9.6 %), 3 -> 15 nodes", and how to get there; in their order, those that bring something.
struct ExplainHelp {
  std::string what, change;
};
std::vector<ExplainHelp> Helps(const ExplainJson& report);
// "x.onnx on npu, cpu".
std::string Title(const ExplainJson& report);

}  // namespace tenon::tools
