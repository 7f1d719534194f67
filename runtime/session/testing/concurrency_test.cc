// One session used by many threads at once, through the C++ API: on the host, and on an
// asynchronous device with each kind of memory. The numbers are checked here; that nothing races or
// leaks is for the sanitizers to say (presets asan, tsan).
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <functional>
#include <thread>

#include "onnx_bytes.h"
#include "tenon/runtime/tenon.hpp"

namespace {

constexpr int kThreads = 4;
constexpr int kRounds = 20;

// s = x + 1, y = -s; n is open.
const std::vector<std::byte>& AddNeg() {
  static const std::vector<std::byte> model = [] {
    onnx_bytes bytes;
    onnx_add_neg(&bytes, -1);
    const auto* begin = reinterpret_cast<const std::byte*>(bytes.data);
    return std::vector<std::byte>(begin, begin + bytes.size);
  }();
  return model;
}

// Calls work(0), ..., work(kThreads - 1) on threads that start together.
void Together(const std::function<void(int)>& work) {
  std::barrier start(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      start.arrive_and_wait();
      work(t);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

struct Where {
  const char* name;
  std::string backends;
  std::vector<std::string> settings;
};

void PrintTo(const Where& where, std::ostream* out) { *out << where.name; }

const Where kPlaces[] = {
    {"reference", "reference", {}},
    {"locked", "simulator,reference", {"simulator.claim=ops:Neg", "simulator.memory=locked"}},
    {"handle", "simulator,reference", {"simulator.claim=ops:Add", "simulator.memory=handle"}},
    {"unified", "simulator", {"simulator.claim=all", "simulator.memory=unified"}},
    {"compiled", "simulator", {"simulator.compile=on", "simulator.memory=handle"}},
};

class ConcurrencyTest : public ::testing::TestWithParam<Where> {
 protected:
  void TearDown() override { EXPECT_EQ(runtime_.violations(), ""); }

  tenon::Session Open(const std::string& fault = {}) {
    tenon::SessionOptions options{.backends = GetParam().backends,
                                  .backend_options = GetParam().settings};
    if (!fault.empty()) options.backend_options.push_back("simulator.fault=" + fault);
    return tenon::Session(tenon::Model(runtime_, AddNeg()), options);
  }
  bool on_simulator() const { return !GetParam().settings.empty(); }

  tenon::Runtime runtime_{{.layers = {"validate"}, .threads = 2}};
};

// Runs with x = value everywhere; whether y is right.
bool RunsRight(const tenon::Session& session, int n, float value) {
  std::vector<float> x(static_cast<size_t>(n), value);
  const auto out = session.Run({tenon::Tensor::Wrap(x, {n})});
  const auto y = out.at(0).As<float>();
  return y.size() == x.size() &&
         std::ranges::all_of(y, [&](float got) { return got == -(value + 1); });
}

TEST_P(ConcurrencyTest, RunsOfOneSessionWithShapesOfTheirOwn) {
  const tenon::Session session = Open();
  std::atomic<int> wrong{0};
  Together([&](int t) {
    for (int round = 0; round < kRounds; ++round) {
      wrong += !RunsRight(session, 1 + (t + round) % 5, static_cast<float>(round));
    }
  });
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(session.statistics().run_count, static_cast<uint64_t>(kThreads * kRounds));
}

TEST_P(ConcurrencyTest, QuestionsWhileItRuns) {
  const tenon::Session session = Open();
  std::atomic<int> wrong{0};
  Together([&](int t) {
    for (int round = 0; round < kRounds; ++round) {
      if (t < 2) {
        session.EnableProfile(round % 2 == 0);
        wrong += session.Profile().empty() || session.Explain().empty();
        wrong += session.statistics().node_count == 0 || session.Inspect("program").empty();
      } else {
        wrong += !RunsRight(session, t, 1);
      }
    }
  });
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(ConcurrencyTest, SessionsOpenAndEndWhileOthersRun) {
  std::atomic<int> wrong{0};
  Together([&](int t) {
    for (int round = 0; round < kRounds / 4; ++round) {
      const tenon::Session session = Open();
      wrong += !RunsRight(session, 1 + t, 2);
    }
  });
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(ConcurrencyTest, AsynchronousRunsOfManyBindings) {
  const tenon::Session session = Open();
  std::atomic<int> wrong{0}, done{0};
  const auto count = [](void* context, tenon_status status) {
    *static_cast<std::atomic<int>*>(context) += status.code == TENON_OK;
  };
  Together([&](int t) {
    const auto n = static_cast<size_t>(t) + 1;
    std::vector<float> x(n), y(n);
    tenon::Binding binding(session);
    binding.SetInput("x", tenon::Tensor::Wrap(x, {t + 1}));
    binding.SetOutput("y", tenon::Tensor::Wrap(y, {t + 1}));
    for (int round = 0; round < kRounds; ++round) {
      x[0] = static_cast<float>(round);
      const tenon::Pending pending = binding.Start({}, count, &done);
      pending.Wait();
      wrong += y[0] != -(x[0] + 1);
    }
  });
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(done.load(), kThreads * kRounds);
}

TEST_P(ConcurrencyTest, AllHandlesButTheRunsOwnMayGoWhileItIsUnderWay) {
  for (int round = 0; round < kRounds; ++round) {
    std::vector<float> x(3, 1), y(3);
    std::unique_ptr<tenon::Pending> pending;
    {
      const tenon::Runtime runtime({.threads = 2});
      const tenon::Session session(
          tenon::Model(runtime, AddNeg()),
          {.backends = GetParam().backends, .backend_options = GetParam().settings});
      tenon::Binding binding(session);
      binding.SetInput("x", tenon::Tensor::Wrap(x, {3}));
      binding.SetOutput("y", tenon::Tensor::Wrap(y, {3}));
      pending = std::make_unique<tenon::Pending>(binding.Start());
    }
    pending->Wait();
    EXPECT_EQ(y[0], -2);
  }
}

TEST_P(ConcurrencyTest, CancelledAtAnyMomentAndRightAfterwards) {
  const tenon::Session session = Open();
  std::atomic<int> wrong{0};
  Together([&](int t) {
    std::vector<float> x(2, 1), y(2);
    tenon::Binding binding(session);
    binding.SetInput("x", tenon::Tensor::Wrap(x, {2}));
    binding.SetOutput("y", tenon::Tensor::Wrap(y, {2}));
    for (int round = 0; round < kRounds; ++round) {
      tenon::CancelSource cancel;
      const tenon::Pending pending = binding.Start({.cancel = &cancel});
      std::this_thread::sleep_for(std::chrono::microseconds(20 * (t + round)));
      cancel.Cancel();
      try {
        pending.Wait();
      } catch (const tenon::Error& error) {
        wrong += error.code() != TENON_CANCELLED;
      }
      binding.Run();
      wrong += y[1] != -2;
    }
  });
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(ConcurrencyTest, DonatedValuesOfManyBindings) {
  const tenon::Session session = Open();
  std::atomic<int> wrong{0};
  Together([&](int t) {
    const std::string home = on_simulator() && t % 2 != 0 ? "simulator" : "";
    tenon::Tensor state = session.CreateTensor(TENON_FLOAT32, std::vector<int64_t>{t + 1}, home);
    std::vector<float> values(static_cast<size_t>(t) + 1, 0);
    state.Write(values.data(), values.size() * sizeof(float));
    tenon::Binding binding(session);
    binding.SetInput("x", state);
    binding.SkipOutput(0);
    binding.Donate(0, 1);  // s = x + 1 is the next run's x
    for (int round = 0; round < kRounds; ++round) {
      if (round % 2 == 0) {
        binding.Run();
      } else {
        binding.Start().Wait();
      }
    }
    state.Read(values.data(), values.size() * sizeof(float));
    for (const float value : values) wrong += value != kRounds;
  });
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(ConcurrencyTest, AFaultHitsOneRunAndTheOthersAreRight) {
  if (!on_simulator()) GTEST_SKIP() << "only the simulator has faults";
  for (const char* fault : {"kernel:30", "copy:25", "enqueue:20", "alloc:3", "prepare:3"}) {
    const tenon::Session session = Open(fault);
    std::atomic<int> failed{0}, wrong{0};
    Together([&](int t) {
      for (int round = 0; round < kRounds; ++round) {
        try {
          wrong += !RunsRight(session, 1 + t, 1);
        } catch (const tenon::Error& error) {
          ++failed;
          wrong += std::string_view(error.what()).find("injected fault") == std::string_view::npos;
        }
      }
    });
    EXPECT_EQ(wrong.load(), 0) << fault;
    EXPECT_EQ(failed.load(), 1) << fault;
    EXPECT_TRUE(RunsRight(session, 7, 1)) << fault;
  }
}

TEST_P(ConcurrencyTest, ALostDeviceFailsEveryRunAndEndsQuietly) {
  if (!on_simulator()) GTEST_SKIP() << "only the simulator can be lost";
  std::vector<const char*> faults = {"lost:9"};
  // Once: the backend is given 10 seconds to fall quiet, and does not.
  if (std::string_view(GetParam().name) == "locked") faults.push_back("hang:9");
  for (const char* fault : faults) {
    tenon::SessionOptions options{.backends = GetParam().backends,
                                  .backend_options = GetParam().settings};
    if (std::string_view(fault) == "hang:9") options.drain_timeout = std::chrono::milliseconds(100);
    options.backend_options.push_back(std::string("simulator.fault=") + fault);
    const tenon::Session session(tenon::Model(runtime_, AddNeg()), options);
    std::atomic<int> failed{0}, wrong{0};
    Together([&](int t) {
      for (int round = 0; round < kRounds; ++round) {
        // Gone when the run has failed: nothing may touch them then.
        std::vector<float> x(static_cast<size_t>(t) + 1, 1), y(x.size());
        tenon::Binding binding(session);
        binding.SetInput(0, tenon::Tensor::Wrap(x, {t + 1}));
        binding.SetOutput(0, tenon::Tensor::Wrap(y, {t + 1}));
        try {
          binding.Run({.timeout = std::chrono::seconds(1)});
        } catch (const tenon::Error& error) {
          ++failed;
          wrong += error.code() != TENON_DEVICE_LOST && error.code() != TENON_DEADLINE_EXCEEDED;
        }
      }
    });
    EXPECT_EQ(wrong.load(), 0) << fault;
    EXPECT_GE(failed.load(), kThreads) << fault;
  }
}

INSTANTIATE_TEST_SUITE_P(Places, ConcurrencyTest, ::testing::ValuesIn(kPlaces),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
