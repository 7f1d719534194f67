#include "lines.h"

#include <algorithm>
#include <cmath>

namespace read_text {
namespace {

bool SideBySide(const Text& a, const Text& b) {
  const double apart = std::abs(Centre(a.quad).y - Centre(b.quad).y);
  return apart < 0.5 * std::min(Height(a.quad), Height(b.quad));
}

}  // namespace

std::vector<Line> IntoLines(std::vector<Text> texts) {
  std::ranges::stable_sort(texts, {}, [](const Text& text) { return Centre(text.quad).y; });
  std::vector<Line> lines;
  for (Text& text : texts) {
    if (lines.empty() || !SideBySide(lines.back().back(), text)) lines.emplace_back();
    lines.back().push_back(std::move(text));
  }
  for (Line& line : lines)
    std::ranges::stable_sort(line, {}, [](const Text& text) { return Centre(text.quad).x; });
  return lines;
}

}  // namespace read_text
