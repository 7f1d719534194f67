#include "quad.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace read_text {
namespace {

Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
Point operator*(Point a, double by) { return {a.x * by, a.y * by}; }
double Dot(Point a, Point b) { return a.x * b.x + a.y * b.y; }
double Cross(Point a, Point b) { return a.x * b.y - a.y * b.x; }
Point Direction(Point from, Point to) {
  const double length = Distance(from, to);
  return length > 0 ? (to - from) * (1 / length) : Point{1, 0};
}

// The rectangle around the points with one side along `along`; its area.
double RectangleAlong(const std::vector<Point>& points, Point along, Quad* out) {
  const Point across{-along.y, along.x};
  double low_a = std::numeric_limits<double>::infinity(), high_a = -low_a, low_b = low_a,
         high_b = -low_a;
  for (const Point p : points) {
    low_a = std::min(low_a, Dot(p, along));
    high_a = std::max(high_a, Dot(p, along));
    low_b = std::min(low_b, Dot(p, across));
    high_b = std::max(high_b, Dot(p, across));
  }
  const auto corner = [&](double a, double b) { return along * a + across * b; };
  *out = {corner(low_a, low_b), corner(high_a, low_b), corner(high_a, high_b),
          corner(low_a, high_b)};
  return (high_a - low_a) * (high_b - low_b);
}

}  // namespace

double Distance(Point a, Point b) { return std::hypot(a.x - b.x, a.y - b.y); }
double Width(const Quad& quad) {
  return std::max(Distance(quad[0], quad[1]), Distance(quad[3], quad[2]));
}
double Height(const Quad& quad) {
  return std::max(Distance(quad[0], quad[3]), Distance(quad[1], quad[2]));
}
Point Centre(const Quad& quad) { return (quad[0] + quad[1] + quad[2] + quad[3]) * 0.25; }

std::vector<Point> ConvexHull(std::vector<Point> points) {
  std::ranges::sort(points, [](Point a, Point b) { return a.x != b.x ? a.x < b.x : a.y < b.y; });
  std::vector<Point> hull;
  const auto add = [&hull](Point p, size_t begin) {
    while (hull.size() >= begin + 2 &&
           Cross(hull[hull.size() - 1] - hull[hull.size() - 2], p - hull.back()) <= 0)
      hull.pop_back();
    hull.push_back(p);
  };
  for (const Point p : points) add(p, 0);
  const size_t upper = hull.size() - (hull.empty() ? 0 : 1);
  for (size_t i = points.size(); i-- > 1;) add(points[i - 1], upper);
  if (hull.size() > 1) hull.pop_back();  // the first point again
  return hull;
}

Quad SmallestRectangle(const std::vector<Point>& points) {
  const std::vector<Point> hull = ConvexHull(points);
  Quad best{};
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < hull.size(); ++i) {
    Quad rectangle;
    const double area =
        RectangleAlong(hull, Direction(hull[i], hull[(i + 1) % hull.size()]), &rectangle);
    if (area < least) {
      least = area;
      best = rectangle;
    }
  }
  return Ordered(best);
}

Quad Ordered(Quad points) {
  std::ranges::stable_sort(points, {}, &Point::x);
  if (points[1].y < points[0].y) std::swap(points[0], points[1]);
  if (points[3].y < points[2].y) std::swap(points[2], points[3]);
  return {points[0], points[2], points[3], points[1]};
}

Quad Grown(const Quad& r, double distance) {
  const Point along = Direction(r[0], r[1]) * distance, down = Direction(r[0], r[3]) * distance;
  return {r[0] - along - down, r[1] + along - down, r[2] + along + down, r[3] - along + down};
}

}  // namespace read_text
