// The report as text.
#include <algorithm>
#include <cstdio>

#include "tenon/placement/placement.h"

namespace tenon::placement {

const char* KindName(NodeChoice::Kind kind) {
  switch (kind) {
    case NodeChoice::Kind::kKernel:
      return "kernel";
    case NodeChoice::Kind::kSegment:
      return "segment";
    case NodeChoice::Kind::kHost:
      return "host";
    case NodeChoice::Kind::kView:
      return "view";
    case NodeChoice::Kind::kHostStep:
      return "host step";
    case NodeChoice::Kind::kCopy:
      return "copy";
    case NodeChoice::Kind::kReorder:
      return "reorder";
    case NodeChoice::Kind::kNobody:
      return "nobody";
  }
  return "?";
}

bool IsBesidesThePoint(const Refusal& refusal, const std::vector<Refusal>& all) {
  return refusal.reason == TENON_REASON_DTYPE &&
         std::ranges::any_of(all, [&](const Refusal& other) {
           return other.backend == refusal.backend && !other.kernel.empty() &&
                  other.reason != TENON_REASON_DTYPE;
         });
}

std::string SubgraphPath(const std::string& path, const graph::Node& node, size_t index) {
  const graph::Graph* const subgraph = node.Subgraphs()[index];
  std::string text = (path.empty() ? "" : path + "/") + node.name;
  for (const graph::Attribute& attribute : node.attributes) {
    const auto* held = std::get_if<graph::Subgraph>(&attribute.value);
    if (held != nullptr && &**held == subgraph) text += "/" + attribute.name;
  }
  return text;
}

std::string Report::Dump() const {
  std::string text;
  for (const NodeChoice& row : rows) {
    text += (row.path.empty() ? "" : row.path + ": ") + row.op +
            (row.node.empty() ? "" : " \"" + row.node + "\"") + ": " + KindName(row.kind) +
            (row.backend.empty() ? "" : " on " + row.backend);
    if (!row.kernel.empty()) text += " " + row.kernel;
    for (size_t f = 0; f < row.fallbacks.size(); ++f)
      text += (f == 0 ? ", else " : ", ") + row.fallbacks[f];
    if (row.cost_us > 0) {
      char cost[48];
      std::snprintf(cost, sizeof cost, ", %.1f us", row.cost_us);
      text += cost;
    }
    if (row.bytes > 0) text += ", " + std::to_string(row.bytes) + " bytes";
    text += "\n";
    for (const Refusal& refusal : row.refusals) {
      text += "  not " + refusal.backend + (refusal.kernel.empty() ? "" : " " + refusal.kernel) +
              ": " + refusal.message + "\n";
    }
  }
  return text;
}

}  // namespace tenon::placement
