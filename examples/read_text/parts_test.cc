// The steps around the models. The numbers come from OpenCV and from the functions of rapidocr 3.10.0 that do the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "alphabet.h"
#include "blobs.h"
#include "cut.h"
#include "detector.h"
#include "lines.h"
#include "options.h"
#include "picture.h"
#include "quad.h"

namespace read_text {
namespace {

Picture Noise(int width, int height) {
  Picture picture(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        picture.at(x, y)[c] = static_cast<uint8_t>(x * 37 + y * 91 + x * y * 11 + c * 53);
  return picture;
}

Picture Waves(int width, int height) {
  Picture picture(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        picture.at(x, y)[c] =
            static_cast<uint8_t>(127.5 + 100 * std::sin(0.3 * x + 0.2 * c) * std::cos(0.25 * y));
  return picture;
}

void ExpectQuad(const Quad& got, const Quad& want, double tolerance) {
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(got[i].x, want[i].x, tolerance) << "corner " << i;
    EXPECT_NEAR(got[i].y, want[i].y, tolerance) << "corner " << i;
  }
}

void ExpectPixel(const Picture& picture, int x, int y, std::array<int, 3> want, int tolerance) {
  for (size_t c = 0; c < 3; ++c)
    EXPECT_NEAR(picture.at(x, y)[c], want[c], tolerance) << x << ',' << y << ' ' << c;
}

TEST(PictureTest, ResizesAsOpenCv) {
  const int wider[3][8] = {{68, 85, 109, 133, 144, 142, 164, 181},
                           {190, 157, 118, 152, 145, 99, 124, 148},
                           {97, 109, 127, 170, 146, 55, 84, 114}};
  const int higher[7][3] = {{65, 127, 188},  {99, 167, 144},  {153, 232, 73}, {165, 169, 129},
                            {164, 105, 186}, {120, 170, 115}, {93, 210, 71}};
  const Picture a = Resized(Noise(5, 4), 8, 3), b = Resized(Noise(5, 4), 3, 7);
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 8; ++x) EXPECT_NEAR(a.at(x, y)[1], wider[y][x], 1) << x << ',' << y;
  for (int y = 0; y < 7; ++y)
    for (int x = 0; x < 3; ++x) EXPECT_NEAR(b.at(x, y)[1], higher[y][x], 1) << x << ',' << y;
}

TEST(PictureTest, Turns) {
  const Picture picture = Noise(5, 4), left = RotatedLeft(picture), down = UpsideDown(picture),
                padded = Padded(picture, 2);
  EXPECT_EQ(left.width, 4);
  EXPECT_EQ(left.height, 5);
  EXPECT_EQ(left.at(1, 0)[2], picture.at(4, 1)[2]);  // the right column becomes the first row
  EXPECT_EQ(down.at(0, 0)[0], picture.at(4, 3)[0]);
  EXPECT_EQ(padded.height, 8);
  EXPECT_EQ(padded.at(3, 1)[0], 0);
  EXPECT_EQ(padded.at(3, 2)[0], picture.at(3, 0)[0]);
}

TEST(PictureTest, PlanesAreBlueGreenRed) {
  const Picture picture = Noise(5, 4);
  std::vector<float> planes(3 * 4 * 6, 7.0f);
  WritePlanes(picture, 6, planes);
  EXPECT_FLOAT_EQ(planes[0], static_cast<float>(picture.at(0, 0)[2]) / 127.5f - 1);
  EXPECT_FLOAT_EQ(planes[2 * 24 + 6 + 4], static_cast<float>(picture.at(4, 1)[0]) / 127.5f - 1);
  EXPECT_EQ(planes[5], 7.0f);
}

TEST(PictureTest, FilesThatAreNoPictures) {
  EXPECT_THROW(LoadPicture("/no/such/file.png"), std::runtime_error);
  const std::string path =
      (std::filesystem::temp_directory_path() / "tenon_no_picture.png").string();
  std::ofstream(path) << "certainly not a picture";
  try {
    LoadPicture(path);
    ADD_FAILURE() << "was read";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("not a picture"), std::string::npos) << error.what();
  }
  std::filesystem::remove(path);
}

TEST(QuadTest, SmallestRectangleAsOpenCv) {
  ExpectQuad(SmallestRectangle({{0, 0}, {10, 2}, {9, 7}, {3, 9}, {5, 5}}),
             {{{0, 0}, {8.4, -2.8}, {11.4, 6.2}, {3, 9}}}, 1e-3);
  ExpectQuad(SmallestRectangle({{3, 1}, {8, 6}, {4, 10}, {-1, 5}, {3, 5}}),
             {{{3, 1}, {8, 6}, {4, 10}, {-1, 5}}}, 1e-3);
  ExpectQuad(SmallestRectangle({{0, 0}, {20, 1}, {19, 6}, {0, 5}}),
             {{{0, 0}, {20, 1}, {19.7481, 6.0374}, {-0.2519, 5.0374}}}, 1e-3);
}

TEST(QuadTest, PointsWithoutArea) {
  EXPECT_EQ(ConvexHull({}).size(), 0u);
  EXPECT_EQ(ConvexHull({{2, 3}}).size(), 1u);
  ExpectQuad(SmallestRectangle({{2, 3}}), {{{2, 3}, {2, 3}, {2, 3}, {2, 3}}}, 0);
  const Quad line = SmallestRectangle({{0, 0}, {1, 1}, {2, 2}, {4, 4}});
  EXPECT_NEAR(std::min(Width(line), Height(line)), 0, 1e-9);
  EXPECT_NEAR(std::max(Width(line), Height(line)), std::sqrt(32.0), 1e-9);
}

TEST(QuadTest, GrowsOnAllSides) {
  ExpectQuad(Grown({{{10, 10}, {30, 10}, {30, 20}, {10, 20}}}, 3),
             {{{7, 7}, {33, 7}, {33, 23}, {7, 23}}}, 1e-9);
}

TEST(CutTest, AsOpenCv) {
  const Picture cut = Cut(Waves(40, 30), {{{6, 4}, {31, 8}, {28, 20}, {4, 15}}});
  ASSERT_EQ(cut.width, 25);
  ASSERT_EQ(cut.height, 12);
  ExpectPixel(cut, 0, 0, {180, 176, 171}, 2);
  ExpectPixel(cut, 5, 3, {123, 129, 136}, 2);
  ExpectPixel(cut, 12, 6, {224, 219, 210}, 2);
  ExpectPixel(cut, 20, 9, {82, 74, 68}, 2);
  ExpectPixel(cut, 24, 10, {103, 105, 108}, 2);
}

TEST(CutTest, ColumnsAreTurned) {
  const Picture cut = Cut(Waves(40, 30), {{{6, 4}, {14, 5}, {13, 27}, {5, 26}}});
  ASSERT_EQ(cut.width, 22);
  ASSERT_EQ(cut.height, 8);
  ExpectPixel(cut, 0, 0, {102, 98, 94}, 2);
  ExpectPixel(cut, 5, 3, {111, 126, 139}, 2);
  ExpectPixel(cut, 20, 7, {223, 221, 217}, 2);
}

TEST(CutTest, QuadsWithoutAreaDoNoHarm) {
  EXPECT_EQ(Cut(Waves(40, 30), {{{6, 4}, {9, 4}, {6, 4}, {9, 4}}}).width, 3);
}

TEST(BlobsTest, DiagonalNeighboursBelongTogether) {
  Mask mask(6, 4);
  for (const auto& [x, y] : {std::pair{0, 0}, {1, 1}, {2, 1}, {3, 1}, {5, 0}, {5, 3}})
    mask.at(x, y) = 1;
  const auto blobs = FindBlobs(mask, 100);
  ASSERT_EQ(blobs.size(), 3u);
  EXPECT_EQ(ConvexHull(blobs[0]).size(), 3u);  // (0, 0), (1, 1), (3, 1)
  EXPECT_EQ(FindBlobs(mask, 2).size(), 2u);
}

TEST(DetectorTest, SizesAsRapidocr) {
  for (const auto& [w, h, want_w, want_h] : {std::array{640, 400, 1184, 736},
                                             {680, 460, 1088, 736},
                                             {736, 736, 736, 736},
                                             {1000, 2000, 992, 1984},
                                             {400, 3000, 736, 5504},
                                             {752, 784, 768, 768}}) {
    EXPECT_EQ(DetectionSize(w, h).width, want_w) << w << 'x' << h;
    EXPECT_EQ(DetectionSize(w, h).height, want_h) << w << 'x' << h;
  }
}

TEST(DetectorTest, BoxesOfAMapAsRapidocr) {
  const int width = 96, height = 64;
  std::vector<float> map(size_t{96} * 64, 0.01f);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double u = (x - 30) * std::cos(.3) + (y - 20) * std::sin(.3),
                   v = -(x - 30) * std::sin(.3) + (y - 20) * std::cos(.3);
      float& cell = map[static_cast<size_t>(y * width + x)];
      if (std::abs(u) <= 22 && std::abs(v) <= 4) cell = 0.9f;
      if (x >= 60 && x <= 90 && y >= 45 && y <= 52) cell = 0.75f;
      if (x >= 10 && x <= 12 && y >= 50 && y <= 51) cell = 0.9f;  // too small
      if (x >= 10 && x <= 40 && y >= 55 && y <= 60) cell = 0.4f;  // not sure enough
    }
  }
  const std::vector<Box> boxes = BoxesFromMap(map, width, height, {192, 128});
  ASSERT_EQ(boxes.size(), 2u);
  ExpectQuad(boxes[0].quad, {{{11, 2}, {122, 36}, {109, 78}, {0, 44}}},
             2);  // a map's place is two pixels wide
  ExpectQuad(boxes[1].quad, {{{110, 80}, {191, 80}, {191, 116}, {110, 116}}}, 2);
  EXPECT_NEAR(boxes[0].score, 0.666, 0.02);
  EXPECT_NEAR(boxes[1].score, 0.647, 0.02);
}

