// What a load's times become in the result of `tenon bench`, and what is to be warned of.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/load.h"
#include "bench/sweep.h"

namespace tenon::tools {

// "latency_ms" and the other keys about times; "rate" where runs arrive.
nlohmann::ordered_json TimesJson(const LoadResult& load, const BenchFlags& flags);
nlohmann::ordered_json LoadStagesJson(const tenon_session_stats& stats);
// Sentences about what makes the times of this result doubtful.
std::vector<std::string> WarningsOf(const nlohmann::ordered_json& result, uint32_t cores);

}  // namespace tenon::tools
