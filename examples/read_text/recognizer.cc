#include "recognizer.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace read_text {
namespace {

constexpr int kHeight = 48;                 // what the model was trained on
constexpr double kLeastRatio = 320.0 / 48;  // width by height of a batch
constexpr size_t kBatch = 6;

double Ratio(const Picture& line) { return static_cast<double>(line.width) / line.height; }

Alphabet AlphabetOf(const tenon::Session& session, const std::string& path) {
  for (const auto& [key, value] : session.metadata()) {
    if (key == "character") return Alphabet(value);
  }
  throw std::runtime_error(
      path + ": its metadata has no \"character\"; expected a recognition model of PP-OCR");
}

}  // namespace

Recognizer::Recognizer(const tenon::Runtime& runtime, const std::string& model,
                       const tenon::SessionOptions& options)
    : path_(model), session_(runtime, model, options), alphabet_(AlphabetOf(session_, model)) {}

std::vector<Reading> Recognizer::Read(const std::vector<Picture>& lines,
                                      const std::function<void(size_t)>& progress) const {
  std::vector<size_t> order(lines.size());  // lines of similar width share a batch
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&lines](size_t i) { return Ratio(lines[i]); });
  std::vector<Reading> readings(lines.size());
  for (size_t begin = 0; begin < order.size(); begin += kBatch) {
    const std::span<const size_t> members =
        std::span(order).subspan(begin, std::min(kBatch, order.size() - begin));
    progress(begin);
    std::vector<const Picture*> batch;
    for (const size_t i : members) batch.push_back(&lines[i]);
    std::vector<Reading> read = ReadBatch(batch);
    for (size_t i = 0; i < members.size(); ++i) readings[members[i]] = std::move(read[i]);
  }
  return readings;
}

std::vector<Reading> Recognizer::ReadBatch(const std::vector<const Picture*>& lines) const {
  double ratio = kLeastRatio;
  for (const Picture* line : lines) ratio = std::max(ratio, Ratio(*line));
  const int width = static_cast<int>(kHeight * ratio);
  const size_t one = size_t{3} * kHeight * static_cast<size_t>(width);
  std::vector<float> planes(lines.size() * one);
  for (size_t i = 0; i < lines.size(); ++i) {
    const int columns = std::min(width, static_cast<int>(std::ceil(kHeight * Ratio(*lines[i]))));
    WritePlanes(Resized(*lines[i], columns, kHeight), width,
                std::span(planes).subspan(i * one, one));
  }
  const std::vector<tenon::Tensor> outputs = session_.Run(
      {tenon::Tensor::Wrap(planes, {static_cast<int64_t>(lines.size()), 3, kHeight, width})});
  const std::vector<int64_t> dims = outputs[0].dims();  // [lines, steps, characters]
  if (dims.size() != 3 || dims[2] != static_cast<int64_t>(alphabet_.size())) {
    throw std::runtime_error(path_ + ": its output does not fit its alphabet of " +
                             std::to_string(alphabet_.size()) +
                             " characters; expected a recognition model of PP-OCR");
  }
  const std::span<const float> scores = outputs[0].As<float>();
  const size_t row = scores.size() / lines.size();
  std::vector<Reading> readings;
  for (size_t i = 0; i < lines.size(); ++i)
    readings.push_back(alphabet_.Decode(scores.subspan(i * row, row)));
  return readings;
}

}  // namespace read_text
