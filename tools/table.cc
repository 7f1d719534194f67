#include "table.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace tenon::tools {
namespace {

// Three significant digits and the unit whose factor fits best; units fall.
struct Unit {
  double factor;
  const char* name;
};

std::string Scaled(double value, std::span<const Unit> units) {
  const double size = std::abs(value);
  const auto unit =
      std::ranges::find_if(units, [size](const Unit& u) { return size >= 0.9995 * u.factor; });
  const Unit& chosen = unit == units.end() ? units.back() : *unit;
  const double scaled = value / chosen.factor, places = std::abs(scaled);
  const int digits = scaled == std::floor(scaled) && chosen.factor == 1 ? 0
                     : places < 9.995                                   ? 2
                     : places < 99.95                                   ? 1
                                                                        : 0;
  return fmt::format("{:.{}f}{}{}", scaled, digits, *chosen.name ? " " : "", chosen.name);
}

}  // namespace

Table::Table(std::vector<std::string> titles, std::string_view align) : align_(align) {
  rows_.push_back(std::move(titles));
}

void Table::Add(std::vector<std::string> cells) {
  cells.resize(rows_[0].size());
  rows_.push_back(std::move(cells));
}

std::string Table::Text(size_t indent) const {
  std::string text;
  std::vector<size_t> widths(rows_[0].size());
  for (size_t row = 1; row < rows_.size(); ++row) {
    for (size_t c = 0; c < widths.size(); ++c)
      widths[c] = std::max(widths[c], Width(rows_[row][c]));
  }
  for (size_t c = 0; c < widths.size(); ++c) {
    if (widths[c]) widths[c] = std::max(widths[c], Width(rows_[0][c]));
  }
  for (const std::vector<std::string>& row : rows_) {
    std::string line(indent, ' ');
    for (size_t c = 0; c < row.size(); ++c) {
      if (!widths[c]) continue;
      if (line.size() > indent) line += "  ";
      const std::string padding(widths[c] - std::min(widths[c], Width(row[c])), ' ');
      line += align_[c] == 'r' ? padding + row[c] : row[c] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

size_t Width(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string Bytes(double bytes) {
  static constexpr std::array kUnits = {Unit{1e12, "TB"}, Unit{1e9, "GB"}, Unit{1e6, "MB"},
                                        Unit{1e3, "kB"}, Unit{1, "B"}};
  return Scaled(bytes, kUnits);
}

std::string Seconds(double seconds) {
  static constexpr std::array kUnits = {Unit{1, "s"}, Unit{1e-3, "ms"}, Unit{1e-6, "us"},
                                        Unit{1e-9, "ns"}};
  return seconds == 0 ? "0 s" : Scaled(seconds, kUnits);
}

std::string Count(double count) {
  static constexpr std::array kUnits = {Unit{1e12, "T"}, Unit{1e9, "G"}, Unit{1e6, "M"},
                                        Unit{1e3, "k"}, Unit{1, ""}};
  return Scaled(count, kUnits);
}

std::string Percent(double share) {
  if (share > 0 && share < 0.0005) return "<0.1 %";
  return fmt::format("{:.{}f} %", share * 100, share < 0.0995 ? 1 : 0);
}

size_t TerminalWidth() {
  winsize size{};
  return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void Progress(const std::string& text) {
  static const bool terminal = isatty(STDERR_FILENO) != 0;
  if (terminal) fmt::print(stderr, "\r\x1b[K{}", text);
}

}  // namespace tenon::tools
