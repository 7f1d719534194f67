// Loops that end in an error, and values that are no dense tensors, through the public API. The models are those that
// control_flow.py writes.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <clocale>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <thread>

#include "tenon/runtime/tenon.hpp"

namespace tenon {
namespace {

using namespace std::chrono_literals;

class ControlFlowTest : public ::testing::TestWithParam<const char*> {
 protected:
  Session Open(const std::string& name) {
    const char* folder = std::getenv("TENON_TEST_MODELS");
    SessionOptions options;
    options.backends = GetParam();
    return Session(runtime_, std::string(folder ? folder : ".") + "/" + name + ".onnx", options);
  }
  std::vector<float> x_{1, -2, 3};
  Tensor x() { return Tensor::Wrap(x_, {3}); }
  Runtime runtime_;
};

TEST_P(ControlFlowTest, AnEndlessLoopEndsAtTheDeadlineAndTheNextRunIsRight) {
  const Session session = Open("endless");
  Binding binding(session);
  binding.SetInput(0, x());
  const auto begin = std::chrono::steady_clock::now();
  try {
    binding.Run({.timeout = 50ms});
    FAIL() << "it ended by itself";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), TENON_DEADLINE_EXCEEDED) << error.what();
    EXPECT_NE(std::string(error.what()).find("Loop"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("longer than its timeout"), std::string::npos)
        << error.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  const Session other = Open("loop_that_grows");
  EXPECT_EQ(other.Run({x()})[0].dims(), (std::vector<int64_t>{18}));
}

TEST_P(ControlFlowTest, AnEndlessLoopIsCancelledFromAnotherThread) {
  const Session session = Open("endless");
  Binding binding(session);
  binding.SetInput(0, x());
  CancelSource source;
  std::jthread canceller([&] {
    std::this_thread::sleep_for(30ms);
    source.Cancel();
  });
  try {
    binding.Run({.cancel = &source});
    FAIL() << "it ended by itself";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), TENON_CANCELLED) << error.what();
  }
}

TEST_P(ControlFlowTest, TurnsThatDoNotFitNameTheTurn) {
  const Session session = Open("uneven_turns");
  std::vector<int64_t> most{3};
  try {
    session.Run({x(), Tensor::Wrap(most, {})});
    FAIL() << "shapes of [3] and [6] were put together";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), TENON_INVALID_ARGUMENT);
    EXPECT_NE(std::string(error.what()).find("turn 1 makes [6]"), std::string::npos)
        << error.what();
  }
  most = {1};
  EXPECT_EQ(session.Run({x(), Tensor::Wrap(most, {})})[0].dims(), (std::vector<int64_t>{1, 3}));
}

TEST_P(ControlFlowTest, RunsOfOneSessionLoopAtTheSameTime) {
  const Session session = Open("loop_that_grows");
  std::vector<std::jthread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::vector<float> values(static_cast<size_t>(t + 1), static_cast<float>(t));
      for (int run = 0; run < 5; ++run) {
        const auto outputs = session.Run({Tensor::Wrap(values, {t + 1})});
        const auto y = outputs[0].As<float>();
        right += y.size() == 6 * values.size() && y.back() == static_cast<float>(t);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(right, 20);
}

TEST_P(ControlFlowTest, StringsGoInAndComeOut) {
  const Session session = Open("greeting");
  const std::string names[] = {"Ada", "", std::string("a\0b", 3)};
  const std::string word[] = {"Ada"};
  const std::vector<Tensor> outputs = session.Run({Tensor::Strings(names, std::vector<int64_t>{3}),
                                                   Tensor::Strings(word, std::vector<int64_t>{1})});
  EXPECT_EQ(outputs[0].strings(),
            (std::vector<std::string>{"AdaAda", "Ada", std::string("Adaa\0b", 6)}));
  const auto same = outputs[1].As<int64_t>();
  EXPECT_EQ((std::vector<int64_t>{same.begin(), same.end()}), (std::vector<int64_t>{1, 0, 0}));
  EXPECT_THROW(outputs[0].As<float>(), Error);
  char byte = 0;
  EXPECT_THROW(outputs[0].Read(&byte, 0), Error);
  EXPECT_THROW(session.Run({x(), x()}), Error);
}

// A process that writes 0,5 reads and writes the same texts as any other.
TEST_P(ControlFlowTest, NumbersHaveTheSameTextsInEachLocale) {
  const std::string folder = ::testing::TempDir() + "tenon_locale_" + std::to_string(getpid());
  const std::string make = "mkdir -p " + folder + " && localedef -i de_DE -f UTF-8 " + folder +
                           "/de_DE.UTF-8 2>/dev/null";
  const bool made = std::system(make.c_str()) == 0;
  setenv("LOCPATH", folder.c_str(), 1);
  const bool set = made && std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr;
  unsetenv("LOCPATH");
  std::filesystem::remove_all(folder);
  if (!set) GTEST_SKIP() << "localedef makes no de_DE.UTF-8 here";
  EXPECT_EQ(std::localeconv()->decimal_point, std::string(","));
  x_ = {0.5f, -1e-20f, std::numeric_limits<float>::infinity()};
  const std::vector<Tensor> outputs = Open("texts_of_numbers").Run({x()});
  std::setlocale(LC_ALL, "C");
  EXPECT_EQ(outputs[0].strings(), (std::vector<std::string>{"0.5", "-9.9999997e-21", "INF"}));
  const auto y = outputs[1].As<double>();
  EXPECT_EQ((std::vector<double>{y.begin(), y.end()}),
            (std::vector<double>{0.5, -9.9999997e-21, std::numeric_limits<double>::infinity()}));
}

TEST_P(ControlFlowTest, SequencesGoInAndComeOut) {
  const Session session = Open("split_and_add");
  EXPECT_EQ(session.inputs()[0].kind, static_cast<tenon_value_kind>(TENON_VALUE_SEQUENCE));
  std::vector<float> one{10};
  const Tensor items[] = {x(), Tensor::Wrap(one, {1})};
  const Tensor sequence = Tensor::Sequence(TENON_FLOAT32, items);
  for (int run = 0; run < 2; ++run) {
    const std::vector<Tensor> outputs = session.Run({sequence, Tensor::Wrap(one, {1})});
    const std::vector<Tensor> made = outputs[0].items();
    ASSERT_EQ(made.size(), 3u);
    EXPECT_EQ(made[2].As<float>()[1], 8.0f);
    EXPECT_EQ(outputs[1].As<int64_t>()[0], 3);
  }
  EXPECT_THROW(session.Run({x(), x()}), Error);
  EXPECT_THROW(Tensor::Sequence(TENON_INT32, items), Error);
  EXPECT_THROW(session.Run({Tensor::Sequence(TENON_FLOAT32, {}), Tensor::Wrap(one, {1})}), Error);
}

INSTANTIATE_TEST_SUITE_P(Backends, ControlFlowTest,
                         ::testing::Values("reference", "simulator,reference"),
                         [](const auto& info) {
                           return std::string(info.param) == "reference" ? "reference"
                                                                         : "simulator";
                         });

}  // namespace
}  // namespace tenon
