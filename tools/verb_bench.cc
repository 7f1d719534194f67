// tenon bench: how long a model takes. One run is measured from inputs in the caller's memory to outputs in the caller's
// memory.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <numeric>

#include "output_files.h"
#include "session_flags.h"
#include "verbs.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

struct BenchFlags : SessionFlags {
  double seconds = 3;
  double warmup = 0.5;
  std::vector<uint32_t> thread_list = {0};
  std::string output_dir;
};

double MillisecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double PeakRssMb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

Json Percentiles(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double share) {
    return samples[std::min(samples.size() - 1,
                            static_cast<size_t>(share * static_cast<double>(samples.size())))];
  };
  const double mean =
      std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
  return {{"min", samples.front()},
          {"p50", at(0.5)},
          {"p90", at(0.9)},
          {"p99", at(0.99)},
          {"mean", mean}};
}

struct Samples {
  std::vector<double> total, copy_in, compute, copy_out;  // ms
  uint64_t copies = 0, copied_bytes = 0;                  // between memories, of the last run
};

// Runs until both `seconds` are over and `least` runs are done.
Samples Measure(Binding& binding, double seconds, size_t least) {
  Samples samples;
  tenon_run_times times = TENON_INIT(tenon_run_times);
  RunOptions options;
  options.times = &times;
  for (const auto begin = Clock::now();
       samples.total.size() < least || MillisecondsSince(begin) < seconds * 1e3;) {
    const auto start = Clock::now();
    binding.Run(options);
    samples.total.push_back(MillisecondsSince(start));
    samples.copy_in.push_back(static_cast<double>(times.copy_in_ns) * 1e-6);
    samples.compute.push_back(static_cast<double>(times.compute_ns) * 1e-6);
    samples.copy_out.push_back(static_cast<double>(times.copy_out_ns) * 1e-6);
    samples.copies = times.copy_count;
    samples.copied_bytes = times.copied_bytes;
  }
  return samples;
}

