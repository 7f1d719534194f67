#include "bench/verdict.h"

#include <gtest/gtest.h>

#include <cmath>

#include "bench/statistics.h"
#include "failure.h"

namespace tenon::tools {
namespace {

// A host that a neighbour slows down at times: by `compute` what is like the calibration, by `model` the model.
struct Host {
  double busy = 0;                    // share of the time with the neighbour
  double compute = 1.8, model = 1.8;  // times as slow then
  double clock = 1;                   // times as slow all the time
  size_t slices = 400;
};

Slices Measured(Random& random, const Host& host, double model_ms) {
  Slices slices;
  const double process = std::exp(0.005 * random.Normal());
  bool busy = random.Uniform() < host.busy;
  for (size_t i = 0; i < host.slices; ++i) {
    if (random.Uniform() < 0.1) busy = random.Uniform() < host.busy;
    const auto noise = [&] {
      const double outlier = random.Uniform() < 0.02 ? 1 + random.Exponential(5) : 1;
      return host.clock * std::exp(0.01 * std::abs(random.Normal())) * outlier;
    };
    slices.model.push_back(model_ms * process * (busy ? host.model : 1) * noise());
    if (random.Uniform() < 0.1) busy = random.Uniform() < host.busy;
    slices.compute.push_back(0.07 * (busy ? host.compute : 1) * noise());
    if (i % 4 != 0) continue;
    slices.stream.push_back(0.15 * (busy ? 1.2 : 1) * noise());
    slices.chase.push_back(0.2 * (busy ? 1.2 : 1) * noise());
  }
  return slices;
}

struct Count {
  int same = 0, faster = 0, slower = 0, open = 0, covered = 0;
};

Count CompareMany(int count, const Host& before, const Host& now, double factor) {
  Random random(7);
  Count counts;
  for (int i = 0; i < count; ++i) {
    const Slices a = Measured(random, before, 3), b = Measured(random, now, 3 * factor);
    const Comparison found = Compare(a, b, {});
    EXPECT_LE(found.low, found.difference);
    EXPECT_LE(found.difference, found.high);
    counts.covered += found.low <= factor - 1 && factor - 1 <= found.high;
    counts.same += found.verdict == "SAME";
    counts.faster += found.verdict == "FASTER";
    counts.slower += found.verdict == "SLOWER";
    counts.open += found.verdict == "CANNOT TELL";
    EXPECT_EQ(found.reason.empty(), found.verdict != "CANNOT TELL");
  }
  return counts;
}

TEST(VerdictTest, TheSameOnAQuietHost) {
  const Count counts = CompareMany(60, {}, {}, 1);
  EXPECT_EQ(counts.same, 60);
  EXPECT_GE(counts.covered, 54);
}

TEST(VerdictTest, ChangesAreSeenInTheirDirection) {
  EXPECT_EQ(CompareMany(20, {}, {}, 1.1).slower, 20);
  EXPECT_EQ(CompareMany(20, {}, {}, 1 / 1.1).faster, 20);
}

TEST(VerdictTest, TheIntervalHoldsWithNeighboursToo) {
  for (const double busy : {0.3, 0.7, 0.95}) {
    for (const double model : {1.4, 1.8, 2.0}) {
      for (const double factor : {1.0, 1.1}) {
        const Host neighbour{.busy = busy, .model = model};
        const Count counts = CompareMany(20, {}, neighbour, factor);
        EXPECT_GE(counts.covered, 17) << busy << " " << model << " " << factor;
        EXPECT_LE(factor == 1 ? counts.slower + counts.faster : counts.faster, 2);
      }
    }
  }
}

TEST(VerdictTest, ASlowerMachineIsNoSlowerModel) {
  const Count little = CompareMany(20, {}, {.clock = 1.06}, 1);
  EXPECT_GE(little.same, 19);
  // What a very different clock does to the model is not known as well.
  const Count much = CompareMany(20, {}, {.clock = 1.5}, 1);
  EXPECT_EQ(much.slower + much.faster, 0);
  const Count always_busy = CompareMany(20, {}, {.busy = 1}, 1);
  EXPECT_LE(always_busy.slower + always_busy.faster, 1);
}

TEST(VerdictTest, MemoryCountsWhereTheModelDoesNotFitTheCaches) {
  Random random(5);
  const Slices before = Measured(random, {}, 3);
  Slices now = Measured(random, {}, 3.3);
  for (double& time : now.stream) time *= 1.3;
  EXPECT_EQ(Compare(before, now, {}).verdict, "SLOWER");
  const Comparison found = Compare(before, now, {.beyond_caches = true});
  EXPECT_EQ(found.verdict, "CANNOT TELL");
  EXPECT_NE(found.reason.find("memory was +3"), std::string::npos) << found.reason;
}

TEST(VerdictTest, OtherProcessorsAreComparedByWhatTheirKernelsAgreeOn) {
  Random random(5);
  const Slices before = Measured(random, {}, 3);
  Slices now = Measured(random, {.clock = 0.8}, 3);
  EXPECT_LE(Compare(before, now, {.other_processor = true}).high, 0.5);
  for (double& time : now.stream) time *= 2;
  const Comparison found = Compare(before, now, {.other_processor = true});
  EXPECT_EQ(found.verdict, "CANNOT TELL");
  EXPECT_NE(found.reason.find("processor"), std::string::npos);
}

TEST(VerdictTest, FewAndWildSlicesAreNotEnough) {
  Random random(5);
  int wrong = 0, same = 0;
  for (int i = 0; i < 40; ++i) {
    Slices before = Measured(random, {.slices = 12}, 3), now = Measured(random, {.slices = 12}, 3);
    for (double& time : before.model) time *= 1 + random.Uniform();
    for (double& time : now.model) time *= 1 + random.Uniform();
    const std::string verdict = Compare(before, now, {}).verdict;
    wrong += verdict == "SLOWER" || verdict == "FASTER";
    same += verdict == "SAME";
    EXPECT_GT(OwnDeviation(before), 4 * OwnDeviation(Measured(random, {}, 3)));
  }
  EXPECT_LE(wrong, 4);
  EXPECT_LE(same, 4);
}

TEST(VerdictTest, SeriesAreReadAsWritten) {
  Random random(5);
  const Slices slices = Measured(random, {.slices = 20}, 3);
  EXPECT_EQ(ReadSeries(SeriesJson(slices)).model, slices.model);
  nlohmann::ordered_json series = SeriesJson(slices);
  series["compute_ms"].erase(0);
  EXPECT_THROW(ReadSeries(series), Failure);
  series = SeriesJson(slices);
  series.erase("chase_ms");
  EXPECT_THROW(ReadSeries(series), Failure);
  series = SeriesJson(slices);
  series["model_ms"] = "fast";
  EXPECT_THROW(ReadSeries(series), Failure);
}

}  // namespace
}  // namespace tenon::tools
