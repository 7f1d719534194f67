#include "bench/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "table.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

double Number(const Json& object, const char* pointer) {
  return object.at(Json::json_pointer(pointer)).get<double>();
}

// Milliseconds with as many digits as they deserve.
std::string Ms(double ms) {
  return fmt::format("{:.{}f}", ms, ms < 0.1 ? 4 : ms < 10 ? 3 : ms < 100 ? 2 : 1);
}

std::string LoadText(const Json& r) {
  std::vector<std::pair<double, std::string>> stages;
  for (const auto& [name, ms] : r["load_stages_ms"].items())
    stages.emplace_back(ms.get<double>(), name);
  std::ranges::sort(stages, std::greater<>());
  std::string text = fmt::format("  load    {} ms (", Ms(r["load_ms"].get<double>()));
  for (size_t i = 0; i < std::min<size_t>(3, stages.size()); ++i) {
    text += fmt::format("{}{} {}", i ? ", " : "", stages[i].second, Ms(stages[i].first));
  }
  return text + fmt::format("); first output after {} ms, of which {} ms in kernels\n",
                            Ms(r["first_output_ms"].get<double>()),
                            Ms(r["first_output_kernel_ms"].get<double>()));
}

std::string AgainstText(const Json& against) {
  std::string text =
      fmt::format("  against {}: {}\n", against["file"].get<std::string>(), VerdictText(against));
  if (const std::string why = against["reason"]; !why.empty()) text += "          " + why + "\n";
  return text;
}

// Of "N=8" the name and the size.
std::pair<std::string, std::string> SplitDim(const std::string& dim) {
  const size_t equals = dim.rfind('=');
  return {dim.substr(0, equals), dim.substr(equals + 1)};
}

}  // namespace

std::string VerdictText(const Json& against) {
  return fmt::format("{} {:+.1f} % [{:+.1f}, {:+.1f}]", against["verdict"].get<std::string>(),
                     100 * Number(against, "/difference"), 100 * Number(against, "/low"),
                     100 * Number(against, "/high"));
}

std::string PointText(const Json& r) {
  std::string text = fmt::format(
      "latency   p50 {} ms  (min {}, p90 {}, p99 {}, mean {}; {} runs, {:.1f} a second)\n",
      Ms(Number(r, "/latency_ms/p50")), Ms(Number(r, "/latency_ms/min")),
      Ms(Number(r, "/latency_ms/p90")), Ms(Number(r, "/latency_ms/p99")),
      Ms(Number(r, "/latency_ms/mean")), r["runs"].get<size_t>(), Number(r, "/throughput_per_s"));
  const double copies_ms = Number(r, "/copy_in_ms/p50") + Number(r, "/copy_out_ms/p50");
  text += fmt::format(
      "  of it   copy in {} ms, compute {} ms, copy out {} ms (p50){}\n",
      Ms(Number(r, "/copy_in_ms/p50")), Ms(Number(r, "/compute_ms/p50")),
      Ms(Number(r, "/copy_out_ms/p50")),
      r["copies_per_run"] > 0 && copies_ms < 1e-3 ? "; the device copies within compute" : "");
  if (r.contains("rate")) {
    text += fmt::format(
        "  rate    {} a second ({}), {} caller{}: {:.1f} % late, waited p50 {} ms, p99 {} ms\n",
        Number(r, "/rate/per_s"), r["rate"]["arrivals"].get<std::string>(),
        r["streams"].get<uint32_t>(), r["streams"] == 1 ? "" : "s",
        100 * Number(r, "/rate/late_share"), Ms(Number(r, "/rate/wait_ms/p50")),
        Ms(Number(r, "/rate/wait_ms/p99")));
  }
  if (const auto copies = r["copies_per_run"].get<uint64_t>(); copies > 0) {
    text += fmt::format("  copies  {} between memories, {} a run\n", copies,
                        Bytes(Number(r, "/copied_bytes_per_run")));
  }
  text += LoadText(r);
  text +=
      fmt::format("  memory  peak {}, weights {}, arena {} (live-set bound {})\n",
                  Bytes(Number(r, "/peak_rss_mb") * 1048576), Bytes(Number(r, "/constant_bytes")),
                  Bytes(Number(r, "/arena_bytes")), Bytes(Number(r, "/arena_lower_bound_bytes")));
  text += fmt::format("  bound   {}\n", r["bound"]["summary"].get<std::string>());
  if (const std::string advice = r["bound"]["try"]; !advice.empty())
    text += fmt::format("  try     {}\n", advice);
  if (r.contains("against")) text += AgainstText(r["against"]);
  return text;
}

std::string SweepText(const std::vector<Json>& results) {
  std::vector<std::string> titles = {"backends"};
  std::string align = "l";
  for (const Json& dim : results.front()["dims"]) {
    titles.push_back(SplitDim(dim).first);
    align += 'r';
  }
  for (const char* title :
       {"thr", "p50 ms", "p90", "p99", "runs/s", "load ms", "peak MB", "arena MB"}) {
    titles.emplace_back(title);
    align += 'r';
  }
  titles.emplace_back("against");
  Table table(titles, align + 'l');
  const bool one_list = std::ranges::all_of(results, [&](const Json& r) {
    return r["requested_backends"] == results.front()["requested_backends"];
  });
  for (const Json& r : results) {
    std::vector<std::string> cells = {one_list ? "" : r["requested_backends"].get<std::string>()};
    for (const Json& dim : r["dims"]) cells.push_back(SplitDim(dim).second);
    cells.push_back(std::to_string(r["threads"].get<uint32_t>()));
    for (const char* share : {"/latency_ms/p50", "/latency_ms/p90", "/latency_ms/p99"})
      cells.push_back(Ms(Number(r, share)));
    const double per_s = Number(r, "/throughput_per_s");
    cells.push_back(fmt::format("{:.{}f}", per_s, per_s < 100 ? 1 : 0));
    cells.push_back(fmt::format("{:.1f}", Number(r, "/load_ms")));
    cells.push_back(fmt::format("{:.0f}", Number(r, "/peak_rss_mb")));
    cells.push_back(fmt::format("{:.2f}", Number(r, "/arena_bytes") * 1e-6));
    cells.push_back(r.contains("against") ? VerdictText(r["against"]) : "");
    table.Add(std::move(cells));
  }
  const Json& last = results.back()["bound"];
  std::string text = table.Text() + "bound, in the last row: " + last["summary"].get<std::string>();
  if (const std::string advice = last["try"]; !advice.empty()) text += "\ntry: " + advice;
  return text + "\n";
}

}  // namespace tenon::tools
