// A picture in memory, and the few operations on pixels that reading text needs. They give what OpenCV's functions of
// the same purpose give, to one level of 255.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace read_text {

// 8-bit RGB, rows from the top.
struct Picture {
  Picture() = default;
  Picture(int w, int h) : width(w), height(h), pixels(size_t{3} * size_t(w) * size_t(h)) {}
  const uint8_t* at(int x, int y) const {
    return pixels.data() + 3 * (size_t(y) * size_t(width) + size_t(x));
  }
  uint8_t* at(int x, int y) { return pixels.data() + 3 * (size_t(y) * size_t(width) + size_t(x)); }

  int width = 0, height = 0;
  std::vector<uint8_t> pixels;
};

// Of a PNG, JPEG, BMP, GIF .. file. What is transparent becomes white or black, whichever is further from the rest.
// Throws std::runtime_error with the path.
Picture LoadPicture(const std::string& path);

// By bilinear interpolation between pixel centres.
Picture Resized(const Picture& picture, int width, int height);
// With `rows` black rows above and below.
Picture Padded(const Picture& picture, int rows);
Picture RotatedLeft(const Picture& picture);  // by 90 degrees, counterclockwise
Picture UpsideDown(const Picture& picture);   // by 180 degrees

// Writes the picture as planes of blue, green, red in -1..1, rows of `row_width` floats (at least the picture's width);
// what is beyond the picture's columns stays as it is.
void WritePlanes(const Picture& picture, int row_width, std::span<float> planes);

}  // namespace read_text
