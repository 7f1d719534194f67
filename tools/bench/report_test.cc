#include "bench/report.h"

#include <gtest/gtest.h>

namespace tenon::tools {
namespace {

TEST(ReportTest, WhatNeverBeganCountsInLatencyOnly) {
  LoadResult load{.runs = {{.total_ms = 2, .wait_ms = 1, .compute_ms = 1},
                           {.total_ms = 4, .wait_ms = 3, .compute_ms = 1, .late = true},
                           {.total_ms = 50, .wait_ms = 50, .late = true}},
                  .elapsed_ms = 10,
                  .busy_ms = 8,
                  .core_wait_ms = 2,
                  .unserved = 1};
  BenchFlags flags;
  flags.rate = 300;
  const nlohmann::ordered_json times = TimesJson(load, flags);
  EXPECT_EQ(times["latency_ms"]["p50"], 4);
  EXPECT_EQ(times["compute_ms"]["min"], 1);
  EXPECT_EQ(times["runs"], 2);
  EXPECT_EQ(times["throughput_per_s"], 200);
  EXPECT_EQ(times["core_wait_share"], 0.25);
  EXPECT_NEAR(times["rate"]["late_share"].get<double>(), 2.0 / 3, 1e-9);
  EXPECT_EQ(times["rate"]["wait_ms"]["p50"], 3);
  EXPECT_FALSE(
      TimesJson({.runs = {{.total_ms = 2}}, .elapsed_ms = 2, .busy_ms = 2}, {}).contains("rate"));
}

TEST(ReportTest, WarnsOfWhatMakesTimesDoubtful) {
  nlohmann::ordered_json result = {
      {"threads", 1}, {"streams", 1}, {"core_wait_share", 0.01}, {"variation", 0.05}, {"runs", 9}};
  EXPECT_TRUE(WarningsOf(result, 2).empty());
  result["threads"] = 3;
  EXPECT_EQ(WarningsOf(result, 2),
            std::vector<std::string>{"3 threads take turns on 2 cores: times say little"});
  result.update({{"threads", 1}, {"streams", 3}, {"core_wait_share", 0.4}, {"variation", 0.23}});
  EXPECT_EQ(WarningsOf(result, 2),
            (std::vector<std::string>{"3 callers with 1 thread each share 2 cores",
                                      "waited for a core for 40 % of the time",
                                      "times are unstable: coefficient of variation 23 % (measure "
                                      "longer, or close other programs)"}));
  result.update(
      {{"streams", 1}, {"core_wait_share", 0}, {"rate", {{"unserved", 1}, {"per_s", 5}}}});
  EXPECT_EQ(WarningsOf(result, 2).size(), 1U);
}

}  // namespace
}  // namespace tenon::tools
