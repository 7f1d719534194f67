// What `tenon bench` prints for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tenon::tools {

// Lines about one point.
std::string PointText(const nlohmann::ordered_json& result);
// A table with a row for each point of a sweep, and what bounds the last.
std::string SweepText(const std::vector<nlohmann::ordered_json>& results);
// "SLOWER +10.2 % [+8.1, +12.3]".
std::string VerdictText(const nlohmann::ordered_json& against);

}  // namespace tenon::tools
