// Whole files, and JSON on stdout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace tenon::tools {

// Throws Failure(kUsage) where it can't be read.
std::string ReadFile(const std::string& path);
// Absolute, through all links; what does not exist stays as it is named.
std::filesystem::path Resolved(const std::string& path);
// Writes `header`, then `bytes` of `data`. What was there stays until all is written, also for those who have it open.
// Throws Failure(kNotWritable).
void WriteFile(const std::string& path, std::string_view header, const void* data, uint64_t bytes);
// Before the work that makes the content: throws Failure(kNotWritable) that names `option` where it can't be written.
void CheckWritable(const std::string& option, const std::string& path);
// The value, or null: JSON has no infinity.
nlohmann::ordered_json Finite(double value);
// Text that is not UTF-8 gets replacement characters.
void PrintJson(const nlohmann::ordered_json& json);

}  // namespace tenon::tools