Json BackendNames(const Session& session) {
  std::vector<std::string> names;
  for (const tenon_placement_row* row : session.placement()) {
    const std::string name = row->backend;
    if (!name.empty() && name != "host" &&
        std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  }
  return names;
}

Json BenchOnce(const BenchFlags& flags, uint32_t threads) {
  const auto begin = Clock::now();
  const OpenedSession opened = Open(flags, 0, threads);
  const double load_ms = MillisecondsSince(begin);
  std::vector<HostTensor> inputs = MakeInputs(*opened.session, flags);
  const auto first = Clock::now();
  Binding binding(*opened.session);
  for (uint32_t i = 0; i < inputs.size(); ++i) binding.SetInput(i, inputs[i].Wrap());
  try {
    binding.Run();
    const double first_output_ms = load_ms + MillisecondsSince(first);
    Measure(binding, flags.warmup, 1);
    const Samples samples = Measure(binding, flags.seconds, 3);
    CheckViolations(*opened.runtime);
    const tenon_session_stats stats = opened.session->statistics();
    if (!flags.output_dir.empty()) {
      for (uint32_t i = 0; i < opened.session->outputs().size(); ++i)
        WriteOutput(flags.output_dir, i, binding.output(i));
    }
    const Json latency = Percentiles(samples.total);
    return {{"threads", opened.runtime->threads()},
            {"latency_ms", latency},
            {"copy_in_ms", Percentiles(samples.copy_in)},
            {"compute_ms", Percentiles(samples.compute)},
            {"copy_out_ms", Percentiles(samples.copy_out)},
            {"copies_per_run", samples.copies},
            {"copied_bytes_per_run", samples.copied_bytes},
            {"runs", samples.total.size()},
            {"throughput_per_s", 1e3 / latency["mean"].get<double>()},
            {"load_ms", load_ms},
            {"load_stages_ms",
             {{"import", static_cast<double>(stats.import_ns) * 1e-6},
              {"backends", static_cast<double>(stats.backends_ns) * 1e-6},
              {"passes", static_cast<double>(stats.passes_ns) * 1e-6},
              {"placement", static_cast<double>(stats.placement_ns) * 1e-6},
              {"lower", static_cast<double>(stats.lower_ns) * 1e-6},
              {"kernels", static_cast<double>(stats.kernels_ns) * 1e-6}}},
            {"first_output_ms", first_output_ms},
            {"first_output_kernel_ms", static_cast<double>(stats.first_run_kernel_ns) * 1e-6},
            {"peak_rss_mb", PeakRssMb()},
            {"arena_bytes", stats.arena_bytes},
            {"arena_lower_bound_bytes", stats.arena_lower_bound_bytes},
            {"constant_bytes", stats.constant_bytes},
            {"backends", BackendNames(*opened.session)}};
  } catch (const Error& error) {
    RethrowRunError(error, *opened.session, inputs);
  }
}

void PrintText(const std::string& label, const Json& r) {
  const Json& l = r["latency_ms"];
  fmt::print(
      "{}latency  p50 {:.3f} ms  (min {:.3f}, p90 {:.3f}, p99 {:.3f}, mean {:.3f}; {} runs, {:.1f} "
      "a second)\n",
      label, l["p50"].get<double>(), l["min"].get<double>(), l["p90"].get<double>(),
      l["p99"].get<double>(), l["mean"].get<double>(), r["runs"].get<size_t>(),
      r["throughput_per_s"].get<double>());
  fmt::print("  of it   copy in {:.3f} ms, compute {:.3f} ms, copy out {:.3f} ms (p50)\n",
             r["copy_in_ms"]["p50"].get<double>(), r["compute_ms"]["p50"].get<double>(),
             r["copy_out_ms"]["p50"].get<double>());
  if (r["copies_per_run"].get<uint64_t>() > 0)
    fmt::print("  copies  {} between memories, {:.3f} MB a run\n",
               r["copies_per_run"].get<uint64_t>(), r["copied_bytes_per_run"].get<double>() / 1e6);
  const double first = r["first_output_ms"].get<double>(),
               kernels = r["first_output_kernel_ms"].get<double>();
  fmt::print("  load    {:.1f} ms; first output after {:.1f} ms, of which {:.1f} ms in kernels\n",
             r["load_ms"].get<double>(), first, kernels);
  fmt::print(
      "  memory  peak {:.0f} MB, weights {:.1f} MB, arena {:.2f} MB (live-set bound {:.2f} MB)\n",
      r["peak_rss_mb"].get<double>(), r["constant_bytes"].get<double>() / 1e6,
      r["arena_bytes"].get<double>() / 1e6, r["arena_lower_bound_bytes"].get<double>() / 1e6);
}

// Every combination of --dim NAME=a,b lists.
std::vector<std::vector<std::string>> SweepDims(const std::vector<std::string>& dims) {
  std::vector<std::vector<std::string>> sweeps = {{}};
  for (const std::string& dim : dims) {
    const size_t equals = dim.find('=');
    if (equals == std::string::npos)
      throw Failure(kUsage, fmt::format("--dim '{}': expected NAME=V", dim));
    std::vector<std::vector<std::string>> longer;
    for (size_t begin = equals + 1; begin <= dim.size();) {
      const size_t end = std::min(dim.find(',', begin), dim.size());
      for (std::vector<std::string> sweep : sweeps) {
        sweep.push_back(dim.substr(0, equals + 1) + dim.substr(begin, end - begin));
        longer.push_back(std::move(sweep));
      }
      begin = end + 1;
    }
    sweeps = std::move(longer);
  }
  return sweeps;
}

int Bench(const BenchFlags& flags) {
  if (!flags.output_dir.empty()) PrepareFolder(flags.output_dir);
  Json results = Json::array();
  for (const std::vector<std::string>& dims : SweepDims(flags.dims)) {
    for (uint32_t threads : flags.thread_list) {
      BenchFlags one = flags;
      one.dims = dims;
      Json result = BenchOnce(one, threads);
      if (!dims.empty()) result["dims"] = dims;
      const bool sweep = flags.thread_list.size() > 1 || !dims.empty();
      std::string label = sweep ? fmt::format("threads {}", result["threads"].get<uint32_t>()) : "";
      for (const std::string& dim : dims) label += " " + dim;
      if (!flags.json) PrintText(label.empty() ? "" : label + "\n  ", result);
      results.push_back(std::move(result));
    }
  }
  if (!flags.json) return kOk;
  Json out = {{"version", 1}, {"model", flags.model}};
  if (results.size() == 1)
    out.update(results[0]);
  else
    out["results"] = std::move(results);
  fmt::print("{}\n", out.dump(2));
  return kOk;
}

}  // namespace

void AddBench(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("bench", "Measures a model");
  auto flags = std::make_shared<BenchFlags>();
  flags->AddTo(*verb, true);
  verb->add_option("--threads", flags->thread_list, "Threads that compute; a list is a sweep: 1,2")
      ->delimiter(',');
  verb->add_option("--seconds", flags->seconds, "How long to measure")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 86400.0));
  verb->add_option("--warmup", flags->warmup, "Seconds of runs before")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 86400.0));
  verb->add_option("--output-dir", flags->output_dir, "Writes the outputs of the last timed run")
      ->type_name("DIR");
  verb->footer("Example: tenon bench resnet50.onnx --dim N=1,8 --threads 1,2 --seconds 5 --json");
  verb->callback([flags, &action] { action = [flags] { return Bench(*flags); }; });
}

}  // namespace tenon::tools
