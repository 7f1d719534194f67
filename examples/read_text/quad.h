// Points, convex hulls and rectangles at any angle; y grows downwards.
#pragma once

#include <array>
#include <vector>

namespace read_text {

struct Point {
  double x = 0, y = 0;
};

// Corners of a box of text: top left, top right, bottom right, bottom left.
using Quad = std::array<Point, 4>;

double Distance(Point a, Point b);
double Width(const Quad& quad);   // the longer one of top and bottom
double Height(const Quad& quad);  // the longer one of left and right
Point Centre(const Quad& quad);

// The corners of the convex hull, in order (Andrew's monotone chain).
std::vector<Point> ConvexHull(std::vector<Point> points);
// The rectangle of least area around the points, at any angle. Some edge of the hull lies on it.
Quad SmallestRectangle(const std::vector<Point>& points);
// The four points in the order of a Quad: of the two leftmost the upper one is the top left corner.
Quad Ordered(Quad points);
// The rectangle with each side moved outwards.
Quad Grown(const Quad& rectangle, double distance);

}  // namespace read_text
