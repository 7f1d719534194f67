#include "files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "failure.h"

namespace tenon::tools {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  if (file && file.peek() != std::ifstream::traits_type::eof()) bytes << file.rdbuf();
  if (!file.is_open() || file.bad() || bytes.bad())
    throw Failure(kUsage, fmt::format("{}: can't be read: {}", path, std::strerror(errno)));
  return std::move(bytes).str();
}

std::filesystem::path Resolved(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::weakly_canonical(std::filesystem::absolute(path, unknown), unknown);
}

void WriteFile(const std::string& path, std::string_view header, const void* data, uint64_t bytes) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path target = Resolved(path);  // a link stays one
  const fs::file_status status = fs::status(target, error);
  // What is no file, like /dev/stdout, can't be replaced.
  const bool replaces = fs::is_regular_file(status) || !fs::exists(status);
  const fs::path written =
      replaces ? fs::path(fmt::format("{}.{}.part", target.string(), getpid())) : target;
  std::ofstream file(written, std::ios::binary);
  file.write(header.data(), static_cast<std::streamsize>(header.size()));
  if (bytes) file.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  file.close();
  if (file && replaces) {
    if (fs::exists(status)) fs::permissions(written, status.permissions(), error);
    fs::rename(written, target, error);
  }
  if (file && !error) return;
  const std::string why = error ? error.message() : std::strerror(errno);
  if (replaces) fs::remove(written, error);
  throw Failure(kNotWritable, fmt::format("{}: can't be written: {}", path, why));
}

void CheckWritable(const std::string& option, const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path target = Resolved(path);
  const char* why = nullptr;
  if (fs::is_directory(target, error))
    why = "is a folder";
  else if (fs::exists(target, error) ? access(target.c_str(), W_OK) != 0
                                     : access(target.parent_path().c_str(), W_OK) != 0)
    why = "not writable";
  if (why) throw Failure(kNotWritable, fmt::format("{} {}: {}", option, path, why));
}

nlohmann::ordered_json Finite(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

void PrintJson(const nlohmann::ordered_json& json) {
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace tenon::tools
