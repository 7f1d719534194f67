// Tells which way the text on a picture runs, with the PP-OCR text-direction classifier.
//
// usage: text_direction [-b BACKENDS] MODEL.onnx PICTURE...
//
// Prints a line for each picture: its name, 0 or 180 degrees, and how sure the model is.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "tenon/runtime/tenon.hpp"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wunused-function"
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#include <stb_image.h>
#pragma GCC diagnostic pop

namespace {

constexpr int kHeight = 48;  // what the classifier was trained on
constexpr int kWidth = 192;

// One pixel of the picture at a fractional position, by bilinear interpolation.
float Sample(const unsigned char* pixels, int width, int height, int channel, float x, float y) {
  x = std::clamp(x, 0.0f, static_cast<float>(width - 1));
  y = std::clamp(y, 0.0f, static_cast<float>(height - 1));
  const int x0 = static_cast<int>(x), y0 = static_cast<int>(y);
  const int x1 = std::min(x0 + 1, width - 1), y1 = std::min(y0 + 1, height - 1);
  const float fx = x - static_cast<float>(x0), fy = y - static_cast<float>(y0);
  const auto at = [&](int px, int py) {
    return static_cast<float>(pixels[(py * width + px) * 3 + channel]);
  };
  return (at(x0, y0) * (1 - fx) + at(x1, y0) * fx) * (1 - fy) +
         (at(x0, y1) * (1 - fx) + at(x1, y1) * fx) * fy;
}

// The picture scaled to the model's height, cut or filled up with grey to its width, as [1, 3, 48, 192] in -1..1.
std::vector<float> Load(const std::string& path) {
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load(path.c_str(), &width, &height, &channels, 3), stbi_image_free);
  if (!pixels) throw std::runtime_error(path + ": " + stbi_failure_reason());
  std::vector<float> values(3 * kHeight * kWidth, 0.0f);
  const float step = static_cast<float>(height) / kHeight;
  const int columns = std::min(kWidth, static_cast<int>(static_cast<float>(width) / step + 0.999f));
  // Wide lines are squeezed into the model's width.
  const float step_x = static_cast<float>(width) / static_cast<float>(columns);
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < columns; ++x) {
        const float pixel =
            Sample(pixels.get(), width, height, c, (static_cast<float>(x) + 0.5f) * step_x - 0.5f,
                   (static_cast<float>(y) + 0.5f) * step - 0.5f);
        values[static_cast<size_t>((c * kHeight + y) * kWidth + x)] = pixel / 127.5f - 1.0f;
      }
    }
  }
  return values;
}

int Main(int argc, char** argv) {
  std::string backends;
  int next = 1;
  if (argc > 2 && std::strcmp(argv[1], "-b") == 0) {
    backends = argv[2];
    next = 3;
  }
  if (argc - next < 2) {
    std::fprintf(stderr, "usage: text_direction [-b BACKENDS] MODEL.onnx PICTURE...\n");
    return 2;
  }
  const tenon::Runtime runtime;
  const tenon::Session session(runtime, argv[next++], {.backends = backends});
  for (; next < argc; ++next) {
    std::vector<float> picture = Load(argv[next]);
    const std::vector<tenon::Tensor> outputs =
        session.Run({tenon::Tensor::Wrap(picture, {1, 3, kHeight, kWidth})});
    const std::span<const float> scores = outputs[0].As<float>();
    const bool upright = scores[0] >= scores[1];
    std::printf("%s: %s degrees (%.2f %%)\n", argv[next], upright ? "0" : "180",
                100.0 * scores[upright ? 0 : 1]);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "text_direction: %s\n", error.what());
    return 1;
  }
}
