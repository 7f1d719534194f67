// Finds the boxes of text in a picture, with PP-OCR's detection model and its post-processing (Liao et al., Real-time
// Scene Text Detection with Differentiable Binarization, 2020).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "picture.h"
#include "quad.h"
#include "tenon/runtime/tenon.hpp"

namespace read_text {

struct Box {
  Quad quad;
  double score = 0;  // mean probability that what the box covers is text
};

class Detector {
 public:
  Detector(const tenon::Runtime& runtime, const std::string& model,
           const tenon::SessionOptions& options)
      : session_(runtime, model, options) {}
  std::vector<Box> Find(const Picture& picture) const;

 private:
  tenon::Session session_;
};

// The size at which a picture is shown to the model: multiples of 32, the shorter side at least about 736.
struct Size {
  int width, height;
};
Size DetectionSize(int width, int height);

// Boxes, in pixels of the picture, from the model's map: for each of width * height places the probability of text.
std::vector<Box> BoxesFromMap(std::span<const float> map, int width, int height, Size picture);

}  // namespace read_text
