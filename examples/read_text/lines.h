// Boxes of text in the order in which they are read.
#pragma once

#include <string>
#include <vector>

#include "quad.h"

namespace read_text {

struct Text {
  Quad quad;  // in pixels of the picture
  std::string text;
  double score = 0;  // mean probability of the characters
};

// Texts side by side, from the left.
using Line = std::vector<Text>;

// From the top. Texts are on one line where their middles are less than half of the lower one's height apart.
std::vector<Line> IntoLines(std::vector<Text> texts);

}  // namespace read_text
