// Whether a model has become faster or slower since times of it were saved.
//
// Both measurements alternate runs of the model with the calibration (interleave.h). Of both, low quantiles count:
// moments in which the host was left alone, or nearly. Where one measurement had no such moment its calibration says by
// how much the host was slower; the model's times follow the calibration's with a power that is estimated from how both
// vary within the measurements, and is near 1 where they hardly do. The quantile at which the uncertainty of all this is
// least is compared, so the choice doesn't look at the difference itself. The interval is from a bootstrap over stretches
// of time (Kuensch 1989) together with what the calibration leaves open and with what differs between processes of one
// program, such as addresses.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/interleave.h"

namespace tenon::tools {

struct CompareOptions {
  double margin = 0.05;  // relative difference that counts as the same
  bool beyond_caches =
      false;  // the model's data doesn't fit the second cache: memory's speed matters, too
  bool other_processor = false;
};

struct Comparison {
  std::string verdict;                       // "SAME", "FASTER", "SLOWER", "CANNOT TELL"
  double difference = 0, low = 0, high = 0;  // of the time of a run; the interval has 95 %
  double host_difference = 0;                // of the calibration's time
  std::string reason;                        // why it can't be told
};

// Each with at least ten of the model's slices.
Comparison Compare(const Slices& before, const Slices& now, const CompareOptions& options);
// The standard deviation that one measurement alone brings into a comparison, as a share of the time.
double OwnDeviation(const Slices& slices);

nlohmann::ordered_json SeriesJson(const Slices& slices);
// Throws Failure(kUsage) where it isn't what SeriesJson gives, or has too few slices.
Slices ReadSeries(const nlohmann::ordered_json& series);

}  // namespace tenon::tools
