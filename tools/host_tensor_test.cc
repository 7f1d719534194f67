#include "host_tensor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace tenon::tools {
namespace {

template <typename T>
std::string SummaryOf(tenon_dtype dtype, std::vector<int64_t> dims, const std::vector<T>& values) {
  HostTensor tensor = MakeTensor(dtype, std::move(dims));
  std::ranges::copy(std::as_bytes(std::span(values)),
                    reinterpret_cast<std::byte*>(tensor.data.data()));
  return Summarise(tensor.Wrap().get());
}

TEST(Summarise, FirstLargestAndMean) {
  EXPECT_EQ(SummaryOf<float>(TENON_FLOAT32, {2, 2}, {1, 4, 4, -1}),
            "min -1, max 4 at [0, 1], mean 2");
  EXPECT_EQ(SummaryOf<int64_t>(TENON_INT64, {}, {7}), "min 7, max 7 at [], mean 7");
  EXPECT_EQ(SummaryOf<float>(TENON_FLOAT32, {0, 3}, {}), "empty");
}

TEST(Summarise, CountsWhatIsNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinite = INFINITY;
  EXPECT_EQ(SummaryOf<float>(TENON_FLOAT32, {4}, {nan, 3, infinite, 1}),
            "min 1, max 3 at [1], mean 2, 2 of 4 not finite");
  EXPECT_EQ(SummaryOf<float>(TENON_FLOAT32, {2}, {nan, -nan}), "none of 2 finite");
}

TEST(Summarise, FloatsOf16Bits) {
  EXPECT_EQ(SummaryOf<uint16_t>(TENON_FLOAT16, {3}, {0x3c00, 0xc000, 0x3800}),
            "min -2, max 1 at [0], mean -0.166667");
  EXPECT_EQ(SummaryOf<uint16_t>(TENON_BFLOAT16, {3}, {0x3f80, 0xc000, 0x7f80}),
            "min -2, max 1 at [0], mean -0.5, 1 of 3 not finite");
}

}  // namespace
}  // namespace tenon::tools
