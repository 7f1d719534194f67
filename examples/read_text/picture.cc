#include "picture.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <stdexcept>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wunused-function"
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#include <stb_image.h>
#pragma GCC diagnostic pop

namespace read_text {
namespace {

// Where a row or column of the resized picture lies between two of the original.
struct Tap {
  int first, second;
  float weight;  // of the second
};

std::vector<Tap> Taps(int from, int to) {
  std::vector<Tap> taps(static_cast<size_t>(to));
  const double step = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    const double place = std::clamp((i + 0.5) * step - 0.5, 0.0, static_cast<double>(from - 1));
    const int first = static_cast<int>(place);
    taps[static_cast<size_t>(i)] = {first, std::min(first + 1, from - 1),
                                    static_cast<float>(place - first)};
  }
  return taps;
}

// Black or white, by the mean brightness of what is not transparent.
float Background(const stbi_uc* rgba, size_t count) {
  double sum = 0;
  size_t visible = 0;
  for (size_t i = 0; i < count; ++i) {
    const stbi_uc* p = rgba + 4 * i;
    if (p[3] == 0) continue;
    sum += 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
    ++visible;
  }
  return visible > 0 && sum / static_cast<double>(visible) >= 128 ? 0.0f : 255.0f;
}

}  // namespace

Picture LoadPicture(const std::string& path) {
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> rgba(
      stbi_load(path.c_str(), &width, &height, &channels, 4), stbi_image_free);
  if (!rgba) {
    const std::string reason = stbi_failure_reason();
    if (reason == "can't fopen") throw std::runtime_error(path + ": " + std::strerror(errno));
    throw std::runtime_error(path + ": not a picture that can be read (" + reason +
                             "); expected PNG, JPEG, BMP or GIF");
  }
  Picture picture(width, height);
  const size_t count = picture.pixels.size() / 3;
  const bool has_alpha = channels == 2 || channels == 4;
  const float background = has_alpha ? Background(rgba.get(), count) : 0;
  for (size_t i = 0; i < count; ++i) {
    const stbi_uc* from = rgba.get() + 4 * i;
    const float alpha = has_alpha ? static_cast<float>(from[3]) / 255.0f : 1.0f;
    for (size_t c = 0; c < 3; ++c)
      picture.pixels[3 * i + c] =
          static_cast<uint8_t>(static_cast<float>(from[c]) * alpha + background * (1 - alpha));
  }
  return picture;
}

Picture Resized(const Picture& picture, int width, int height) {
  Picture out(width, height);
  const std::vector<Tap> columns = Taps(picture.width, width), rows = Taps(picture.height, height);
  for (int y = 0; y < height; ++y) {
    const Tap row = rows[static_cast<size_t>(y)];
    for (int x = 0; x < width; ++x) {
      const Tap column = columns[static_cast<size_t>(x)];
      const uint8_t* corners[4] = {
          picture.at(column.first, row.first), picture.at(column.second, row.first),
          picture.at(column.first, row.second), picture.at(column.second, row.second)};
      for (int c = 0; c < 3; ++c) {
        const auto mix = [&](int a, int b) {
          return static_cast<float>(corners[a][c]) * (1 - column.weight) +
                 static_cast<float>(corners[b][c]) * column.weight;
        };
        out.at(x, y)[c] =
            static_cast<uint8_t>(mix(0, 1) * (1 - row.weight) + mix(2, 3) * row.weight + 0.5f);
      }
    }
  }
  return out;
}

Picture Padded(const Picture& picture, int rows) {
  Picture out(picture.width, picture.height + 2 * rows);
  std::ranges::copy(picture.pixels, out.at(0, rows));
  return out;
}

Picture RotatedLeft(const Picture& picture) {
  Picture out(picture.height, picture.width);
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x)
      std::copy_n(picture.at(picture.width - 1 - y, x), 3, out.at(x, y));
  return out;
}

Picture UpsideDown(const Picture& picture) {
  Picture out(picture.width, picture.height);
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x)
      std::copy_n(picture.at(picture.width - 1 - x, picture.height - 1 - y), 3, out.at(x, y));
  return out;
}

void WritePlanes(const Picture& picture, int row_width, std::span<float> planes) {
  const size_t plane = static_cast<size_t>(row_width) * static_cast<size_t>(picture.height);
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      const uint8_t* pixel = picture.at(x, y);
      const size_t place =
          static_cast<size_t>(y) * static_cast<size_t>(row_width) + static_cast<size_t>(x);
      for (size_t c = 0; c < 3; ++c)
        planes[c * plane + place] = static_cast<float>(pixel[2 - c]) / 127.5f - 1.0f;
    }
  }
}

}  // namespace read_text
