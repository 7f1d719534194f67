// Turns pictures of lines the right way up, with PP-OCR's text-direction classifier.
#pragma once

#include <string>
#include <vector>

#include "picture.h"
#include "tenon/runtime/tenon.hpp"

namespace read_text {

class Direction {
 public:
  Direction(const tenon::Runtime& runtime, const std::string& model,
            const tenon::SessionOptions& options)
      : session_(runtime, model, options) {}
  // Turns those by 180 degrees that the model is sure are upside down.
  void Correct(std::vector<Picture>* lines) const;

 private:
  tenon::Session session_;
};

}  // namespace read_text
