#include "blobs.h"

#include <algorithm>
#include <utility>

namespace read_text {
namespace {

constexpr uint8_t kSeen = 2;  // of a cell that is in a blob; not 0, so that it still is a neighbour

// Everything that is connected with (x, y), which is not empty.
std::vector<Point> TakeBlob(Mask* mask, int x, int y) {
  std::vector<Point> ends;
  std::vector<std::pair<int, int>> open = {{x, y}};
  mask->at(x, y) = kSeen;
  const auto empty = [&](int px, int py) {
    return px < 0 || px >= mask->width || mask->at(px, py) == 0;
  };
  while (!open.empty()) {
    const auto [cx, cy] = open.back();
    open.pop_back();
    if (empty(cx - 1, cy) || empty(cx + 1, cy))
      ends.push_back({static_cast<double>(cx), static_cast<double>(cy)});
    for (int ny = std::max(cy - 1, 0); ny <= std::min(cy + 1, mask->height - 1); ++ny) {
      for (int nx = std::max(cx - 1, 0); nx <= std::min(cx + 1, mask->width - 1); ++nx) {
        if (mask->at(nx, ny) == 0 || mask->at(nx, ny) == kSeen) continue;
        mask->at(nx, ny) = kSeen;
        open.emplace_back(nx, ny);
      }
    }
  }
  return ends;
}

}  // namespace

std::vector<std::vector<Point>> FindBlobs(Mask mask, size_t limit) {
  std::vector<std::vector<Point>> blobs;
  for (int y = 0; y < mask.height; ++y) {
    for (int x = 0; x < mask.width && blobs.size() < limit; ++x) {
      if (mask.at(x, y) != 0 && mask.at(x, y) != kSeen) blobs.push_back(TakeBlob(&mask, x, y));
    }
  }
  return blobs;
}

}  // namespace read_text
