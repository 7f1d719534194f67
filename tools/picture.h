// A picture file as a tensor.
#pragma once

#include <string>

#include "host_tensor.h"

namespace tenon::tools {

struct PictureOptions {
  std::vector<float> mean = {0};   // one value, or one per channel; in units of 0..255
  std::vector<float> scale = {1};  // tensor value = (pixel - mean) * scale
  bool channels_last = false;      // layout=nhwc; else nchw
  bool bgr = false;
  int channels = 3;
};

// float32 [1, C, H, W] or [1, H, W, C]. Throws Failure(kUsage).
HostTensor ReadPicture(const std::string& path, const PictureOptions& options);

}  // namespace tenon::tools
