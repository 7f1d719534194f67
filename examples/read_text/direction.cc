#include "direction.h"

#include <algorithm>
#include <cmath>

namespace read_text {
namespace {

constexpr int kWidth = 192, kHeight = 48;  // what the classifier was trained on
constexpr float kSure = 0.9f;
constexpr size_t kBatch = 6;

}  // namespace

void Direction::Correct(std::vector<Picture>* lines) const {
  constexpr size_t kOne = size_t{3} * kWidth * kHeight;
  for (size_t begin = 0; begin < lines->size(); begin += kBatch) {
    const size_t count = std::min(kBatch, lines->size() - begin);
    std::vector<float> planes(count * kOne);
    for (size_t i = 0; i < count; ++i) {
      const Picture& line = (*lines)[begin + i];
      const double width = std::ceil(static_cast<double>(kHeight) * line.width / line.height);
      const Picture shown =
          Resized(line, static_cast<int>(std::min<double>(width, kWidth)), kHeight);
      WritePlanes(shown, kWidth, std::span(planes).subspan(i * kOne, kOne));
    }
    const std::vector<tenon::Tensor> outputs = session_.Run(
        {tenon::Tensor::Wrap(planes, {static_cast<int64_t>(count), 3, kHeight, kWidth})});
    const std::span<const float> scores =
        outputs[0].As<float>();  // for each line: 0 degrees, 180 degrees
    for (size_t i = 0; i < count; ++i) {
      if (scores[2 * i + 1] > kSure) (*lines)[begin + i] = UpsideDown((*lines)[begin + i]);
    }
  }
}

}  // namespace read_text
