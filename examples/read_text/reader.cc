#include "reader.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <stdexcept>

#include "cut.h"

namespace read_text {
namespace {

constexpr double kLeastScore = 0.5;  // of a reading that is believed

std::string ModelIn(const std::string& folder, const char* name) {
  const std::string path = (std::filesystem::path(folder) / name).string();
  if (std::filesystem::exists(path)) return path;
  throw std::runtime_error(
      path + ": no such file; ./setup fetches the models, --models FOLDER says where they are");
}

std::optional<Direction> DirectionIn(const tenon::Runtime& runtime, const std::string& folder,
                                     const tenon::SessionOptions& options) {
  const std::string path = (std::filesystem::path(folder) / "text_direction.onnx").string();
  if (!std::filesystem::exists(path)) return std::nullopt;
  return Direction(runtime, path, options);
}

// The picture as it is searched, and how to come back.
struct Sheet {
  Picture picture;
  double scale_x = 1, scale_y = 1;  // original pixels for one of the sheet
  int top = 0;                      // rows added above
};

// Large pictures are reduced, small ones enlarged, wide ones get rows above and below: the model wants some height.
Sheet Prepare(const Picture& picture) {
  constexpr double kMost = 2000, kLeast = 30, kWide = 8;
  Sheet sheet{picture};
  const int longer = std::max(picture.width, picture.height),
            shorter = std::min(picture.width, picture.height);
  const double scale = longer > kMost ? kMost / longer : shorter < kLeast ? kLeast / shorter : 1;
  if (scale != 1) {
    const auto size = [scale](int side) {
      return std::max(32, 32 * static_cast<int>(std::nearbyint(std::floor(side * scale) / 32)));
    };
    sheet.picture = Resized(picture, size(picture.width), size(picture.height));
    sheet.scale_x = static_cast<double>(picture.width) / sheet.picture.width;
    sheet.scale_y = static_cast<double>(picture.height) / sheet.picture.height;
  }
  const int width = sheet.picture.width, height = sheet.picture.height;
  if (height <= kLeast || width > kWide * height) {
    sheet.top = std::abs(2 * static_cast<int>(std::max(width / kWide, kLeast)) - height) / 2;
    sheet.picture = Padded(sheet.picture, sheet.top);
  }
  return sheet;
}

// A box of the sheet in pixels of the original.
Quad InOriginal(const Quad& quad, const Sheet& sheet, const Picture& original) {
  Quad out;
  for (size_t i = 0; i < 4; ++i) {
    out[i].x = std::clamp<double>(quad[i].x * sheet.scale_x, 0, original.width);
    out[i].y = std::clamp<double>((quad[i].y - sheet.top) * sheet.scale_y, 0, original.height);
  }
  return out;
}

bool Blank(const std::string& text) { return text.find_first_not_of(' ') == std::string::npos; }

}  // namespace

Reader::Reader(const tenon::Runtime& runtime, const std::string& models,
               const tenon::SessionOptions& options)
    : detector_(runtime, ModelIn(models, "text_detection.onnx"), options),
      direction_(DirectionIn(runtime, models, options)),
      recognizer_(runtime, ModelIn(models, "text_recognition.onnx"), options) {}

std::vector<Line> Reader::Read(const Picture& picture, const Progress& progress) const {
  progress("looking for text");
  const Sheet sheet = Prepare(picture);
  const std::vector<Box> boxes = detector_.Find(sheet.picture);
  std::vector<Picture> cuts;
  for (const Box& box : boxes) cuts.push_back(Cut(sheet.picture, box.quad));
  if (direction_) direction_->Correct(&cuts);
  const std::vector<Reading> readings = recognizer_.Read(cuts, [&](size_t read) {
    progress("reading, " + std::to_string(read) + " of " + std::to_string(cuts.size()));
  });
  std::vector<Text> texts;
  for (size_t i = 0; i < boxes.size(); ++i) {
    if (readings[i].score >= kLeastScore && !Blank(readings[i].text))
      texts.push_back(
          {InOriginal(boxes[i].quad, sheet, picture), readings[i].text, readings[i].score});
  }
  return IntoLines(std::move(texts));
}

}  // namespace read_text
