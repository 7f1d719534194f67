#include "new_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "failure.h"
#include "files.h"
#include "templates.h"

namespace tenon::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPlaceholder = "my_npu";
constexpr size_t kLongestName = 31;  // what tenon_note holds
// Of two backends of one name a runtime takes the first that it finds, and "host" is its own.
constexpr std::string_view kTaken[] = {"host", "reference", "simulator"};

std::string Replaced(std::string text, const std::string& name) {
  for (size_t at = 0; (at = text.find(kPlaceholder, at)) != std::string::npos; at += name.size())
    text.replace(at, kPlaceholder.size(), name);
  return text;
}

// Its bytes are taken as they are where they are no text.
std::string ContentOf(const Template& file, const std::string& name) {
  std::string content(file.content.begin(), file.content.end());
  const bool text = std::ranges::count(content, '\0') == 0;
  return text ? Replaced(std::move(content), name) : content;
}

void CheckName(const std::string& name) {
  const std::string nearest = NearestBackendName(name);
  if (nearest == name) return;
  if (std::ranges::count(kTaken, name) != 0)
    throw Failure(kUsage, fmt::format("'{}' is a backend of Tenon's own (expected a new name): "
                                      "did you mean '{}'?",
                                      name, nearest));
  throw Failure(kUsage,
                fmt::format("'{}' can't be a backend's name: lower-case letters, digits and _, a "
                            "letter first, at most {}{}",
                            name, kLongestName,
                            nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

void CheckFolder(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder, ignored)) return;
  if (fs::is_directory(folder, ignored) && fs::is_empty(folder, ignored)) return;
  throw Failure(
      kUsage,
      fmt::format(
          "{} is there already and has something in it (expected a new or empty folder): choose "
          "another one with --output",
          folder.string()));
}

void WriteSource(const fs::path& path, const std::string& content) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error)
    throw Failure(kNotWritable,
                  fmt::format("can't make {}: {}", path.parent_path().string(), error.message()));
  WriteFile(path, content, nullptr, 0);
}

}  // namespace

std::string NearestBackendName(const std::string& wanted) {
  std::string name;
  for (const char c : wanted) {
    const bool upper = c >= 'A' && c <= 'Z', letter = upper || (c >= 'a' && c <= 'z');
    const bool digit = c >= '0' && c <= '9';
    if (letter) name += static_cast<char>(upper ? c - 'A' + 'a' : c);
    if (!letter && !name.empty()) name += digit ? c : '_';
  }
  if (std::ranges::count(kTaken, name) != 0) name += "_backend";
  return name.substr(0, kLongestName);
}

std::vector<std::string> Write(const NewBackend& backend) {
  CheckName(backend.name);
  CheckFolder(backend.folder);
  const std::string lang = backend.lang == "c++" ? "cpp" : backend.lang;
  const std::string folders[] = {"all", lang, backend.kind, lang + "_" + backend.kind};
  std::vector<std::string> written;
  for (const Template& file : Templates()) {
    if (std::ranges::count(folders, file.folder) == 0) continue;
    written.push_back(Replaced(file.path, backend.name));
    WriteSource(backend.folder / written.back(), ContentOf(file, backend.name));
  }
  std::ranges::sort(written);
  return written;
}

}  // namespace tenon::tools
