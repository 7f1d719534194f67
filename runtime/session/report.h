// The placement report, as rows of tenon.h and as text. Immutable; lends from itself.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "options.h"
#include "tenon/placement/placement.h"
#include "tenon/runtime/tenon.h"

namespace tenon::session {

// Whether a row is a fallback: work that a backend does which is not in the first group.
bool IsFallback(const placement::NodeChoice& row, const BackendGroups& groups);
const char* ReasonName(tenon_reason reason);  // "dtype"

class PlacementRows {
 public:
  PlacementRows(const placement::Report& report, const BackendGroups& groups);
  PlacementRows(const PlacementRows&) = delete;
  PlacementRows& operator=(const PlacementRows&) = delete;
  std::span<const tenon_placement_row* const> rows() const { return list_; }

 private:
  struct Row {
    tenon_placement_row row{};
    std::vector<std::string> refusals;
    std::vector<const char*> pointers;
  };
  std::deque<Row> rows_;
  std::vector<const tenon_placement_row*> list_;
};

std::string ExplainText(const placement::Report& report, const BackendGroups& groups);

}  // namespace tenon::session
