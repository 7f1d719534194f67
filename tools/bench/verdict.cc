#include "bench/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "bench/statistics.h"
#include "failure.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

// Measured with models of several kinds, on cores that other programs share, too.
constexpr double kPower = 1, kPowerDeviation = 0.25;  // with which models follow the calibration
constexpr double kCurveDeviation = 0.05;              // of a quantile from that power's curve
constexpr double kMostSlowdown = 1;                   // of what a neighbour does, as a logarithm
constexpr double kPowerLeastDeviation = 0.1;
// A host that differs by little has another clock, which all models follow. One that differs by more (a logarithm) has
// a neighbour, which takes from some models half again as much as from the calibration.
constexpr double kNeighbour = 0.15, kNeighbourDeviation = 0.2;
constexpr double kProcessDeviation = 0.008;
constexpr double kStreamFollows = 0.5, kChaseFollows = 0.25;  // at most about so, by the model
constexpr double kOtherProcessor = 0.5;
constexpr double kSigma95 = 1.96, kSigma90 = 1.645;
constexpr std::array kShares = {0.01, 0.02, 0.05, 0.1, 0.25, 0.5};
constexpr std::array kCurveShares = {0.02, 0.05, 0.1, 0.25, 0.5, 0.75};
constexpr size_t kStretches = 12, kSamples = 200, kLeastSlices = 10;

double Square(double x) { return x * x; }

using ByShare = std::array<double, kShares.size()>;

// The logarithms' quantiles; a share means at least the third smallest sample.
ByShare LowQuantiles(const std::vector<double>& logs) {
  ByShare shares = kShares;
  const double least = std::min(2.0 / static_cast<double>(logs.size() - 1), 0.5);
  for (double& share : shares) share = std::max(share, least);
  const std::vector<double> found = Quantiles(logs, shares);
  ByShare out;
  std::ranges::copy(found, out.begin());
  return out;
}

// Pairs of logarithms. A time that is far below all others had more taken off for other programs than they took.
struct Logs {
  std::vector<double> model, compute;
};

std::vector<double> Logarithms(const std::vector<double>& times) {
  std::vector<double> logs;
  for (const double time : times) logs.push_back(std::log(std::max(time, 1e-9)));
  return logs;
}

Logs Pairs(const Slices& slices) {
  const std::vector<double> model = Logarithms(slices.model), compute = Logarithms(slices.compute);
  const double model_least = Quantile(model, 0.05) - 0.5;
  const double compute_least = Quantile(compute, 0.05) - 0.5;
  Logs logs;
  for (size_t i = 0; i < model.size(); ++i) {
    if (model[i] < model_least || compute[i] < compute_least) continue;
    logs.model.push_back(model[i]);
    logs.compute.push_back(compute[i]);
  }
  return logs;
}

struct Power {
  double value, variance;
};

// Without what other programs interrupted, which says nothing about their neighbourhood.
Logs Uninterrupted(const Logs& logs) {
  const double model_most = std::ranges::min(logs.model) + kMostSlowdown;
  const double compute_most = std::ranges::min(logs.compute) + kMostSlowdown;
  Logs kept;
  for (size_t i = 0; i < logs.model.size(); ++i) {
    if (logs.model[i] > model_most || logs.compute[i] > compute_most) continue;
    kept.model.push_back(logs.model[i]);
    kept.compute.push_back(logs.compute[i]);
  }
  return kept;
}

// By least squares over the quantiles of each measurement, around their means, with what is known before.
Power FindPower(std::initializer_list<const Logs*> measurements) {
  double xx = 0, xy = 0;
  for (const Logs* all : measurements) {
    const Logs logs = Uninterrupted(*all);
    if (logs.model.size() < kLeastSlices) continue;
    const std::vector<double> x = Quantiles(logs.compute, kCurveShares);
    const std::vector<double> y = Quantiles(logs.model, kCurveShares);
    const double x_mean = Mean(x), y_mean = Mean(y);
    for (size_t p = 0; p < x.size(); ++p) {
      xx += (x[p] - x_mean) * (x[p] - x_mean);
      xy += (x[p] - x_mean) * (y[p] - y_mean);
    }
  }
  const double before = 1 / Square(kPowerDeviation), seen = 1 / Square(kCurveDeviation);
  const double precision = before + seen * xx;
  const double value = (before * kPower + seen * xy) / precision;
  return {std::clamp(value, kPower - 2 * kPowerDeviation, kPower + 2 * kPowerDeviation),
          1 / precision};
}

