// Values of options against the schema that a backend gives.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <numeric>

#include "backend_state.h"

namespace tenon::backend {
namespace {

bool IsInteger(const std::string& value) {
  if (value.empty() || std::isspace(static_cast<unsigned char>(value[0]))) return false;
  char* end = nullptr;
  errno = 0;
  static_cast<void>(std::strtoll(value.c_str(), &end, 10));
  return *end == 0 && errno == 0;
}

// The value in the form that the backend gets; or what was expected.
Result<std::string> Normalise(const tenon_option& option, const std::string& value) {
  std::string expected;
  switch (option.kind) {
    case TENON_OPTION_INT:
      if (IsInteger(value)) return value;
      expected = "an integer";
      break;
    case TENON_OPTION_BOOL:
      if (value == "on" || value == "true" || value == "1") return std::string("on");
      if (value == "off" || value == "false" || value == "0") return std::string("off");
      expected = "on or off";
      break;
    case TENON_OPTION_CHOICE:
      for (uint32_t i = 0; i < option.choice_count; ++i) {
        if (value == option.choices[i]) return value;
        expected += std::string(i ? ", " : "one of ") + option.choices[i];
      }
      break;
    default:
      return value;
  }
  return Status(Code::kInvalidArgument, "got '" + value + "', expected " + expected);
}

// Levenshtein's distance, row by row.
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

Status Unknown(const std::string& name, std::span<const tenon_option* const> schema) {
  std::string message = "there is no option '" + name + "'";
  if (schema.empty()) return Status(Code::kInvalidArgument, message + "; it has none");
  const auto nearest = std::ranges::min_element(
      schema, {}, [&](const tenon_option* option) { return Distance(name, option->name); });
  if (Distance(name, (*nearest)->name) <= name.size() / 2)
    message += "; did you mean '" + std::string((*nearest)->name) + "'?";
  message += " (it has: ";
  for (const tenon_option* option : schema) {
    message += (option == schema.front() ? "" : ", ") + std::string(option->name);
  }
  return Status(Code::kInvalidArgument, message + ")");
}

}  // namespace

Result<std::map<std::string, std::string>> CheckOptions(
    const std::string& backend, std::span<const tenon_option* const> schema,
    const std::map<std::string, std::string>& given) {
  std::map<std::string, std::string> values;
  for (const tenon_option* option : schema) {
    const char* value = option->default_value ? option->default_value : "";
    auto normal = Normalise(*option, value);
    if (!normal.ok()) {
      return Status(Code::kIncompatible, "R13: the default of option " + backend + "." +
                                             option->name + ": " +
                                             std::string(normal.status().message()));
    }
    values[option->name] = std::move(*normal);
  }
  for (const auto& [name, value] : given) {
    const auto option = std::ranges::find_if(
        schema, [&name = name](const tenon_option* known) { return name == known->name; });
    if (option == schema.end()) return Unknown(name, schema);
    auto normal = Normalise(**option, value);
    if (!normal.ok())
      return std::move(normal).status().WithContext("option " + backend + "." + name);
    values[name] = std::move(*normal);
  }
  return values;
}

}  // namespace tenon::backend
