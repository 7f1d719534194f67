// The embedding API from C++, against libtenon.so and the backends of the build.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "onnx_bytes.h"
#include "tenon/runtime/tenon.hpp"

namespace {

std::vector<std::byte> AddNeg(int64_t n) {
  static onnx_bytes bytes;
  onnx_add_neg(&bytes, n);
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.data);
  return {begin, begin + bytes.size};
}

tenon_code CodeOf(const std::function<void()>& call, std::string_view text) {
  try {
    call();
  } catch (const tenon::Error& error) {
    EXPECT_NE(std::string_view(error.what()).find(text), std::string_view::npos) << error.what();
    return error.code();
  }
  return TENON_OK;
}

class ApiTest : public ::testing::Test {
 protected:
  tenon::Session Open(const tenon::SessionOptions& options = {.backends = "reference"},
                      int64_t n = -1) {
    return tenon::Session(tenon::Model(runtime_, AddNeg(n)), options);
  }
  tenon::Runtime runtime_{{.threads = 2}};
};

TEST_F(ApiTest, RunsAndAllocatesOutputs) {
  tenon::Session session = Open();
  std::vector<float> x = {1, 2, 3};
  const std::vector<tenon::Tensor> out = session.Run({tenon::Tensor::Wrap(x, {3})});
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].As<float>()[2], -4);
  EXPECT_EQ(out[1].dims(), (std::vector<int64_t>{3}));
}

TEST_F(ApiTest, OutputsOutliveSessionAndRuntime) {
  std::vector<tenon::Tensor> out;
  {
    tenon::Runtime runtime({.threads = 1});
    tenon::Session session(tenon::Model(runtime, AddNeg(-1)), {.backends = "reference"});
    std::vector<float> x = {5};
    out = session.Run({tenon::Tensor::Wrap(x, {1})});
  }
  EXPECT_EQ(out[0].As<float>()[0], -6);
}

TEST_F(ApiTest, APartOfAModelIsASession) {
  tenon::Session back =
      Open({.backends = "reference", .part_inputs = {"s"}, .part_outputs = {"y"}});
  ASSERT_EQ(back.inputs().size(), 1u);
  EXPECT_EQ(back.inputs()[0].name, "s");
  ASSERT_EQ(back.outputs().size(), 1u);
  std::vector<float> s = {1, -2, 3};
  EXPECT_EQ(back.Run({tenon::Tensor::Wrap(s, {3})})[0].As<float>()[1], 2);
  for (const tenon_placement_row* row : back.placement()) EXPECT_STREQ(row->op, "Neg");

  tenon::Session front = Open({.backends = "reference", .part_outputs = {"s"}}, 3);
  EXPECT_EQ(front.inputs()[0].name, "x");
  EXPECT_EQ(front.Run({tenon::Tensor::Wrap(s, {3})})[0].As<float>()[1], 0);

  const auto open = [&](std::vector<std::string> inputs, std::vector<std::string> outputs) {
    return [this, inputs, outputs] {
      Open({.backends = "reference", .part_inputs = inputs, .part_outputs = outputs}, 3);
    };
  };
  EXPECT_EQ(CodeOf(open({}, {"t"}), "no value \"t\""), TENON_NOT_FOUND);
  EXPECT_EQ(CodeOf(open({"w"}, {"y"}), "\"w\" is a constant"), TENON_INVALID_ARGUMENT);
  EXPECT_EQ(CodeOf(open({"y"}, {"s"}), "need \"x\""), TENON_INVALID_ARGUMENT);
}

TEST_F(ApiTest, AllValuesCanBeOutputs) {
  tenon::Session session =
      Open({.backends = "reference", .flags = TENON_SESSION_ALL_OUTPUTS, .part_outputs = {"y"}});
  ASSERT_EQ(session.outputs().size(), 2u);
  EXPECT_EQ(session.outputs()[0].name, "y");
  EXPECT_EQ(session.outputs()[1].name, "s");
  std::vector<float> x = {1, 2};
  EXPECT_EQ(session.Run({tenon::Tensor::Wrap(x, {2})})[1].As<float>()[1], 3);
}

