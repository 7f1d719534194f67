// The texts that sessions are configured with.
#include "options.h"

#include <algorithm>
#include <charconv>

namespace tenon::session {
namespace {

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Result<BackendGroups> ParseBackendList(std::string_view text) {
  BackendGroups groups;
  std::vector<std::string> seen;
  for (const std::string& group : Split(text, ',')) {
    groups.push_back(Split(group, '+'));
    for (const std::string& name : groups.back()) {
      if (name.empty()) {
        return Status(Code::kInvalidArgument,
                      "backends \"" + std::string(text) + "\": a name is missing (wants a,b+c)");
      }
      if (std::ranges::find(seen, name) != seen.end()) {
        return Status(Code::kInvalidArgument,
                      "backends \"" + std::string(text) + "\": \"" + name + "\" stands twice");
      }
      seen.push_back(name);
    }
  }
  return groups;
}

Result<BackendSetting> ParseBackendSetting(std::string_view text) {
  const size_t equals = text.find('=');
  const size_t dot = text.substr(0, equals).find('.');
  if (equals == std::string_view::npos || dot == std::string_view::npos || dot == 0 ||
      dot + 1 == equals) {
    return Status(Code::kInvalidArgument,
                  "backend option \"" + std::string(text) +
                      "\": wants BACKEND.OPTION=VALUE, as simulator.claim=all");
  }
  return BackendSetting{std::string(text.substr(0, dot)),
                        std::string(text.substr(dot + 1, equals - dot - 1)),
                        std::string(text.substr(equals + 1))};
}

Result<std::map<std::string, int64_t>> ParseDims(const std::vector<std::string>& dims) {
  std::map<std::string, int64_t> sizes;
  for (const std::string& text : dims) {
    const size_t equals = text.rfind('=');
    int64_t size = -1;
    if (equals != std::string::npos && equals != 0) {
      const char* end = text.data() + text.size();
      const auto parsed = std::from_chars(text.data() + equals + 1, end, size);
      if (parsed.ec != std::errc() || parsed.ptr != end) size = -1;
    }
    if (size < 0) {
      return Status(Code::kInvalidArgument,
                    "dimension \"" + text + "\": wants NAME=SIZE, a size of 0 or more");
    }
    const auto [entry, added] = sizes.emplace(text.substr(0, equals), size);
    if (!added && entry->second != size) {
      return Status(Code::kInvalidArgument,
                    "dimension \"" + entry->first + "\" is given twice, as " +
                        std::to_string(entry->second) + " and " + std::to_string(size));
    }
  }
  return sizes;
}

}  // namespace tenon::session
