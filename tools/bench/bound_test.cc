#include "bench/bound.h"

#include <gtest/gtest.h>

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

Json Step(const char* kind, const char* op, double ms, double flops = 0, double bytes = 0) {
  return {{"kind", kind},         {"op", op},
          {"total_ns", ms * 1e6}, {"self_ns", ms * 1e6},
          {"total_flops", flops}, {"total_bytes", bytes}};
}

Bound Find(const std::vector<Json>& steps, BoundFacts facts) {
  return FindBound({{"runs", 1}, {"steps", steps}}, facts);
}

TEST(BoundTest, TheOperatorThatTakesMostAtItsRoof) {
  const BoundFacts facts{.run_ms = 10, .gflops = 100, .gbytes = 10, .measured_peak = true};
  // 8 ms: 0.4 GFLOP are half of the peak, 8 MB a tenth.
  const Bound compute =
      Find({Step("kernel", "Conv", 8, 4e8, 8e6), Step("kernel", "Relu", 2)}, facts);
  EXPECT_EQ(compute.by, "compute");
  EXPECT_EQ(
      compute.summary,
      "Conv: 80 % of the time, at 50 % of peak multiply-adds and 10 % of peak memory bandwidth "
      "(measured)");
  const Bound memory = Find({Step("kernel", "MatMul", 10, 1e7, 8e7)}, facts);
  EXPECT_EQ(memory.by, "memory");
  const Bound slow = Find({Step("kernel", "MatMul", 10, 1e7, 1e6)}, facts);
  EXPECT_EQ(slow.by, "kernels");
  EXPECT_NE(slow.advice.find("MatMul"), std::string::npos);
}

TEST(BoundTest, WithoutWorkOnlyTimeIsTold) {
  Json step = Step("kernel", "Conv", 5);
  for (const char* key : {"self_ns", "total_flops", "total_bytes"}) step.erase(key);
  const Bound bound = Find({step}, {.run_ms = 5, .gflops = 100, .gbytes = 10});
  EXPECT_EQ(bound.by, "kernels");
  EXPECT_EQ(bound.summary, "Conv: 100 % of the time");
}

TEST(BoundTest, MoreThreadsAreTheFirstAdvice) {
  const Bound bound = Find({Step("kernel", "Conv", 10, 5e8)},
                           {.run_ms = 10, .gflops = 100, .gbytes = 10, .threads = 1, .cores = 8});
  EXPECT_EQ(bound.advice, "--threads 8");
}

TEST(BoundTest, CopiesHostAndOverhead) {
  const Json conv = Step("kernel", "Conv", 5);
  EXPECT_EQ(Find({conv, Step("copy", "", 3)}, {.run_ms = 8}).by, "copies");
  EXPECT_EQ(Find({conv}, {.run_ms = 8, .copy_ms = 3}).by, "copies");
  EXPECT_EQ(Find({conv, Step("kernel", "Reorder", 3)}, {.run_ms = 8}).by, "copies");
  EXPECT_EQ(Find({conv, Step("host", "Loop", 3)}, {.run_ms = 8}).by, "host");
  const Bound overhead = Find({conv, Step("kernel", "Relu", 1)}, {.run_ms = 10});
  EXPECT_EQ(overhead.by, "overhead");
  EXPECT_EQ(overhead.summary, "2 steps: 40 % of the time is between them, 2.00 ms a step");
  // Waiting for a device is the device's time.
  EXPECT_EQ(Find({conv, Step("host_wait", "", 5)}, {.run_ms = 5}).by, "kernels");
}

}  // namespace
}  // namespace tenon::tools
