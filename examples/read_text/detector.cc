#include "detector.h"

#include <algorithm>
#include <cmath>

#include "blobs.h"

namespace read_text {
namespace {

constexpr double kShorterSide = 736;
constexpr float kText = 0.3f;      // the least probability of a place that belongs to a text
constexpr double kBoxScore = 0.5;  // the least mean probability of a box
constexpr double kUnclip =
    1.6;  // the model marks the core of a line; a box grows by this times area / perimeter
constexpr double kLeastSide = 3;  // in pixels, of a core and of a box
constexpr size_t kMostBlobs = 1000;

int MultipleOf32(double pixels) {
  return 32 * static_cast<int>(std::nearbyint(std::floor(pixels) / 32));
}

// Places with text, each with its neighbours to the right and below, which joins what a thin gap separates.
Mask TextMask(std::span<const float> map, int width, int height) {
  Mask mask(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      if (!(map[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)] >
            kText))
        continue;
      for (int ny = y; ny <= std::min(y + 1, height - 1); ++ny)
        for (int nx = x; nx <= std::min(x + 1, width - 1); ++nx) mask.at(nx, ny) = 1;
    }
  }
  return mask;
}

// The mean of the map inside of the quad, its corners cut to whole places.
double Score(std::span<const float> map, int width, int height, const Quad& quad) {
  Quad q;
  for (size_t i = 0; i < 4; ++i) q[i] = {std::trunc(quad[i].x), std::trunc(quad[i].y)};
  const auto inside = [&q](int x, int y) {  // or on the edge, as a line of pixels
    for (size_t i = 0; i < 4; ++i) {
      const Point a = q[i], b = q[(i + 1) % 4];
      const double slack = 0.5 * std::max(std::abs(b.x - a.x), std::abs(b.y - a.y));
      if ((b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x) < -slack) return false;
    }
    return true;
  };
  const auto [left, right] = std::minmax({q[0].x, q[1].x, q[2].x, q[3].x});
  const auto [top, bottom] = std::minmax({q[0].y, q[1].y, q[2].y, q[3].y});
  double sum = 0;
  int count = 0;
  for (int y = std::max(0, static_cast<int>(top));
       y <= std::min(height - 1, static_cast<int>(bottom)); ++y) {
    for (int x = std::max(0, static_cast<int>(left));
         x <= std::min(width - 1, static_cast<int>(right)); ++x) {
      if (!inside(x, y)) continue;
      sum += static_cast<double>(
          map[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)]);
      ++count;
    }
  }
  return count > 0 ? sum / count : 0;
}

// From the map's places to whole pixels inside of the picture.
Quad InPicture(const Quad& quad, int width, int height, Size picture) {
  Quad out;
  for (size_t i = 0; i < 4; ++i) {
    out[i].x =
        std::clamp<double>(std::nearbyint(quad[i].x / width * picture.width), 0, picture.width - 1);
    out[i].y = std::clamp<double>(std::nearbyint(quad[i].y / height * picture.height), 0,
                                  picture.height - 1);
  }
  return Ordered(out);
}

}  // namespace

Size DetectionSize(int width, int height) {
  const double scale = std::max(1.0, kShorterSide / std::min(width, height));
  return {std::max(32, MultipleOf32(width * scale)), std::max(32, MultipleOf32(height * scale))};
}

std::vector<Box> BoxesFromMap(std::span<const float> map, int width, int height, Size picture) {
  std::vector<Box> boxes;
  for (const std::vector<Point>& blob : FindBlobs(TextMask(map, width, height), kMostBlobs)) {
    const Quad core = SmallestRectangle(blob);
    const double w = Distance(core[0], core[1]), h = Distance(core[0], core[3]);
    if (std::min(w, h) < kLeastSide) continue;
    const double score = Score(map, width, height, core);
    if (score < kBoxScore) continue;
    const Quad quad =
        InPicture(Grown(core, kUnclip * w * h / (2 * (w + h))), width, height, picture);
    if (std::floor(Distance(quad[0], quad[1])) <= kLeastSide ||
        std::floor(Distance(quad[0], quad[3])) <= kLeastSide)
      continue;
    boxes.push_back({quad, score});
  }
  return boxes;
}

std::vector<Box> Detector::Find(const Picture& picture) const {
  const auto [width, height] = DetectionSize(picture.width, picture.height);
  std::vector<float> planes(size_t{3} * static_cast<size_t>(width) * static_cast<size_t>(height));
  WritePlanes(Resized(picture, width, height), width, planes);
  const std::vector<tenon::Tensor> outputs =
      session_.Run({tenon::Tensor::Wrap(planes, {1, 3, height, width})});
  return BoxesFromMap(outputs[0].As<float>(), width, height, {picture.width, picture.height});
}

}  // namespace read_text
