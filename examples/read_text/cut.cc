#include "cut.h"

#include <algorithm>
#include <cmath>

namespace read_text {
namespace {

// The projection of the unit square to a quad (Heckbert, Fundamentals of Texture Mapping, 1989, section 2.2.3).
class Projection {
 public:
  explicit Projection(const Quad& q) {
    const double dx1 = q[1].x - q[2].x, dx2 = q[3].x - q[2].x, dy1 = q[1].y - q[2].y,
                 dy2 = q[3].y - q[2].y;
    const double sx = q[0].x - q[1].x + q[2].x - q[3].x, sy = q[0].y - q[1].y + q[2].y - q[3].y;
    const double area = dx1 * dy2 - dx2 * dy1;
    g_ = (sx * dy2 - dx2 * sy) / area;
    h_ = (dx1 * sy - sx * dy1) / area;
    a_ = q[1].x - q[0].x + g_ * q[1].x;
    b_ = q[3].x - q[0].x + h_ * q[3].x;
    c_ = q[0].x;
    d_ = q[1].y - q[0].y + g_ * q[1].y;
    e_ = q[3].y - q[0].y + h_ * q[3].y;
    f_ = q[0].y;
  }
  Point operator()(double u, double v) const {
    const double w = g_ * u + h_ * v + 1;
    return {(a_ * u + b_ * v + c_) / w, (d_ * u + e_ * v + f_) / w};
  }

 private:
  double a_, b_, c_, d_, e_, f_, g_, h_;
};

// Weights of four neighbours, `t` beyond the second (Keys' cubic convolution with a = -0.75).
std::array<double, 4> CubicWeights(double t) {
  constexpr double a = -0.75;
  const auto near = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  return {far(1 + t), near(t), near(1 - t), far(2 - t)};
}

void SampleCubic(const Picture& picture, Point at, uint8_t* out) {
  at = {std::fmin(std::fmax(at.x, -2), picture.width + 1),
        std::fmin(std::fmax(at.y, -2), picture.height + 1)};
  const double left = std::floor(at.x), top = std::floor(at.y);
  const std::array<double, 4> wx = CubicWeights(at.x - left), wy = CubicWeights(at.y - top);
  double sum[3] = {};
  for (int j = 0; j < 4; ++j) {
    const int y = std::clamp(static_cast<int>(top) + j - 1, 0, picture.height - 1);
    for (int i = 0; i < 4; ++i) {
      const int x = std::clamp(static_cast<int>(left) + i - 1, 0, picture.width - 1);
      const double weight = wx[static_cast<size_t>(i)] * wy[static_cast<size_t>(j)];
      for (int c = 0; c < 3; ++c) sum[c] += weight * picture.at(x, y)[c];
    }
  }
  for (int c = 0; c < 3; ++c) out[c] = static_cast<uint8_t>(std::clamp(sum[c] + 0.5, 0.0, 255.0));
}

}  // namespace

Picture Cut(const Picture& picture, const Quad& quad) {
  Picture out(std::max(1, static_cast<int>(Width(quad))),
              std::max(1, static_cast<int>(Height(quad))));
  const Projection projection(quad);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x)
      SampleCubic(picture, projection(double(x) / out.width, double(y) / out.height), out.at(x, y));
  }
  constexpr double kRunsDown = 1.5;  // height by width
  return out.height >= kRunsDown * out.width ? RotatedLeft(out) : out;
}

}  // namespace read_text
