#include "input_spec.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "failure.h"

namespace tenon::tools {
namespace {

const ValueInfo kPicture{"x", TENON_FLOAT32, true, {-1, 3, 4, -1}, {"N", "", "", ""}};
const ValueInfo kMask{"mask", TENON_INT64, true, {2, -1}, {"", "S"}};

TEST(InputSpecTest, OpenDimensionsAreOneUnlessGiven) {
  EXPECT_EQ(MakeInput(kPicture, "zeros", {}).dims, (std::vector<int64_t>{1, 3, 4, 1}));
  const std::string dims[] = {"N=5", "S=7"};
  EXPECT_EQ(MakeInput(kPicture, "zeros", dims).dims, (std::vector<int64_t>{5, 3, 4, 1}));
  EXPECT_EQ(MakeInput(kMask, "rand", dims).dims, (std::vector<int64_t>{2, 7}));
  EXPECT_EQ(MakeInput(kPicture, "rand:seed=1:shape=2x3x4x8", dims).dims,
            (std::vector<int64_t>{2, 3, 4, 8}));
}

TEST(InputSpecTest, RandomFloatsAreNormalAndIntegersBits) {
  const HostTensor floats = MakeInput(kPicture, "rand:shape=1x1x100x100", {});
  const auto* f = reinterpret_cast<const float*>(floats.data.data());
  double sum = 0, squares = 0;
  for (int i = 0; i < 10000; ++i) {
    sum += f[i];
    squares += f[i] * f[i];
  }
  EXPECT_NEAR(sum / 10000, 0, 0.05);
  EXPECT_NEAR(squares / 10000, 1, 0.06);
  const HostTensor bits = MakeInput(kMask, "rand:shape=2x500", {});
  const auto* i = reinterpret_cast<const int64_t*>(bits.data.data());
  int ones = 0;
  for (int k = 0; k < 1000; ++k) {
    ASSERT_TRUE(i[k] == 0 || i[k] == 1);
    ones += static_cast<int>(i[k]);
  }
  EXPECT_NEAR(ones, 500, 80);
}

// Mean and variance of values that a decoder makes of 16 bits.
template <typename Decode>
void ExpectNormal(tenon_dtype dtype, Decode&& decode) {
  const HostTensor tensor = MakeInput({"h", dtype, true, {100, 100}, {"", ""}}, "rand", {});
  const auto* bits = reinterpret_cast<const uint16_t*>(tensor.data.data());
  double sum = 0, squares = 0;
  for (int i = 0; i < 10000; ++i) {
    const double value = decode(bits[i]);
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / 10000, 0, 0.05);
  EXPECT_NEAR(squares / 10000, 1, 0.06);
}

TEST(InputSpecTest, FloatsOf16BitsAreNormal) {
  ExpectNormal(TENON_BFLOAT16, [](uint16_t bits) { return std::bit_cast<float>(bits << 16); });
  ExpectNormal(TENON_FLOAT16, [](uint16_t bits) {
    const int exponent = bits >> 10 & 31;
    const double magnitude = exponent == 0 ? 0 : std::ldexp(1024 + (bits & 1023), exponent - 25);
    return bits >> 15 ? -magnitude : magnitude;
  });
}

TEST(InputSpecTest, RandomStringsAreWords) {
  const HostTensor words = MakeInput({"s", kString, true, {50}, {""}}, "rand", {});
  ASSERT_EQ(words.strings.size(), 50);
  for (const std::string& word : words.strings) {
    EXPECT_TRUE(!word.empty() && word.size() <= 8) << word;
  }
}

TEST(InputSpecTest, TheSameSeedGivesTheSameValues) {
  EXPECT_EQ(MakeInput(kPicture, "rand:seed=3", {}).data,
            MakeInput(kPicture, "rand:seed=3", {}).data);
  EXPECT_NE(MakeInput(kPicture, "rand:seed=3", {}).data,
            MakeInput(kPicture, "rand:seed=4", {}).data);
}

TEST(InputSpecTest, RawFilesWithColonsInTheirPath) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("tenon:raw_" + std::to_string(getpid()) + ":shape");
  const float values[] = {1, 2, 3};
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(values), 12);
  for (const std::string& spec :
       {"raw:@" + path.string() + ":shape=1x3x1x1", "raw:shape=1x3x1x1:@" + path.string()}) {
    const HostTensor tensor = MakeInput(kPicture, spec, {});
    EXPECT_EQ(tensor.dims, (std::vector<int64_t>{1, 3, 1, 1})) << spec;
    EXPECT_EQ(std::memcmp(tensor.data.data(), values, 12), 0) << spec;
  }
  std::filesystem::remove(path);
}

TEST(InputSpecTest, WrongSpecsAreUsageErrorsThatNameTheInput) {
  for (const char* spec : {"", "ones", "rand:sed=1", "rand:seed=x", "zeros:shape=1xax3",
                           "raw:", "@missing.npy", "@missing.png", "@x.npy:mean=1", "zeros:@x",
                           "zeros:shape=99999999999x99999999999", "zeros:shape=-1"}) {
    try {
      MakeInput(kPicture, spec, {});
      ADD_FAILURE() << spec;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), kUsage) << spec;
      EXPECT_FALSE(std::string(failure.what()).empty());
    }
  }
}

}  // namespace
}  // namespace tenon::tools
