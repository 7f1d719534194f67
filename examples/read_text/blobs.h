// Connected areas of a mask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "quad.h"

namespace read_text {

// Row by row; 0: empty.
struct Mask {
  Mask(int w, int h)
      : width(w), height(h), cells(static_cast<size_t>(w) * static_cast<size_t>(h)) {}
  uint8_t& at(int x, int y) {
    return cells[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)];
  }
  uint8_t at(int x, int y) const { return const_cast<Mask*>(this)->at(x, y); }

  int width, height;
  std::vector<uint8_t> cells;
};

// For each area of neighbouring cells, diagonal ones included: the cells at the ends of its rows, which have the same
// convex hull as the area. At most `limit` areas, from the top.
std::vector<std::vector<Point>> FindBlobs(Mask mask, size_t limit);

}  // namespace read_text
