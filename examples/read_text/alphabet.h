// The characters that a recognition model knows, and what it says in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace read_text {

struct Reading {
  std::string text;
  double score = 0;  // mean probability of the characters
};

class Alphabet {
 public:
  // A character per line, as PP-OCR's models have them in their metadata under "character". A blank comes before them
  // and a space after them.
  explicit Alphabet(std::string_view lines);
  size_t size() const { return characters_.size(); }
  // Rows of size() probabilities, one for each step along the line: takes the best of each row, repetitions once, blanks
  // not at all (connectionist temporal classification).
  Reading Decode(std::span<const float> steps) const;

 private:
  std::vector<std::string> characters_;
};

}  // namespace read_text