TEST(AlphabetTest, DecodesAsRapidocr) {
  const Alphabet alphabet("a\nb\r\nc\nü\n字");
  ASSERT_EQ(alphabet.size(), 7u);
  const size_t best[15] = {0, 1, 1, 0, 1, 2, 2, 6, 6, 0, 5, 4, 4, 0, 0};
  std::vector<float> steps(15 * 7, 0.01f);
  for (size_t t = 0; t < 15; ++t) steps[t * 7 + best[t]] = 0.5f + 0.03f * static_cast<float>(t);
  const Reading reading = alphabet.Decode(steps);
  EXPECT_EQ(reading.text, "aab 字ü");
  EXPECT_NEAR(reading.score, 0.69, 1e-5);
  EXPECT_EQ(alphabet.Decode(std::vector<float>(7, 0.1f)).text, "");
}

TEST(LinesTest, FromTheTopAndFromTheLeft) {
  const auto text = [](const char* name, double x, double y, double height) {
    return Text{{{{x, y}, {x + 50, y}, {x + 50, y + height}, {x, y + height}}}, name, 1};
  };
  const std::vector<Line> lines = IntoLines(
      {text("d", 200, 44, 20), text("b", 100, 3, 10), text("c", 0, 40, 20), text("a", 0, 0, 20)});
  ASSERT_EQ(lines.size(), 2u);
  ASSERT_EQ(lines[0].size(), 2u);
  EXPECT_EQ(lines[0][0].text + lines[0][1].text + lines[1][0].text + lines[1][1].text, "abcd");
}

TEST(OptionsTest, WhatMakesNoSenseIsRefused) {
  EXPECT_EQ(
      ParseOptions({"-m", "models", "-b", "a,b", "-t", "3", "x.png", "--", "-y.png"}).pictures,
      (std::vector<std::string>{"x.png", "-y.png"}));
  EXPECT_EQ(ParseOptions({"-t", "3", "x.png"}).threads, 3u);
  EXPECT_TRUE(ParseOptions({"--help"}).help);
  for (const std::vector<std::string>& bad :
       std::vector<std::vector<std::string>>{{},
                                             {"--boxes"},
                                             {"x.png", "-t"},
                                             {"x.png", "-t", "two"},
                                             {"x.png", "-t", "-1"},
                                             {"--box", "x.png"}}) {
    EXPECT_THROW(ParseOptions(bad), UsageError);
  }
}

}  // namespace
}  // namespace read_text
