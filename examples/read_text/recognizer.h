// Reads pictures of single lines, with PP-OCR's recognition model.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "alphabet.h"
#include "picture.h"
#include "tenon/runtime/tenon.hpp"

namespace read_text {

class Recognizer {
 public:
  // Throws std::runtime_error where the model doesn't carry its alphabet.
  Recognizer(const tenon::Runtime& runtime, const std::string& model,
             const tenon::SessionOptions& options);
  // One reading for each line. `progress` hears how many lines are read so far.
  std::vector<Reading> Read(const std::vector<Picture>& lines,
                            const std::function<void(size_t)>& progress) const;

 private:
  std::vector<Reading> ReadBatch(const std::vector<const Picture*>& lines) const;

  std::string path_;
  tenon::Session session_;
  Alphabet alphabet_;
};

}  // namespace read_text