// The simulator's clock has another zero and another rate than the host's.
TEST_F(ApiTest, ProfilesDevicesOnTheHostsClock) {
  tenon::Session session = Open({.backends = "simulator"});
  std::vector<float> x = {1, 2, 3};
  auto now = [] { return std::chrono::steady_clock::now().time_since_epoch().count(); };
  session.EnableProfile(true);
  const int64_t begin = now();
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  session.Run({tenon::Tensor::Wrap(x, {3})});
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  const int64_t end = now();
  const std::string profile = session.Profile();
  size_t at = profile.find("\"device_events\"");
  ASSERT_NE(at, std::string::npos);
  int events = 0;
  for (; (at = profile.find("_ns\": ", at)) != std::string::npos; ++events) {
    const int64_t ns = std::stoll(profile.substr(at += 6));
    EXPECT_GT(ns, begin + 29'000'000);
    EXPECT_LT(ns, end - 29'000'000);
  }
  EXPECT_GT(events, 2);
}

TEST_F(ApiTest, FixesDimensions) {
  tenon::Session session = Open({.backends = "reference", .dims = {"n=4"}});
  EXPECT_EQ(session.inputs()[0].dims, (std::vector<int64_t>{4}));
  std::vector<float> x(3);
  EXPECT_EQ(CodeOf([&] { session.Run({tenon::Tensor::Wrap(x, {3})}); }, "x"),
            TENON_INVALID_ARGUMENT);
  EXPECT_EQ(CodeOf([&] { Open({.backends = "reference", .dims = {"m=4"}}); }, "m"),
            TENON_INVALID_ARGUMENT);
  EXPECT_EQ(CodeOf([&] { Open({.backends = "reference", .dims = {"n"}}); }, "NAME=SIZE"),
            TENON_INVALID_ARGUMENT);
}

TEST_F(ApiTest, RefusesOptionsThatDoNotFit) {
  EXPECT_EQ(CodeOf([&] { Open({.backends = "reference,,x"}); }, "name is missing"),
            TENON_INVALID_ARGUMENT);
  EXPECT_EQ(CodeOf([&] { Open({.backends = "reference+reference"}); }, "stands twice"),
            TENON_INVALID_ARGUMENT);
  EXPECT_EQ(CodeOf([&] { Open({.backends = "reference", .backend_options = {"reference"}}); },
                   "BACKEND.OPTION=VALUE"),
            TENON_INVALID_ARGUMENT);
  EXPECT_EQ(CodeOf([&] { Open({.backends = "reference", .backend_options = {"cpu.x=1"}}); },
                   "does not use"),
            TENON_INVALID_ARGUMENT);
}

TEST_F(ApiTest, EndsInAnErrorWhereTheBudgetIsTooSmall) {
  tenon::Session session = Open({.backends = "reference", .budget_bytes = 8});
  std::vector<float> x(32);
  EXPECT_EQ(CodeOf([&] { session.Run({tenon::Tensor::Wrap(x, {32})}); }, "of the budget of 8"),
            TENON_BUDGET_EXCEEDED);
}

TEST_F(ApiTest, GrowsADonatedDimensionOverManyRuns) {
  tenon::Session session = Open();
  tenon::Binding binding(session);
  std::vector<float> x = {0};
  binding.SetInput("x", tenon::Tensor::Wrap(x, {1}));
  binding.Donate(0, 1);
  for (int run = 1; run <= 10; ++run) {
    binding.Run();
    EXPECT_EQ(x[0], static_cast<float>(run));
  }
}

TEST_F(ApiTest, CountsCopiesBetweenMemories) {
  std::vector<float> x = {1, 2, 3};
  tenon::Session host = Open();
  host.Run({tenon::Tensor::Wrap(x, {3})});
  EXPECT_EQ(host.statistics().copy_count, 0u);
  EXPECT_GT(host.statistics().plan_bytes, 0u);

  tenon::Session session = Open({.backends = "simulator"});
  session.Run({tenon::Tensor::Wrap(x, {3})});  // one in, two out
  EXPECT_EQ(session.statistics().copy_count, 3u);
  EXPECT_EQ(session.statistics().copied_bytes, 3 * 3 * sizeof(float));
  tenon::Binding binding(session);
  const int64_t dims[] = {3};
  binding.SetInput(0, session.CreateTensor(TENON_FLOAT32, dims, "simulator"));
  binding.SetOutputDevice(0, "simulator");
  tenon_run_times times = TENON_INIT(tenon_run_times);
  tenon::RunOptions options;
  options.times = &times;
  binding.Run(options);  // the second output goes to the host
  EXPECT_EQ(times.copy_count, 1u);
  EXPECT_EQ(times.copied_bytes, 3 * sizeof(float));
  EXPECT_EQ(session.statistics().copy_count, 4u);
  binding.SkipOutput(1);
  binding.Run(options);
  EXPECT_EQ(times.copy_count, 0u);
}