struct Side {
  ByShare model, compute, variance;
  bool has_memory = false;
  ByShare stream{}, chase{};
};

// One kind of times in rising order, each with the stretch of time that it is from.
class Ranked {
 public:
  Ranked(const std::vector<double>& logs, size_t stretches) {
    for (size_t i = 0; i < logs.size(); ++i)
      entries_.push_back({logs[i], i * stretches / logs.size()});
    std::ranges::sort(entries_, {}, &Entry::value);
  }
  // Quantiles where each stretch stands as often as drawn; as LowQuantiles, but between no two.
  ByShare Low(const std::vector<size_t>& drawn) const {
    size_t count = 0, p = 0;
    for (const Entry& entry : entries_) count += drawn[entry.stretch];
    ByShare out;
    out.fill(entries_.back().value);
    const auto last = static_cast<double>(count - 1);
    size_t seen = 0;
    for (const Entry& entry : entries_) {
      seen += drawn[entry.stretch];
      while (static_cast<double>(seen) > std::max(kShares[p] * last, std::min(2.0, last / 2))) {
        out[p] = entry.value;
        if (++p == kShares.size()) return out;
      }
    }
    return out;
  }

 private:
  struct Entry {
    double value;
    size_t stretch;
  };
  std::vector<Entry> entries_;
};

// Variance of the model's quantile without what the calibration's explains, over stretches that are drawn again.
ByShare Bootstrap(const Logs& logs, double power) {
  const size_t count = logs.model.size(), stretches = std::min(kStretches, count);
  const Ranked model_ranked(logs.model, stretches), compute_ranked(logs.compute, stretches);
  Random random(1);
  ByShare sum{}, squares{};
  for (size_t sample = 0; sample < kSamples; ++sample) {
    std::vector<size_t> drawn(stretches);
    for (size_t s = 0; s < stretches; ++s) ++drawn[random.Below(stretches)];
    const ByShare model = model_ranked.Low(drawn), compute = compute_ranked.Low(drawn);
    for (size_t p = 0; p < kShares.size(); ++p) {
      const double rest = model[p] - power * compute[p];
      sum[p] += rest;
      squares[p] += rest * rest;
    }
  }
  // A bootstrap of few samples is too narrow.
  const double few = 1 + static_cast<double>(kStretches) / static_cast<double>(count);
  ByShare variance;
  for (size_t p = 0; p < kShares.size(); ++p) {
    const double mean = sum[p] / kSamples;
    variance[p] = few * std::max(squares[p] / kSamples - mean * mean, 0.0);
  }
  return variance;
}

Side Summarised(const Slices& slices, const Logs& logs, double power) {
  Side side{LowQuantiles(logs.model), LowQuantiles(logs.compute), Bootstrap(logs, power)};
  side.has_memory = slices.stream.size() > 2;
  if (side.has_memory) side.stream = LowQuantiles(Logarithms(slices.stream));
  if (side.has_memory) side.chase = LowQuantiles(Logarithms(slices.chase));
  return side;
}

// Variance of what the model makes of a host that differs by `host`, a logarithm.
double FollowingVariance(const Power& power, double host) {
  const double neighbour = std::min(1.0, std::abs(host) / kNeighbour);
  const double least = kPowerLeastDeviation + kNeighbourDeviation * neighbour;
  return (power.variance + Square(least)) * Square(host);
}

// What is not known of a difference, by where it comes from; variances.
struct Open {
  double sampling = 0, compute = 0, memory = 0, processor = 0;
  double sum() const { return sampling + compute + memory + processor + Square(kProcessDeviation); }
};

Open OpenAt(size_t p, const Side& a, const Side& b, const Power& power,
            const CompareOptions& options) {
  const double compute = b.compute[p] - a.compute[p];
  const bool memory = a.has_memory && b.has_memory;
  const double stream = memory ? b.stream[p] - a.stream[p] : 0;
  const double chase = memory ? b.chase[p] - a.chase[p] : 0;
  Open open{.sampling = a.variance[p] + b.variance[p],
            .compute = FollowingVariance(power, compute)};
  if (options.beyond_caches)
    open.memory = Square(kStreamFollows * stream) + Square(kChaseFollows * chase);
  if (options.other_processor) {
    open.processor = Square(kOtherProcessor * (std::max({compute, stream, chase}) -
                                               std::min({compute, stream, chase})));
  }
  return open;
}

