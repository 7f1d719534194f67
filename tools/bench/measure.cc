#include "bench/measure.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "bench/bound.h"
#include "bench/interleave.h"
#include "bench/report.h"
#include "bench/verdict.h"
#include "host_facts.h"
#include "host_peak.h"
#include "output_files.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr double kProfileSeconds = 0.2;
constexpr double kPreciseEnough = 0.006;  // deviation of a saved measurement

double MillisecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double PeakRssMb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

Json BackendNames(const Session& session) {
  std::vector<std::string> names;
  for (const tenon_placement_row* row : session.placement()) {
    const std::string name = row->backend;
    if (!name.empty() && name != "host" && std::ranges::find(names, name) == names.end())
      names.push_back(name);
  }
  return names;
}

// A session with its callers, and when it was there.
class Measurement {
 public:
  Measurement(const Point& point, const Json* before)
      : flags_(point.flags),
        before_(before),
        begin_(Clock::now()),
        opened_(Open(flags_, 0, point.threads)),
        load_ms_(MillisecondsSince(begin_)),
        inputs_(MakeInputs(*opened_.session, flags_)) {}

  Json Run() {
    try {
      return RunOrThrow();
    } catch (const Error& error) {
      RethrowRunError(error, *opened_.session, flags_, inputs_);
    }
  }

 private:
  bool compares() const { return !flags_.save.empty() || !flags_.against.empty(); }

  Json RunOrThrow() {
    const auto first = Clock::now();
    Streams streams(*opened_.session, inputs_, flags_.streams);
    streams.First();
    const double first_output_ms = load_ms_ + MillisecondsSince(first);
    streams.Closed(flags_.warmup, flags_.streams);
    Slices slices;
    const double warm_rss = PeakRssMb();
    const LoadResult load = Timed(streams, slices);
    // The calibration's memory is not the model's.
    const double peak_rss = compares() ? warm_rss : PeakRssMb();
    CheckViolations(*opened_.runtime);
    const tenon_session_stats stats = opened_.session->statistics();
    if (!flags_.output_dir.empty()) {
      for (uint32_t i = 0; i < opened_.session->outputs().size(); ++i)
        WriteOutput(flags_.output_dir, i, streams.last().output(i));
    }
    Json out = {{"threads", opened_.runtime->threads()}, {"streams", flags_.streams}};
    out.update(TimesJson(load, flags_));
    out.update({{"load_ms", load_ms_},
                {"load_stages_ms", LoadStagesJson(stats)},
                {"first_output_ms", first_output_ms},
                {"first_output_kernel_ms", static_cast<double>(stats.first_run_kernel_ns) * 1e-6},
                {"peak_rss_mb", peak_rss},
                {"arena_bytes", stats.arena_bytes},
                {"arena_lower_bound_bytes", stats.arena_lower_bound_bytes},
                {"constant_bytes", stats.constant_bytes},
                {"backends", BackendNames(*opened_.session)},
                {"processor", ReadHostFacts().processor}});
    out["bound"] = Bounds(streams, out);
    out["warnings"] = WarningsOf(out, ReadHostFacts().cores);
    if (const std::string fallback = FallbackOf(*opened_.session); !fallback.empty())
      out["warnings"].push_back(fallback);
    if (compares()) out["series"] = SeriesJson(slices);
    if (before_) out["against"] = Against(slices);
    return out;
  }

  LoadResult Timed(Streams& streams, Slices& slices) {
    if (flags_.rate > 0) {
      const std::vector<double> arrivals =
          Arrivals(flags_.rate, flags_.seconds, flags_.arrivals == "poisson");
      if (arrivals.empty()) {
        throw Failure(kUsage, fmt::format("--rate {} brings no run in {} s (expected a higher rate "
                                          "or more --seconds)",
                                          flags_.rate, flags_.seconds));
      }
      LoadResult load = streams.Open(arrivals, 2 * flags_.seconds);
      if (load.runs.size() == load.unserved) {
        throw Failure(kUsage, fmt::format("no run began within {} s (expected more --seconds)",
                                          2 * flags_.seconds));
      }
      return load;
    }
    if (!compares()) return streams.Closed(flags_.seconds, 3);
    Calibration calibration;
    Slices before;
    if (before_) before = ReadSeries(before_->at("series"));
    Interleaved found = Interleave(streams, calibration, flags_.seconds, [&](const Slices& now) {
      if (!before_) return OwnDeviation(now) < kPreciseEnough;
      return Compare(before, now, CompareHow()).verdict != "CANNOT TELL";
    });
    slices = std::move(found.slices);
    return std::move(found.load);
  }

