#include "nearest.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

namespace tenon::tools {
namespace {

bool Same(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

}  // namespace

std::string Nearest(std::string_view word, std::span<const std::string> known) {
  std::string best;
  size_t best_distance = word.size() / 2 + 1;
  for (const std::string& candidate : known) {
    std::vector<size_t> row(candidate.size() + 1), before(row.size());
    for (size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= word.size(); ++i) {
      const std::vector<size_t> two_before = std::exchange(before, row);
      row[0] = i;
      for (size_t j = 1; j < row.size(); ++j) {
        const size_t substituted = before[j - 1] + (Same(word[i - 1], candidate[j - 1]) ? 0 : 1);
        row[j] = std::min({before[j] + 1, row[j - 1] + 1, substituted});
        if (i > 1 && j > 1 && Same(word[i - 1], candidate[j - 2]) &&
            Same(word[i - 2], candidate[j - 1]))
          row[j] = std::min(row[j], two_before[j - 2] + 1);
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

std::string DidYouMean(std::string_view word, std::span<const std::string> known) {
  const std::string near = Nearest(word, known);
  return near.empty() ? "" : "; did you mean '" + near + "'?";
}

}  // namespace tenon::tools
