// What `tenon inspect` prints: the summary of a model, and the nodes of a dump that are asked for.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace tenon::tools {

// Of tools/schemas/inspect.json, with "model".
std::string InspectText(const nlohmann::ordered_json& summary);
// Of a graph's dump the lines of nodes of this operator and this name, subgraphs included; empty: any.
std::string FilterDump(const std::string& dump, const std::string& op, const std::string& node);

}  // namespace tenon::tools
