// What `tenon explain` tells: the placement report in groups, what it costs, and what would change if a refusal fell.
// Plain data.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model.h"
#include "preparation.h"
#include "report.h"
#include "tenon/placement/placement.h"

namespace tenon::session {

// Where a row's microseconds are from: the model of costs, a profile, or a profile's time of several rows together
// (a compiled segment, a node with its subgraphs), divided as the model says.
enum class CostSource { kModelled, kMeasured, kApportioned };
const char* CostSourceName(CostSource source);  // "modelled"

struct RowCost {
  double us = 0;
  CostSource source = CostSource::kModelled;
};

// Why a backend does not take a node.
struct Why {
  std::string backend;
  tenon_reason reason = TENON_REASON_OTHER;
  std::string field;             // "attribute group"
  std::vector<std::string> got;  // of all nodes of the group, each once
  std::string wants;
  std::string message;  // all of it, where it has not these parts
  std::string Text() const;
};

// Rows of one operator on one backend, for the same reasons.
struct RowGroup {
  placement::NodeChoice::Kind kind = placement::NodeChoice::Kind::kKernel;
  std::string backend, op;
  bool fallback = false;
  std::vector<std::string> passed_over;
  std::vector<Why> why;  // of backends before it
  std::vector<size_t> rows;
  double us = 0;
  uint64_t bytes = 0;
};

struct Totals {
  size_t rows = 0, nodes = 0, fallbacks = 0, nobody = 0, copies = 0, reorders = 0;
  uint64_t copied_bytes = 0;
  double us = 0, fallback_us = 0, copies_us = 0;  // reorders among the copies
  struct Backend {
    size_t nodes = 0;
    double us = 0;
  };
  std::map<std::string, Backend> backends;  // "host" among them
  std::map<std::string, size_t> kinds;
};

// The refusals of a group fallen, in the model of costs.
struct WhatIf {
  static constexpr size_t kAll = SIZE_MAX;
  size_t group = 0;  // kAll: all that the backend refuses
  std::string backend;
  size_t nodes = 0;
  std::string change;  // "backend: takes mode \"cubic\"; model: ..."
  Totals then;
};

struct Explanation {
  BackendGroups backends;
  placement::Report report;
  std::vector<RowCost> costs;  // by row
  std::vector<size_t> group_of;
  std::vector<RowGroup> groups;  // what nobody takes, fallbacks, the others; by cost
  std::vector<WhatIf> what_ifs;  // the greatest gain first
  Totals totals, modelled;       // as `costs` says; by the model alone
  uint64_t runs = 0;             // of the profile; 0: there is none
  double other_us = 0;           // a run: steps that belong to no row
  std::vector<std::string> open_dims;
};

// Groups and totals of a report, with modelled costs.
Explanation Describe(placement::Report report, const BackendGroups& backends);
Totals Sum(const placement::Report& report, const std::vector<RowCost>& costs,
           const BackendGroups& backends);
void GroupRows(Explanation* explanation);
// Puts the times of a profile (the JSON of tenon_session_profile, or an object with its "runs" and "steps") in the place
// of modelled ones. kInvalidArgument: it is of another program.
Status AddProfile(std::string_view json, Explanation* explanation);
// Places again for each group that is not on the first backends.
Status AddWhatIfs(const graph::Graph& optimised, const placement::Options& options,
                  Explanation* explanation);
std::string ExplanationJson(const Explanation& explanation);

// What a session of these options would be, in a format; profile may be empty.
Result<std::string> ExplainModel(const Model& model, const SessionOptions& options,
                                 std::string_view profile, tenon_format format);

}  // namespace tenon::session
