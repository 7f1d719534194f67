#include "alphabet.h"

#include <algorithm>

namespace read_text {

Alphabet::Alphabet(std::string_view lines) : characters_{""} {
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view character = lines.substr(0, end);
    if (character.ends_with('\r')) character.remove_suffix(1);
    characters_.emplace_back(character);
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  characters_.emplace_back(" ");
}

Reading Alphabet::Decode(std::span<const float> steps) const {
  Reading reading;
  size_t before = 0, count = 0;
  for (; steps.size() >= size(); steps = steps.subspan(size())) {
    const auto best = std::ranges::max_element(steps.first(size()));
    const auto index = static_cast<size_t>(best - steps.begin());
    if (index != 0 && index != before) {
      reading.text += characters_[index];
      reading.score += static_cast<double>(*best);
      ++count;
    }
    before = index;
  }
  if (count > 0) reading.score /= static_cast<double>(count);
  return reading;
}

}  // namespace read_text
