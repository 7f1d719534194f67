#include "picture.h"

#include <fmt/format.h>

#include <memory>

#include "failure.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wunused-function"
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#include <stb_image.h>
#pragma GCC diagnostic pop

namespace tenon::tools {

HostTensor ReadPicture(const std::string& path, const PictureOptions& options) {
  int width = 0, height = 0, found = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load(path.c_str(), &width, &height, &found, options.channels), stbi_image_free);
  if (!pixels) throw Failure(kUsage, fmt::format("{}: {}", path, stbi_failure_reason()));
  const int64_t channels = options.channels;
  for (const size_t count : {options.mean.size(), options.scale.size()}) {
    if (count != 1 && count != static_cast<size_t>(channels))
      throw Failure(kUsage, fmt::format("{}: mean or scale has {} values (expected one, or one for "
                                        "each of {} channels)",
                                        path, count, channels));
  }
  HostTensor tensor = options.channels_last
                          ? MakeTensor(TENON_FLOAT32, {1, height, width, channels})
                          : MakeTensor(TENON_FLOAT32, {1, channels, height, width});
  auto* out = reinterpret_cast<float*>(tensor.data.data());
  const int64_t area = int64_t{width} * height;
  for (int64_t p = 0; p < area; ++p) {
    for (int64_t c = 0; c < channels; ++c) {
      const auto i = static_cast<size_t>(c);
      const int64_t source = options.bgr ? channels - 1 - c : c;
      const float value = (static_cast<float>(pixels.get()[p * channels + source]) -
                           options.mean[i % options.mean.size()]) *
                          options.scale[i % options.scale.size()];
      out[options.channels_last ? p * channels + c : c * area + p] = value;
    }
  }
  return tensor;
}

}  // namespace tenon::tools
