#include "bench/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bench/statistics.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kUnstable =
    0.1;  // variation of the latency, without the slowest and fastest twentieth
constexpr double kCrowded = 0.05;  // share of the time without a core

std::vector<double> Collect(std::span<const RunSample> runs, double RunSample::*member) {
  std::vector<double> samples;
  for (const RunSample& run : runs) samples.push_back(run.*member);
  return samples;
}

Json Percentiles(std::span<const RunSample> runs, double RunSample::*member) {
  const std::vector<double> samples = Collect(runs, member);
  const std::array shares = {0.0, 0.5, 0.9, 0.99};
  const std::vector<double> at = Quantiles(samples, shares);
  return {{"min", at[0]}, {"p50", at[1]}, {"p90", at[2]}, {"p99", at[3]}, {"mean", Mean(samples)}};
}

}  // namespace

Json TimesJson(const LoadResult& load, const BenchFlags& flags) {
  const std::span<const RunSample> all = load.runs;
  const std::span<const RunSample> served = all.first(all.size() - load.unserved);
  Json out = {{"latency_ms", Percentiles(all, &RunSample::total_ms)},
              {"copy_in_ms", Percentiles(served, &RunSample::copy_in_ms)},
              {"compute_ms", Percentiles(served, &RunSample::compute_ms)},
              {"copy_out_ms", Percentiles(served, &RunSample::copy_out_ms)},
              {"copies_per_run", load.copies},
              {"copied_bytes_per_run", load.copied_bytes},
              {"runs", served.size()},
              {"throughput_per_s", static_cast<double>(served.size()) / load.elapsed_ms * 1e3},
              {"core_wait_share", std::clamp(load.core_wait_ms / load.busy_ms, 0.0, 1.0)},
              {"variation", Variation(Collect(served, &RunSample::total_ms), 0.05)}};
  if (flags.rate > 0) {
    const auto late = static_cast<double>(std::ranges::count_if(all, &RunSample::late));
    out["rate"] = {{"per_s", flags.rate},
                   {"arrivals", flags.arrivals},
                   {"late_share", late / static_cast<double>(all.size())},
                   {"unserved", load.unserved},
                   {"wait_ms", Percentiles(all, &RunSample::wait_ms)}};
  }
  return out;
}

Json LoadStagesJson(const tenon_session_stats& stats) {
  const auto ms = [](uint64_t ns) { return static_cast<double>(ns) * 1e-6; };
  return {{"import", ms(stats.import_ns)}, {"backends", ms(stats.backends_ns)},
          {"passes", ms(stats.passes_ns)}, {"placement", ms(stats.placement_ns)},
          {"lower", ms(stats.lower_ns)},   {"kernels", ms(stats.kernels_ns)}};
}

std::vector<std::string> WarningsOf(const Json& result, uint32_t cores) {
  std::vector<std::string> warnings;
  const auto threads = result["threads"].get<uint32_t>(),
             streams = result["streams"].get<uint32_t>();
  if (threads > cores) {
    warnings.push_back(fmt::format("{} threads take turns on {} core{}: times say little", threads,
                                   cores, cores == 1 ? "" : "s"));
  } else if (streams > 1 && threads * streams > cores) {
    warnings.push_back(fmt::format("{} callers with {} thread{} each share {} core{}", streams,
                                   threads, threads == 1 ? "" : "s", cores, cores == 1 ? "" : "s"));
  }
  const double crowded = result["core_wait_share"].get<double>();
  if (crowded > kCrowded)
    warnings.push_back(fmt::format("waited for a core for {:.0f} % of the time", 100 * crowded));
  if (result.contains("rate")) {
    if (const auto unserved = result["rate"]["unserved"].get<size_t>(); unserved > 0) {
      warnings.push_back(
          fmt::format("{} of {} runs had not begun after twice the time and count as not done: {} "
                      "a second is more "
                      "than it can do",
                      unserved, unserved + result["runs"].get<size_t>(),
                      result["rate"]["per_s"].get<double>()));
    }
  } else if (const double variation = result["variation"].get<double>(); variation > kUnstable) {
    warnings.push_back(
        fmt::format("times are unstable: coefficient of variation {:.0f} % (measure longer, or "
                    "close other programs)",
                    100 * variation));
  }
  return warnings;
}

}  // namespace tenon::tools