// -(x + 1) where the simulator takes Add alone: Neg falls back, or nobody takes it.
TEST_F(ApiTest, ExplainsWhatCannotRun) {
  const tenon::Model model(runtime_, AddNeg(3));
  tenon::SessionOptions options{.backends = "simulator",
                                .backend_options = {"simulator.claim=ops:Add"}};
  const std::string alone = model.Explain(options);
  EXPECT_NE(alone.find("\"nobody\": 1"), std::string::npos) << alone;
  EXPECT_NE(alone.find("option claim: got ops:Add"), std::string::npos) << alone;
  EXPECT_EQ(CodeOf([&] { tenon::Session(model, options); }, "no backend takes 1 of 2 nodes"),
            TENON_UNSUPPORTED);
  EXPECT_NE(model.Explain(options, TENON_FORMAT_ONNX).find("tenon.not.simulator"),
            std::string::npos);
}

// Times of a profile stand in the place of modelled ones, where the program is the same.
TEST_F(ApiTest, ExplainsWithMeasuredTimes) {
  const tenon::Model model(runtime_, AddNeg(3));
  const tenon::SessionOptions options{.backends = "reference"};
  const std::string profile =
      R"({"runs": 2, "steps": [{"step": 0, "node": "add", "op": "Add", "kind": "kernel", "total_ns": 7000},
                               {"step": 1, "node": "neg", "op": "Neg", "kind": "kernel", "total_ns": 1000}]})";
  const std::string report = model.Explain(options, TENON_FORMAT_JSON, profile);
  EXPECT_NE(report.find("\"cost_us\": 3.5,"), std::string::npos) << report;
  EXPECT_NE(report.find("\"cost_us\": 0.5,"), std::string::npos) << report;
  std::string other = profile;
  other.replace(other.find("\"neg\""), 5, "\"abs\"");
  EXPECT_EQ(CodeOf([&] { (void)model.Explain(options, TENON_FORMAT_JSON, other); },
                   "the profile has Neg \"abs\" at step 1, where the program has Neg \"neg\""),
            TENON_INVALID_ARGUMENT);
}

TEST_F(ApiTest, RunsConcurrently) {
  tenon::Session session = Open();
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::vector<float> x(static_cast<size_t>(t) + 1, 1.0f);
      for (int run = 0; run < 50; ++run) {
        auto out = session.Run({tenon::Tensor::Wrap(x, {t + 1})});
        wrong += out[0].As<float>()[0] != -2.0f;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(session.statistics().run_count, 200u);
}

TEST_F(ApiTest, RejectsWhatIsNoModel) {
  const std::vector<std::byte> bytes = AddNeg(3);
  for (size_t size = 0; size < bytes.size(); size += 7) {
    const tenon_code code = CodeOf(
        [&] {
          tenon::Session(tenon::Model(runtime_, std::span(bytes).first(size)),
                         {.backends = "reference"});
        },
        "");
    EXPECT_NE(code, TENON_OK) << size;
    EXPECT_NE(code, TENON_INTERNAL) << size;
  }
}

TEST_F(ApiTest, ReadsShorterStructsOfOlderCallers) {
  tenon_runtime_options options = TENON_INIT(tenon_runtime_options);
  options.struct_size = TENON_SIZE_TO(tenon_runtime_options, discovery);
  options.layer_count = 7;  // beyond the size: not read
  tenon_runtime* runtime = nullptr;
  tenon::Check(tenon_runtime_create(&options, &runtime));
  tenon_runtime_release(runtime);
}

}  // namespace
