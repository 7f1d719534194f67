#include "comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace tenon::tools {
namespace {

template <typename T>
HostTensor Make(tenon_dtype dtype, std::vector<int64_t> dims, std::vector<T> values) {
  HostTensor tensor = MakeTensor(dtype, std::move(dims));
  EXPECT_EQ(tensor.data.size(), values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
  return tensor;
}

Difference CompareTensors(HostTensor got, const HostTensor& want, const Tolerance& tolerance = {}) {
  return Compare(got.Wrap().get(), want, tolerance);
}

TEST(ComparisonTest, FloatsMayDifferByAShareOfTheLargest) {
  const HostTensor want = Make<float>(TENON_FLOAT32, {3}, {100, 0, -1});
  EXPECT_EQ(CompareTensors(Make<float>(TENON_FLOAT32, {3}, {100, 0.009f, -1}), want).mismatch, "");
  const Difference off = CompareTensors(Make<float>(TENON_FLOAT32, {3}, {100, 0.02f, -1}), want);
  EXPECT_NE(off.mismatch.find("[1] is 0.0199"), std::string::npos) << off.mismatch;
  EXPECT_NEAR(off.relative, 2e-4, 1e-9);
  EXPECT_NEAR(off.largest, 0.02, 1e-7);
  EXPECT_EQ(
      CompareTensors(Make<float>(TENON_FLOAT32, {3}, {100, 0.02f, -1}), want, {1e-3, 0}).mismatch,
      "");
}

TEST(ComparisonTest, NotANumberEqualsItselfOnly) {
  const HostTensor want = Make<float>(TENON_FLOAT32, {3}, {NAN, INFINITY, 1});
  EXPECT_EQ(CompareTensors(want, want).mismatch, "");
  EXPECT_NE(CompareTensors(Make<float>(TENON_FLOAT32, {3}, {0, INFINITY, 1}), want).mismatch, "");
  EXPECT_NE(CompareTensors(Make<float>(TENON_FLOAT32, {3}, {NAN, -INFINITY, 1}), want).mismatch,
            "");
  EXPECT_NE(CompareTensors(Make<float>(TENON_FLOAT32, {3}, {NAN, INFINITY, NAN}), want).mismatch,
            "");
}

TEST(ComparisonTest, SmallFloatsAreReadAsNumbers) {
  // 1, -2, the least subnormal; then 1 with the last bit set
  const HostTensor half = Make<uint16_t>(TENON_FLOAT16, {3}, {0x3c00, 0xc000, 1});
  EXPECT_NEAR(CompareTensors(Make<uint16_t>(TENON_FLOAT16, {3}, {0x3c01, 0xc000, 1}), half).largest,
              0x1p-10, 1e-12);
  EXPECT_NEAR(CompareTensors(Make<uint16_t>(TENON_FLOAT16, {3}, {0x3c00, 0xc000, 0}), half).largest,
              0x1p-24, 1e-12);
  EXPECT_EQ(CompareTensors(Make<uint16_t>(TENON_FLOAT16, {3}, {0x3c01, 0xc000, 1}), half).mismatch,
            "");
  EXPECT_NE(CompareTensors(Make<uint16_t>(TENON_FLOAT16, {3}, {0x3c08, 0xc000, 1}), half).mismatch,
            "");
  const HostTensor brain = Make<uint16_t>(TENON_BFLOAT16, {1}, {0x3f80});
  EXPECT_NEAR(CompareTensors(Make<uint16_t>(TENON_BFLOAT16, {1}, {0x3f81}), brain).largest, 0x1p-7,
              1e-12);
}

TEST(ComparisonTest, AllElseIsEqualOrNot) {
  const HostTensor want = Make<int64_t>(TENON_INT64, {2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(CompareTensors(want, want).mismatch, "");
  EXPECT_EQ(CompareTensors(Make<int64_t>(TENON_INT64, {2, 2}, {1, 2, 3, 5}), want).mismatch,
            "differs at [1, 1]");
  EXPECT_EQ(CompareTensors(Make<int64_t>(TENON_INT64, {4}, {1, 2, 3, 4}), want).mismatch,
            "is int64[4], expected int64[2, 2]");
  const HostTensor empty = Make<float>(TENON_FLOAT32, {0, 3}, {});
  EXPECT_EQ(CompareTensors(empty, empty).mismatch, "");
}

TEST(ComparisonTest, StringsAndItemsAreComparedOneByOne) {
  const HostTensor strings = {.dtype = kString, .dims = {2}, .strings = {"a", "b"}};
  EXPECT_EQ(CompareTensors(strings, strings).mismatch, "");
  EXPECT_EQ(
      CompareTensors({.dtype = kString, .dims = {2}, .strings = {"a", "c"}}, strings).mismatch,
      "[1] is \"c\", expected \"b\"");
  const HostTensor one = Make<float>(TENON_FLOAT32, {1}, {1}),
                   two = Make<float>(TENON_FLOAT32, {1}, {2});
  const auto sequence = [](std::vector<HostTensor> items) {
    return HostTensor{.kind = TENON_VALUE_SEQUENCE, .items = std::move(items)};
  };
  EXPECT_EQ(CompareTensors(sequence({one, two}), sequence({one, two})).mismatch, "");
  EXPECT_NE(CompareTensors(sequence({one}), sequence({one, two})).mismatch, "");
  EXPECT_NE(CompareTensors(one, sequence({one})).mismatch, "");
  EXPECT_EQ(
      CompareTensors(sequence({one, one}), sequence({one, two})).mismatch.find("item 1: [0] is 1"),
      0u);
}

}  // namespace
}  // namespace tenon::tools
