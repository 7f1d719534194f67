// Faults that the simulator injects: each ends in a status that says where, the process goes on, and the next run is right.
// TENON_TEST_MODEL names the classifier; TENON_TEST_FAULT_STEP=N takes each N-th occurrence only.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

#include "fault_step.h"
#include "tenon/runtime/tenon.hpp"

namespace tenon {
namespace {

constexpr int kMostOccurrences = 400;  // more than the classifier has of any kind

std::string ModelPath() {
  const char* path = std::getenv("TENON_TEST_MODEL");
  return path ? path : "";
}

std::vector<float> Picture() {
  std::vector<float> values(3 * 48 * 192);
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i) * 0.01f);
  return values;
}

std::vector<float> Run(const Session& session) {
  std::vector<float> picture = Picture();
  const std::vector<Tensor> outputs = session.Run({Tensor::Wrap(picture, {1, 3, 48, 192})});
  const std::span<const float> scores = outputs.at(0).As<float>();
  return {scores.begin(), scores.end()};
}

std::vector<float> Expected() {
  const Runtime runtime({.threads = 1});
  return Run(Session(runtime, ModelPath(), {.backends = "reference"}));
}

struct Outcome {
  bool failed = false;
  std::string message;
};

// Opens a session with the fault, runs twice; the second run must be right whatever the first one did.
Outcome RunWithFault(const std::string& kind, int occurrence, const std::string& memory,
                     const std::vector<float>& expected) {
  RuntimeOptions options;
  options.threads = 1;
  options.layers = {"validate"};
  const Runtime runtime(options);
  SessionOptions session_options;
  session_options.backends = "simulator,reference";
  session_options.backend_options = {"simulator.fault=" + kind + ":" + std::to_string(occurrence),
                                     "simulator.memory=" + memory, "simulator.delay_us=0",
                                     "simulator.claim=seed:3"};
  if (kind == "compile") session_options.backend_options.push_back("simulator.compile=on");
  Outcome outcome;
  try {
    const Session session(runtime, ModelPath(), session_options);
    try {
      EXPECT_EQ(Run(session), expected);
    } catch (const Error& error) {
      outcome = {true, error.what()};
      EXPECT_EQ(Run(session), expected) << kind << " " << occurrence << ": " << outcome.message;
    }
  } catch (const Error& error) {
    outcome = {true, error.what()};
  }
  EXPECT_EQ(runtime.violations(), "") << kind << " " << occurrence;
  return outcome;
}

class FaultsTest : public ::testing::TestWithParam<const char*> {};

TEST_P(FaultsTest, EveryOccurrenceEndsInAStatusAndTheNextRunIsRight) {
  if (ModelPath().empty()) GTEST_SKIP() << "TENON_TEST_MODEL names no model";
  const std::vector<float> expected = Expected();
  const int step = FaultStep();
  int memories = 0;
  for (const char* memory : {"handle", "locked", "unified"}) {
    int reached = 0;
    for (int occurrence = 1 + memories++ % step; occurrence <= kMostOccurrences;
         occurrence += step) {
      const Outcome outcome = RunWithFault(GetParam(), occurrence, memory, expected);
      if (!outcome.failed) break;
      ++reached;
      EXPECT_FALSE(outcome.message.empty());
      if (HasFailure()) return;
    }
    RecordProperty(std::string(GetParam()) + "_" + memory, reached);
    std::printf("%s on %s memory: %d faults reached\n", GetParam(), memory, reached);
    EXPECT_GT(reached, 0);
    EXPECT_LT(reached, kMostOccurrences);
  }
}

// A queue that hangs, or a device that is lost: the run fails, the device stays lost, its objects can be ended, and another
// runtime is not touched by it.
TEST(LostDeviceTest, ALostDeviceStaysLostAndTheProcessGoesOn) {
  if (ModelPath().empty()) GTEST_SKIP() << "TENON_TEST_MODEL names no model";
  const std::vector<float> expected = Expected();
  for (const char* fault : {"hang:5", "lost:5"}) {
    {
      const Runtime runtime({.threads = 1});
      SessionOptions options;
      options.backends = "simulator,reference";
      options.backend_options = {std::string("simulator.fault=") + fault, "simulator.claim=seed:3"};
      options.drain_timeout = std::chrono::milliseconds(200);
      const Session session(runtime, ModelPath(), options);
      RunOptions run;
      run.timeout = std::chrono::seconds(2);
      std::vector<float> picture = Picture();
      const Tensor input = Tensor::Wrap(picture, {1, 3, 48, 192});
      for (int i = 0; i < 2; ++i) {
        try {
          session.Run({input}, run);
          ADD_FAILURE() << fault << ": run " << i << " did not fail";
        } catch (const Error& error) {
          EXPECT_TRUE(error.code() == TENON_DEVICE_LOST || error.code() == TENON_DEADLINE_EXCEEDED)
              << error.what();
          if (i == 1) {
            EXPECT_EQ(error.code(), TENON_DEVICE_LOST) << fault << ": " << error.what();
          }
        }
      }
    }
    EXPECT_EQ(Expected(), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, FaultsTest,
                         ::testing::Values("alloc", "copy", "kernel", "compile"));

}  // namespace
}  // namespace tenon
