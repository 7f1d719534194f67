#include "bench/text.h"

#include <gtest/gtest.h>

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

Json Result(const char* backends, const char* dim, uint32_t threads, double p50) {
  const Json ms = {
      {"min", p50 / 2}, {"p50", p50}, {"p90", 2 * p50}, {"p99", 3 * p50}, {"mean", p50}};
  return {{"requested_backends", backends},
          {"dims", {dim}},
          {"threads", threads},
          {"streams", 1},
          {"latency_ms", ms},
          {"copy_in_ms", ms},
          {"compute_ms", ms},
          {"copy_out_ms", ms},
          {"copies_per_run", 2},
          {"copied_bytes_per_run", 3000},
          {"runs", 40},
          {"throughput_per_s", 1e3 / p50},
          {"load_ms", 12.34},
          {"load_stages_ms", {{"import", 1}, {"passes", 3}, {"lower", 2}, {"kernels", 0.5}}},
          {"first_output_ms", 20},
          {"first_output_kernel_ms", 5},
          {"peak_rss_mb", 33.3},
          {"arena_bytes", 1.5e6},
          {"arena_lower_bound_bytes", 1.25e6},
          {"constant_bytes", 2e6},
          {"bound", {{"summary", "Conv: 80 % of the time"}, {"try", "--threads 2"}}}};
}

TEST(TextTest, OnePoint) {
  Json result = Result("a", "N=1", 1, 4);
  result["against"] = {{"file", "base.json"}, {"verdict", "CANNOT TELL"},
                       {"difference", 0.048}, {"low", -0.011},
                       {"high", 0.102},       {"reason", "why not"}};
  EXPECT_EQ(
      PointText(result),
      "latency   p50 4.000 ms  (min 2.000, p90 8.000, p99 12.00, mean 4.000; 40 runs, 250.0 a "
      "second)\n"
      "  of it   copy in 4.000 ms, compute 4.000 ms, copy out 4.000 ms (p50)\n"
      "  copies  2 between memories, 3.00 kB a run\n"
      "  load    12.34 ms (passes 3.000, lower 2.000, import 1.000); first output after 20.00 ms, "
      "of which 5.000 ms in kernels\n"
      "  memory  peak 34.9 MB, weights 2.00 MB, arena 1.50 MB (live-set bound 1.25 MB)\n"
      "  bound   Conv: 80 % of the time\n"
      "  try     --threads 2\n"
      "  against base.json: CANNOT TELL +4.8 % [-1.1, +10.2]\n"
      "          why not\n");
}

TEST(TextTest, ASweepIsATable) {
  const std::string same = SweepText({Result("a", "N=1", 1, 4), Result("a", "N=8", 2, 40)});
  EXPECT_EQ(same,
            "N  thr  p50 ms    p90    p99  runs/s  load ms  peak MB  arena MB\n"
            "1    1   4.000  8.000  12.00     250     12.3       33      1.50\n"
            "8    2   40.00  80.00  120.0    25.0     12.3       33      1.50\n"
            "bound, in the last row: Conv: 80 % of the time\n"
            "try: --threads 2\n");
  const std::string two = SweepText({Result("a", "N=1", 1, 4), Result("a+b", "N=1", 1, 4)});
  EXPECT_EQ(two.substr(0, 11), "backends  N");
}

}  // namespace
}  // namespace tenon::tools