std::string Reason(const Open& open, const Comparison& found, double memory_difference) {
  const double most = std::max({open.sampling, open.compute, open.memory, open.processor});
  if (most < Square(kProcessDeviation))
    return "the difference is near the margin (--margin, or more --seconds)";
  if (most == open.processor)
    return "the processor is another: what it does to this model is not known";
  if (most == open.memory) {
    return fmt::format(
        "memory was {:+.0f} % as slow as then, and the model's data doesn't fit the "
        "caches",
        100 * memory_difference);
  }
  if (most == open.compute) {
    return fmt::format(
        "the host took {:+.0f} % of the time it took then for the same work: other "
        "programs, or another clock",
        100 * found.host_difference);
  }
  return "times vary too much (more --seconds, or close other programs)";
}

}  // namespace

Comparison Compare(const Slices& before, const Slices& now, const CompareOptions& options) {
  const Logs before_logs = Pairs(before), now_logs = Pairs(now);
  const Power power = FindPower({&before_logs, &now_logs});
  const Side a = Summarised(before, before_logs, power.value);
  const Side b = Summarised(now, now_logs, power.value);
  size_t best = 0;
  Open open = OpenAt(0, a, b, power, options);
  for (size_t p = 1; p < kShares.size(); ++p) {
    const Open other = OpenAt(p, a, b, power, options);
    if (other.sum() >= open.sum()) continue;
    best = p;
    open = other;
  }
  const double host = b.compute[best] - a.compute[best];
  const double difference = b.model[best] - a.model[best] - power.value * host;
  const double deviation = std::sqrt(open.sum());
  const auto relative = [&](double sigmas) { return std::expm1(difference + sigmas * deviation); };
  Comparison found{.verdict = "CANNOT TELL",
                   .difference = relative(0),
                   .low = relative(-kSigma95),
                   .high = relative(kSigma95),
                   .host_difference = std::expm1(host),
                   .reason = ""};
  const double slower = options.margin, faster = -options.margin / (1 + options.margin);
  if (found.difference > slower && found.low > 0) {
    found.verdict = "SLOWER";
  } else if (found.difference < faster && found.high < 0) {
    found.verdict = "FASTER";
  } else if (relative(-kSigma90) > faster && relative(kSigma90) < slower) {
    found.verdict = "SAME";
  } else {
    found.reason = Reason(open, found, std::expm1(b.stream[best] - a.stream[best]));
  }
  return found;
}

double OwnDeviation(const Slices& slices) {
  const Logs logs = Pairs(slices);
  return std::sqrt(std::ranges::min(Bootstrap(logs, FindPower({&logs}).value)));
}

Json SeriesJson(const Slices& slices) {
  return {{"model_ms", slices.model},
          {"compute_ms", slices.compute},
          {"stream_ms", slices.stream},
          {"chase_ms", slices.chase}};
}

Slices ReadSeries(const Json& series) {
  Slices slices;
  try {
    slices = {series.at("model_ms"), series.at("compute_ms"), series.at("stream_ms"),
              series.at("chase_ms")};
  } catch (const Json::exception& error) {
    throw Failure(kUsage, fmt::format("a saved series of times is damaged: {}", error.what()));
  }
  if (slices.model.size() < kLeastSlices || slices.compute.size() != slices.model.size() ||
      slices.stream.size() != slices.chase.size()) {
    throw Failure(kUsage, fmt::format("a saved series has {} times of the model and {}, {} and {} "
                                      "of the calibration (expected as many of the first two, {} "
                                      "at least, and as many of the others)",
                                      slices.model.size(), slices.compute.size(),
                                      slices.stream.size(), slices.chase.size(), kLeastSlices));
  }
  for (const auto* times : {&slices.model, &slices.compute, &slices.stream, &slices.chase}) {
    if (!std::ranges::all_of(*times, [](double ms) { return ms > 0 && std::isfinite(ms); }))
      throw Failure(kUsage, "a saved series has a time that is not positive");
  }
  return slices;
}

}  // namespace tenon::tools
