// What `tenon inspect` prints: the summary of a model, and the nodes of a dump that are asked for.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tenon::tools {

// Of tools/schemas/inspect.json, with "model".
std::string InspectText(const nlohmann::ordered_json& summary);
// The nodes of a graph's dump, subgraphs included.
struct DumpNode {
  std::string op, name, line;  // "Conv" or "my.domain.Conv", without the revision
};
std::vector<DumpNode> NodesOf(const std::string& dump);

}  // namespace tenon::tools
