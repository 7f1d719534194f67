// A model's runs in short slices, with the calibration between them, so that what slows the machine down for a while
// slows both.
#pragma once

#include <functional>
#include <vector>

#include "bench/calibration.h"
#include "bench/load.h"

namespace tenon::tools {

// Milliseconds; of long runs without those in which the thread was ready to run while other programs had its core. Short
// runs are repeated, and the fastest counts: the first has the caches that others have left.
struct Slices {
  std::vector<double> model;  // a run; with several callers, of each
  std::vector<double>
      compute;  // as many: the calibration's, as often and for about as long as the model before it
  std::vector<double> stream, chase;  // fewer
};

struct Interleaved {
  LoadResult load;  // of all slices together
  Slices slices;
};

// Goes on for `seconds`, and until `enough` is content, but at most about ten times as long; ten slices at least.
Interleaved Interleave(Streams& streams, Calibration& calibration, double seconds,
                       const std::function<bool(const Slices&)>& enough);

}  // namespace tenon::tools
