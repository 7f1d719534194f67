#include "bench/interleave.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "bench/core_wait.h"

namespace tenon::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kWindowMs = 0.3;     // that is timed at once, unless one run takes longer
constexpr double kSliceMs = 4;        // of the model
constexpr int kMostWindows = 4;       // of a slice
constexpr int kMostTurns = 200;       // of the calibration in a window
constexpr double kMemoryShare = 0.1;  // of the time, for the calibration of memory
constexpr double kLongest = 3;        // times the seconds
constexpr size_t kLeastSlices = 10;

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
    return std::max(MillisecondsSince(start) - lost, 1e-6) / turns;
  };
  const double unit =
      std::min({time(1, [&] { calibration.Compute(); }), time(1, [&] { calibration.Compute(); }),
                time(1, [&] { calibration.Compute(); })});
  double memory = 0;
  int windows = 1;
  double until = seconds * 1e3;
  for (const auto begin = Clock::now();;) {
    if (out.slices.model.size() >= kLeastSlices && MillisecondsSince(begin) >= until) {
      if (until >= kLongest * seconds * 1e3 || enough(out.slices)) break;
      until += seconds * 1e3 / 2;
    }
    double model = INFINITY, compute = INFINITY, busy = 0;
    for (int window = 0; window < windows; ++window) {
      const LoadResult load = streams.Closed(kWindowMs * 1e-3, 1);
      busy = std::max(load.busy_ms - load.core_wait_ms, 1e-6);
      model = std::min(model, busy / static_cast<double>(load.runs.size()));
      Append(out.load, load);
    }
    const int turns = std::clamp(static_cast<int>(std::lround(busy / unit)), 1, kMostTurns);
    for (int window = 0; window < windows; ++window)
      compute = std::min(compute, time(turns, [&] { calibration.Compute(); }));
    windows = std::clamp(static_cast<int>(kSliceMs / busy), 1, kMostWindows);
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
