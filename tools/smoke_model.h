// A model that is small enough to be checked by hand: y = Relu(x * w + b).
#pragma once

#include <array>
#include <string>
#include <vector>

namespace tenon::tools {

struct SmokeModel {
  std::string onnx;  // the file's bytes
  std::array<int64_t, 2> input_dims;
  std::vector<float> input, expected;  // row-major; sums of small integers, exact in any order
};
SmokeModel MakeSmokeModel();

}  // namespace tenon::tools
