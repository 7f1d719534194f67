// Measured times in the place of modelled ones.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

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

class Reader {
 public:
  Reader(double runs, Explanation* explanation) : runs_(runs), explanation_(*explanation) {}

  Status Add(const Json& step) {
    const auto number = step.at("step").get<uint32_t>();
    const auto op = step.at("op").get<std::string>(), name = step.at("node").get<std::string>();
    const bool inner = step.contains("parent") && !step["parent"].is_null();
    const size_t row = inner ? FindInner(step) : FindOuter(number);
    const std::string what =
        op + " \"" + name + "\"" + (inner ? "" : " at step " + std::to_string(number));
    if (row == kNoRow) {
      if (!name.empty() || op == "Reorder" || step.at("kind") == "copy")
        return Bad("has " + what + ", where the program has none");
      explanation_.other_us += Microseconds(step);
      return Status();
    }
    const NodeChoice& found = Rows()[row];
    if (found.node != name)
      return Bad("has " + what + ", where the program has " + found.op + " \"" + found.node + "\"");
    paths_[number] = (found.path.empty() ? "" : found.path + "/") + found.node;
    Share(Microseconds(step), RowsOf(row, step.contains("self_ns")));
    return Status();
  }

 private:
  static constexpr size_t kNoRow = SIZE_MAX;
  const std::vector<NodeChoice>& Rows() const { return explanation_.report.rows; }

  // A run; of a step with subgraphs without those, where the profile tells about them.
  double Microseconds(const Json& step) const {
    return step.at(step.contains("self_ns") ? "self_ns" : "total_ns").get<double>() / 1e3 / runs_;
  }

  template <typename F>
  size_t Find(F wanted) const {
    const auto found = std::ranges::find_if(Rows(), wanted);
    return found == Rows().end() ? kNoRow : static_cast<size_t>(found - Rows().begin());
  }

  size_t FindOuter(uint32_t number) const {
    return Find([&](const NodeChoice& row) { return row.path.empty() && row.step == number; });
  }

  // Steps in subgraphs are numbered behind those of the model: there names decide.
  size_t FindInner(const Json& step) {
    const auto parent = paths_.find(step["parent"].get<uint32_t>());
    if (parent == paths_.end()) return kNoRow;
    const std::string path = parent->second + "/" + step.at("branch").get<std::string>();
    const auto name = step.at("node").get<std::string>(),
               value = step.at("value").get<std::string>();
    const size_t row = Find([&](const NodeChoice& row) {
      return row.path == path && row.node == name && row.value == value &&
             row.step != placement::kNone && (!name.empty() || !value.empty()) &&
             !used_.contains(&row);
    });
    if (row != kNoRow) used_.insert(&Rows()[row]);
    return row;
  }

  // Rows that one step's time is for: those of the step, and what stands in its subgraphs where these are not told.
  std::vector<size_t> RowsOf(size_t first, bool without_inner) const {
    std::vector<size_t> all = {first};
    const NodeChoice& row = Rows()[first];
    const std::string within = (row.path.empty() ? "" : row.path + "/") + row.node + "/";
    for (size_t r = first + 1; r < Rows().size(); ++r) {
      const bool same = Rows()[r].path == row.path && Rows()[r].step == row.step;
      const bool inside =
          !without_inner && row.kind == Kind::kHostStep && Rows()[r].path.starts_with(within);
      if (same || inside) all.push_back(r);
    }
    return all;
  }

  // Several rows share the time as the model says; equally where it says nothing.
  void Share(double us, const std::vector<size_t>& rows) {
    double modelled = 0;
    for (size_t r : rows) modelled += Rows()[r].cost_us;
    for (size_t r : rows) {
      const double part =
          modelled > 0 ? Rows()[r].cost_us / modelled : 1.0 / static_cast<double>(rows.size());
      explanation_.costs[r] = {us * part,
                               rows.size() == 1 ? CostSource::kMeasured : CostSource::kApportioned};
    }
  }

  const double runs_;
  Explanation& explanation_;
  std::map<uint32_t, std::string> paths_;  // by step: its node with its path
  std::set<const NodeChoice*> used_;
};

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
    Reader reader(static_cast<double>(explanation->runs), explanation);
    for (const Json& step : json["steps"]) TENON_RETURN_IF_ERROR(reader.Add(step));
  } catch (const Json::exception& error) {
    return Bad(std::string("can't be read: ") + error.what());
  }
  explanation->totals = Sum(explanation->report, explanation->costs, explanation->backends);
  explanation->totals.us += explanation->other_us;
  GroupRows(explanation);
  return Status();
}

}  // namespace tenon::session
