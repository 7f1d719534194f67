#include "host_peak.h"

#include <gtest/gtest.h>

#include <chrono>

namespace tenon::tools {
namespace {

// One chain of multiply-adds, one float at a time: what any processor exceeds many times with all its units.
double ChainGflops() {
  volatile float shrink = 0.75F, step = 0.25F, kept = 0;
  const float by = shrink, plus = step;
  constexpr int kTurns = 2'000'000;
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    float x = 0.5F;
    const auto begin = std::chrono::steady_clock::now();
    for (int t = 0; t < kTurns; ++t) x = x * by + plus;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    kept = kept + x;
    best = std::max(best, 2.0 * kTurns / took.count() * 1e-9);
  }
  return best;
}

TEST(HostPeak, LiesBetweenOneChainAndWhatNoCoreCanDo) {
  for (const uint32_t threads : {1U, 2U}) {
    const HostPeak peak = MeasureHostPeak(threads, 0.06);
    EXPECT_EQ(peak.threads, threads);
    EXPECT_FALSE(peak.isa.empty());
    EXPECT_GT(peak.gflops, 2 * ChainGflops());
    // Two units of 16 floats at 7 GHz; 1 TB/s.
    EXPECT_LT(peak.gflops, threads * 2 * 16 * 2 * 7.0);
    EXPECT_GT(peak.gbytes, 0.2);
    EXPECT_LT(peak.gbytes, threads * 1000.0);
    EXPECT_GE(peak.buffer_bytes, uint64_t{60} << 20);
    EXPECT_EQ(peak.buffer_bytes % threads, 0U);
  }
}

}  // namespace
}  // namespace tenon::tools
