#include "bench/interleave.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "bench/core_wait.h"

namespace tenon::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kWindowMs = 0.3;  // that is timed at once, unless one run takes longer
constexpr double kSliceMs = 4;     // of the model
constexpr int kMostWindows = 4;    // of a slice
constexpr int kMostTurns = 200;    // of the calibration in a window
// The system tells only about so precisely how long a thread waited: what is short and was interrupted keeps its wait, so
// that it doesn't seem fast.
constexpr double kWaitErrorMs = 0.05, kShortMs = 2;
constexpr double kMemoryShare = 0.1;            // of the time, for the calibration of memory
constexpr double kLongest = 10, kLonger = 1.5;  // times as long
constexpr size_t kLeastSlices = 10;

double Busy(double elapsed_ms, double waited_ms) {
  if (waited_ms <= 0 || elapsed_ms - waited_ms < kShortMs) return elapsed_ms;
  return elapsed_ms - waited_ms + kWaitErrorMs;
}

double MillisecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

void Append(LoadResult& all, const LoadResult& some) {
  all.runs.insert(all.runs.end(), some.runs.begin(), some.runs.end());
  all.elapsed_ms += some.elapsed_ms;
  all.busy_ms += some.busy_ms;
  all.core_wait_ms += some.core_wait_ms;
  all.copies = some.copies;
  all.copied_bytes = some.copied_bytes;
}

}  // namespace

Interleaved Interleave(Streams& streams, Calibration& calibration, double seconds,
                       const std::function<bool(const Slices&)>& enough) {
  Interleaved out;
  const CoreWait wait;
  const auto time = [&](int turns, auto work) {
    const auto start = Clock::now();
    const double waited = wait.Milliseconds();
    for (int turn = 0; turn < turns; ++turn) work();
    const double lost = wait.Milliseconds() - waited;
    return Busy(MillisecondsSince(start), lost) / turns;
  };
  const double unit =
      std::min({time(1, [&] { calibration.Compute(); }), time(1, [&] { calibration.Compute(); }),
                time(1, [&] { calibration.Compute(); })});
  double memory = 0;
  double least = INFINITY;  // of the model's windows so far: interruptions make none longer
  int windows = 1;
  double until = seconds * 1e3;
  for (const auto begin = Clock::now();;) {
    if (out.slices.model.size() >= kLeastSlices && MillisecondsSince(begin) >= until) {
      if (until >= kLongest * seconds * 1e3 || enough(out.slices)) break;
      until *= kLonger;  // few looks: each has its chance to be wrong
    }
    double model = INFINITY, compute = INFINITY;
    for (int window = 0; window < windows; ++window) {
      const LoadResult load = streams.Closed(kWindowMs * 1e-3, 1);
      const double took = Busy(load.busy_ms, load.core_wait_ms);
      least = std::min(least, took);
      model = std::min(model, took / static_cast<double>(load.runs.size()));
      Append(out.load, load);
    }
    const int turns = std::clamp(static_cast<int>(std::lround(least / unit)), 1, kMostTurns);
    for (int window = 0; window < windows; ++window)
      compute = std::min(compute, time(turns, [&] { calibration.Compute(); }));
    windows = std::clamp(static_cast<int>(kSliceMs / least), 1, kMostWindows);
    out.slices.model.push_back(model);
    out.slices.compute.push_back(compute);
    if (memory > kMemoryShare * MillisecondsSince(begin)) continue;
    out.slices.stream.push_back(time(1, [&] { calibration.Stream(); }));
    out.slices.chase.push_back(time(1, [&] { calibration.Chase(); }));
    memory += out.slices.stream.back() + out.slices.chase.back();
  }
  return out;
}

}  // namespace tenon::tools
