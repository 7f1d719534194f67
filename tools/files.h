// Whole files, and JSON on stdout.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace tenon::tools {

// Throws Failure(kUsage) where it can't be read.
std::string ReadFile(const std::string& path);
// Writes `header`, then `bytes` of `data`, over what was there. Throws Failure(kNotWritable).
void WriteFile(const std::string& path, std::string_view header, const void* data, uint64_t bytes);
// The value, or null: JSON has no infinity.
nlohmann::ordered_json Finite(double value);
// Text that is not UTF-8 gets replacement characters.
void PrintJson(const nlohmann::ordered_json& json);

}  // namespace tenon::tools
