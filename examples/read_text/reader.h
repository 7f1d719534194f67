// From a picture to its text: finds boxes, cuts them out, turns and reads them, puts them into order.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "detector.h"
#include "direction.h"
#include "lines.h"
#include "recognizer.h"

namespace read_text {

class Reader {
 public:
  using Progress = std::function<void(const std::string&)>;
  // `models` is a folder with text_detection.onnx, text_recognition.onnx and, if lines may be upside down,
  // text_direction.onnx.
  Reader(const tenon::Runtime& runtime, const std::string& models,
         const tenon::SessionOptions& options);
  std::vector<Line> Read(const Picture& picture, const Progress& progress) const;

 private:
  Detector detector_;
  std::optional<Direction> direction_;
  Recognizer recognizer_;
};

}  // namespace read_text
