#include "checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "nearest.h"

namespace tenon::tools {
namespace {

std::optional<double> Number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "" is bytes; kB, MB .. are powers of 1000, KiB, MiB .. of 1024.
std::optional<double> Unit(std::string unit) {
  std::ranges::transform(unit, unit.begin(), [](unsigned char c) { return std::tolower(c); });
  if (unit.empty() || unit == "b") return 1;
  static constexpr std::string_view kPrefixes = "kmgt";
  const size_t power = kPrefixes.find(unit[0]);
  if (power == std::string_view::npos) return std::nullopt;
  if (unit.substr(1) == "b") return std::pow(1000, power + 1);
  if (unit.substr(1) == "ib") return std::pow(1024, power + 1);
  return std::nullopt;
}

}  // namespace

CLI::Validator Between(double low, double high) {
  return CLI::Validator(
      [low, high](const std::string& text) -> std::string {
        const std::optional<double> value = Number(text);
        if (value && *value >= low && *value <= high) return "";
        const bool open = high == std::numeric_limits<double>::max();
        return fmt::format("'{}': expected a number {}", text,
                           open ? fmt::format("of at least {:g}", low)
                                : fmt::format("from {:.10g} to {:.10g}", low, high));
      },
      "");
}

CLI::Validator OneOf(std::vector<std::string> words) {
  const std::string description = fmt::format("{{{}}}", fmt::join(words, ","));
  return CLI::Validator(
      [words = std::move(words)](const std::string& text) -> std::string {
        if (std::ranges::find(words, text) != words.end()) return "";
        return fmt::format("'{}': expected one of {}{}", text, fmt::join(words, ", "),
                           DidYouMean(text, words));
      },
      description);
}

CLI::Validator AsBytes() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        constexpr double kMost = 0x1p63;
        const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
        const std::optional<double> value = Number(text.substr(0, digits));
        const std::optional<double> unit = Unit(text.substr(digits));
        if (!value || !unit || *value * *unit >= kMost)
          return fmt::format("'{}': expected bytes: 64000000, 64MB or 1.5GiB", text);
        text = fmt::format("{}", static_cast<uint64_t>(std::llround(*value * *unit)));
        return "";
      },
      "");
}

}  // namespace tenon::tools