  CompareOptions CompareHow() const {
    const tenon_session_stats stats = opened_.session->statistics();
    const long cache = sysconf(_SC_LEVEL2_CACHE_SIZE);  // 0 or -1: unknown
    const auto fits = static_cast<uint64_t>(cache > 0 ? cache : 1 << 20) / 2;
    return {.margin = flags_.margin / 100,
            .beyond_caches = stats.constant_bytes + stats.arena_bytes > fits,
            .other_processor = before_->value("processor", "") != ReadHostFacts().processor};
  }

  Json Against(const Slices& slices) const {
    const Comparison found = Compare(ReadSeries(before_->at("series")), slices, CompareHow());
    return {{"verdict", found.verdict},
            {"difference", found.difference},
            {"low", found.low},
            {"high", found.high},
            {"margin", flags_.margin / 100},
            {"host_difference", found.host_difference},
            {"reason", found.reason}};
  }

  // The device on which the steps take most of the time, as its backend declares it; nullptr: none of a backend's.
  const tenon_device_info* BusiestDevice(const Json& profile) const {
    std::map<std::string, double> times;
    for (const Json& step : profile.at("steps"))
      times[step.at("backend").get<std::string>()] += step.at("total_ns").get<double>();
    const auto busiest =
        std::ranges::max_element(times, {}, &std::pair<const std::string, double>::second);
    if (busiest == times.end()) return nullptr;
    for (const tenon_backend_info* info : opened_.runtime->backends()) {
      if (info->name == busiest->first && info->device_count > 0) return info->devices[0];
    }
    return nullptr;
  }

  Json Bounds(Streams& streams, const Json& times) const {
    opened_.session->EnableProfile(true);
    const auto begin = Clock::now();
    do {
      streams.First();
    } while (MillisecondsSince(begin) < kProfileSeconds * 1e3);
    const Json profile = Json::parse(opened_.session->Profile());
    opened_.session->EnableProfile(false);
    const tenon_device_info* device = BusiestDevice(profile);
    BoundFacts facts{.run_ms = times["copy_in_ms"]["p50"].get<double>() +
                               times["compute_ms"]["p50"].get<double>() +
                               times["copy_out_ms"]["p50"].get<double>(),
                     .copy_ms = times["copy_in_ms"]["p50"].get<double>() +
                                times["copy_out_ms"]["p50"].get<double>(),
                     .threads = opened_.runtime->threads(),
                     .cores = ReadHostFacts().cores,
                     .accelerator = device && device->kind == TENON_DEVICE_ACCELERATOR};
    if (facts.accelerator) {
      facts.gflops = device->gflops;
      facts.gbytes = device->gbytes;
    } else {
      const HostPeak peak = MeasureHostPeak(facts.threads, 0.2);
      facts.gflops = peak.gflops;
      facts.gbytes = peak.gbytes;
      facts.measured_peak = true;
    }
    const Bound bound = FindBound(profile, facts);
    return {{"by", bound.by},
            {"summary", bound.summary},
            {"try", bound.advice},
            {"peak_gflops", facts.gflops},
            {"peak_gbytes", facts.gbytes},
            {"peak_measured", facts.measured_peak}};
  }

  const BenchFlags& flags_;
  const Json* before_;
  const Clock::time_point begin_;
  const OpenedSession opened_;
  const double load_ms_;
  std::vector<HostTensor> inputs_;
};

}  // namespace

Json MeasurePoint(const Point& point, const Json* before) {
  return Measurement(point, before).Run();
}

}  // namespace tenon::tools
