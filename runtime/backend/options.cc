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

bool Fits(const tenon_option& option, const std::string& value, std::string* out_expected) {
  switch (option.kind) {
    case TENON_OPTION_INT:
      *out_expected = "an integer";
      return IsInteger(value);
    case TENON_OPTION_BOOL:
      *out_expected = "on or off";
      return value == "on" || value == "off" || value == "true" || value == "false" ||
             value == "1" || value == "0";
    case TENON_OPTION_CHOICE:
      *out_expected = "one of";
      for (uint32_t i = 0; i < option.choice_count; ++i) {
        if (value == option.choices[i]) return true;
        *out_expected += std::string(i ? ", " : " ") + option.choices[i];
      }
      return false;
    default:
      return true;
  }
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

Status Unknown(const std::string& backend, const std::string& name,
               std::span<const tenon_option* const> schema) {
  std::string message = "backend " + backend + " has no option '" + name + "'";
  if (schema.empty()) return Status(Code::kInvalidArgument, message + "; it has none");
  const auto nearest = std::ranges::min_element(
      schema, {}, [&](const tenon_option* option) { return Distance(name, option->name); });
  message += "; did you mean '" + std::string((*nearest)->name) + "'? (it has: ";
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
    values[option->name] = option->default_value ? option->default_value : "";
  }
  for (const auto& [name, value] : given) {
    const auto option = std::ranges::find_if(
        schema, [&name = name](const tenon_option* known) { return name == known->name; });
    if (option == schema.end()) return Unknown(backend, name, schema);
    std::string expected;
    if (!Fits(**option, value, &expected)) {
      return Status(Code::kInvalidArgument, "option " + backend + "." + name + ": got '" + value +
                                                "', expected " + expected);
    }
    values[name] = value;
  }
  return values;
}

}  // namespace tenon::backend
