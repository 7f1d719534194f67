// What a session is configured with.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/backend/backend.h"

namespace tenon::session {

using BackendGroups = std::vector<std::vector<std::string>>;

struct SessionOptions {
  std::string backends;                      // "a,b+c"
  std::vector<std::string> backend_options;  // "simulator.claim=seed:7"
  tenon_numerics numerics = TENON_NUMERICS_STANDARD;
  uint32_t threads = 0;
  std::vector<std::string> dims;  // "NAME=4"
  bool forbid_fallback = false;
  bool keep_stages = false, fold = true;
  uint32_t max_contexts = 16;
  uint64_t budget_bytes = 0;
  uint64_t plan_cache_bytes = uint64_t{64} << 20;
  uint64_t drain_timeout_ns = 10'000'000'000;
  uint64_t compile_timeout_ns = 0;
  std::vector<std::string> part_inputs, part_outputs;  // part.h; empty: the model's
  bool all_outputs = false;
};

// "a,b+c" as groups of names. kInvalidArgument: an empty name, one that stands twice.
Result<BackendGroups> ParseBackendList(std::string_view text);
// "simulator.claim=seed:7".
struct BackendSetting {
  std::string backend, option, value;
};
Result<BackendSetting> ParseBackendSetting(std::string_view text);
// "NAME=4".
Result<std::map<std::string, int64_t>> ParseDims(const std::vector<std::string>& dims);

}  // namespace tenon::session
