// The built backend in Tenon's runtime. The environment: TENON_TEST_MODELS is a folder that
// make_models.py has filled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include "tenon/runtime/tenon.hpp"

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string ModelPath(const std::string& name) {
  const char* folder = std::getenv("TENON_TEST_MODELS");
  return std::string(folder ? folder : ".") + "/" + name + ".onnx";
}

class Openvino : public testing::Test {
 protected:
  void SetUp() override { fs::remove_all(cache_); }
  void TearDown() override { fs::remove_all(cache_); }
  tenon::Runtime MakeRuntime(std::string cache = {}) {
    return tenon::Runtime({.backend_files = {EXAMPLE_BACKEND},
                           .layers = {"validate"},
                           .threads = 2,
                           .cache_directory = std::move(cache),
                           .log = [this](tenon_log_level, const char* line) {
                             const std::lock_guard lock(mutex_);
                             log_ += std::string(line) + "\n";
                           }});
  }
  static tenon::Session Open(const tenon::Runtime& runtime, const std::string& model,
                             std::vector<std::string> options = {}) {
    return {runtime,
            ModelPath(model),
            {.backends = "openvino,reference", .backend_options = std::move(options)}};
  }
  // Runs mixed.onnx on x[n, 4] = first, first + 1, ... and compares all outputs.
  static void RunMixed(const tenon::Session& session, int64_t n, float first) {
    std::vector<float> x(static_cast<size_t>(n * 4)), m = {2, 0, 0, 0, 3, 0, 0, 0, 4};
    for (size_t i = 0; i < x.size(); ++i) x[i] = first + static_cast<float>(i);
    const auto outputs =
        session.Run({tenon::Tensor::Wrap(x, {n, 4}), tenon::Tensor::Wrap(m, {3, 3})});
    const auto y = outputs[0].As<float>();
    const auto exp = outputs[1].As<double>();
    ASSERT_EQ(y.size(), x.size());
    ASSERT_EQ(exp.size(), x.size());
    size_t positive = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const float want = std::max(x[i], 0.0f) * static_cast<float>(i % 4 + 1);
      EXPECT_EQ(y[i], want) << i;
      EXPECT_NEAR(exp[i] / std::exp(static_cast<double>(want)), 1, 1e-12) << i;
      positive += want != 0;
    }
    EXPECT_EQ(outputs[2].dims(), (std::vector<int64_t>{2, static_cast<int64_t>(positive)}));
    EXPECT_EQ(outputs[3].As<float>()[0], 24.0f);
  }
  std::vector<fs::path> Kept() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(cache_)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
  }

  const std::string cache_ = testing::TempDir() + "/openvino_test." + std::to_string(getpid());
  std::mutex mutex_;
  std::string log_;
};

TEST_F(Openvino, TakesWhatItCanAndSaysWhyNotTheRest) {
  const tenon::Runtime runtime = MakeRuntime();
  const tenon::Session session = Open(runtime, "mixed");
  std::map<std::string, std::string> where, why;
  for (const tenon_placement_row* row : session.placement()) {
    where[row->node] = row->backend;
    for (uint32_t r = 0; r < row->refusal_count; ++r)
      why[row->node] += std::string(row->refusals[r]) + ";";
  }
  EXPECT_EQ(where["relu"], "openvino");
  EXPECT_EQ(where["mul"], "openvino");
  EXPECT_THAT(why["exp"], HasSubstr("openvino: input 0 dtype: got float64, wants a type of"));
  EXPECT_THAT(why["nonzero"], HasSubstr("openvino: output sizes: got sizes that are data"));
  EXPECT_THAT(why["det"], HasSubstr("No conversion rule found for operations: Det"));
  for (const int64_t n : {2, 1, 5}) RunMixed(session, n, -3);
  EXPECT_EQ(runtime.violations(), "");
}

TEST_F(Openvino, TheSecondLoadTakesTheArtifact) {
  const tenon::Runtime runtime = MakeRuntime(cache_);
  RunMixed(Open(runtime, "mixed"), 2, -3);
  ASSERT_EQ(Kept().size(), 1u);
  const auto written = fs::last_write_time(Kept()[0]);
  RunMixed(Open(runtime, "mixed"), 2, -2);
  EXPECT_EQ(fs::last_write_time(Kept()[0]), written);
  EXPECT_EQ(log_, "");
}

TEST_F(Openvino, ADamagedArtifactIsMadeAgain) {
  const tenon::Runtime runtime = MakeRuntime(cache_);
  RunMixed(Open(runtime, "mixed"), 2, -3);
  const fs::path file = Kept().at(0);
  fs::resize_file(file, fs::file_size(file) / 2);
  RunMixed(Open(runtime, "mixed"), 2, -3);
  EXPECT_THAT(log_, HasSubstr("artifact cache: "));
  log_.clear();
  RunMixed(Open(runtime, "mixed"), 2, -3);
  EXPECT_EQ(log_, "");
}

TEST_F(Openvino, OptionsHaveArtifactsOfTheirOwn) {
  const tenon::Runtime runtime = MakeRuntime(cache_);
  RunMixed(Open(runtime, "mixed"), 2, -3);
  RunMixed(Open(runtime, "mixed", {"openvino.threads=1"}), 2, -3);
  EXPECT_EQ(Kept().size(), 2u);
  EXPECT_THROW(Open(runtime, "mixed", {"openvino.precision=f8"}), tenon::Error);
  EXPECT_THROW(Open(runtime, "mixed", {"openvino.speed=1"}), tenon::Error);
}

TEST_F(Openvino, RunsAtOnceDoNotMeet) {
  const tenon::Runtime runtime = MakeRuntime();
  const tenon::Session session = Open(runtime, "mixed");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) RunMixed(session, 1 + (t + i) % 3, static_cast<float>(-t));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(runtime.violations(), "");
}

TEST_F(Openvino, ARunStopsWhenItIsToldTo) {
  const tenon::Runtime runtime = MakeRuntime();
  const tenon::Session session(runtime, ModelPath("long"), {.backends = "openvino"});
  std::vector<float> x(1024 * 1024, 0.5f);
  const tenon::Tensor input = tenon::Tensor::Wrap(x, {1024, 1024});
  // By the CPU time of the process, as the machine may have other work.
  std::clock_t begin = std::clock();
  const std::vector<tenon::Tensor> whole = session.Run({input});
  const std::clock_t work = std::clock() - begin;
  tenon::CancelSource cancel;
  begin = std::clock();
  std::thread canceller([&] {
    while (std::clock() - begin < work / 10) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    cancel.Cancel();
  });
  try {
    (void)session.Run({input}, {.cancel = &cancel});
    ADD_FAILURE() << "the run went on to its end";
  } catch (const tenon::Error& error) {
    EXPECT_EQ(error.code(), TENON_CANCELLED) << error.what();
  }
  canceller.join();
  EXPECT_LT(std::clock() - begin, work / 2);
  try {
    (void)session.Run({input}, {.timeout = std::chrono::milliseconds(10)});
    ADD_FAILURE() << "the run went on beyond its deadline";
  } catch (const tenon::Error& error) {
    EXPECT_EQ(error.code(), TENON_DEADLINE_EXCEEDED) << error.what();
  }
  const std::vector<tenon::Tensor> again = session.Run({input});
  EXPECT_EQ(std::memcmp(again[0].As<float>().data(), whole[0].As<float>().data(),
                        whole[0].As<float>().size_bytes()),
            0);
}

}  // namespace
