#include <set>
#include <thread>

#include "fixture.h"

namespace tenon::execution::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Backends, ExecutionTest, ::testing::Values("fake", "fakeq"));

class SynchronousTest : public ExecutionTest {};
INSTANTIATE_TEST_SUITE_P(Backends, SynchronousTest, ::testing::Values("fake"));

TEST_P(ExecutionTest, RunsAChainWithTheCallersMemory) {
  auto executable = Make(NegChain(GetParam(), 3, {2, 2}));
  ASSERT_TRUE(executable);
  std::vector<float> x = {1, -2, 3, 4}, y(4);
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {2, 2})));
  TENON_EXPECT_OK(binding.SetOutput(0, Wrap(y, {2, 2})));
  TENON_EXPECT_OK(binding.Run({}));
  EXPECT_EQ(y, (std::vector<float>{-1, 2, -3, -4}));
  x[0] = 7;
  TENON_EXPECT_OK(binding.Run({}));
  EXPECT_EQ(y[0], -7);
}

TEST_P(ExecutionTest, AllocatesOutputsThatNobodyGave) {
  auto executable = Make(NegChain(GetParam(), 1, {3}));
  std::vector<float> x = {1, 2, 3};
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {3})));
  TENON_EXPECT_OK(binding.Run({}));
  EXPECT_EQ(Output(binding, 0), (std::vector<float>{-1, -2, -3}));
}

TEST_P(ExecutionTest, PlansNewShapesAndSharesWhatTheyDoNotTouch) {
  auto executable = Make(NegChain(GetParam(), 5, {SymbolDim(0), 2}, {"n"}));
  Binding binding(executable);
  for (int64_t n : {1, 4, 2, 4, 9}) {
    std::vector<float> x(static_cast<size_t>(n) * 2, 2.0f);
    TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {n, 2})));
    TENON_EXPECT_OK(binding.Run({}));
    EXPECT_EQ(Output(binding, 0), std::vector<float>(x.size(), -2.0f));
  }
  EXPECT_EQ(executable->statistics().replan_count, 4u);
  EXPECT_EQ(knobs().prepares, 4 * 5);
}

TEST_P(ExecutionTest, KeepsPlansWithinTheirByteLimit) {
  options().plan_cache_bytes = 1;
  auto executable = Make(NegChain(GetParam(), 2, {SymbolDim(0)}, {"n"}));
  Binding binding(executable);
  for (int64_t n = 1; n < 10; ++n) {
    std::vector<float> x(static_cast<size_t>(n), 1.0f);
    TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {n})));
    TENON_EXPECT_OK(binding.Run({}));
  }
  EXPECT_EQ(executable->statistics().plan_count, 1u);
  EXPECT_EQ(knobs().live_plans, 2);
}

TEST_P(ExecutionTest, PacksAWeightOnceForAllSessions) {
  ProgramBuilder builder(GetParam());
  const uint32_t x = builder.Input("x", {3});
  const uint32_t w = builder.Weight("w", {3}, {1, 2, 3});
  builder.Output(builder.Kernel("Scale", {x, w}, "y", {3}));
  auto program = builder.Build();
  auto first = Make(program), second = Make(program);
  EXPECT_EQ(knobs().packs, 1);
  EXPECT_EQ(options().weights->live_entries(), 1u);  // the weight as it is was not placed
  std::vector<float> data = {1, 1, 2};
  for (auto& executable : {first, second}) {
    Binding binding(executable);
    TENON_EXPECT_OK(binding.SetInput(0, Wrap(data, {3})));
    TENON_EXPECT_OK(binding.Run({}));
    EXPECT_EQ(Output(binding, 0), (std::vector<float>{1, 2, 6}));
  }
  EXPECT_EQ(first->statistics().prepacked_bytes, 12u);
}

TEST_P(ExecutionTest, GivesConstantsAsTheyAreToKernelsThatDoNotPack) {
  ProgramBuilder builder(GetParam());
  const uint32_t x = builder.Input("x", {2});
  builder.Output(builder.Kernel("Add", {x, builder.Weight("w", {2}, {10, 20})}, "y", {2}));
  auto executable = Make(builder.Build());
  std::vector<float> data = {1, 2};
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(data, {2})));
  TENON_EXPECT_OK(binding.Run({}));
  EXPECT_EQ(Output(binding, 0), (std::vector<float>{11, 22}));
}

TEST_P(ExecutionTest, TakesTheNextKernelWhereOneDeclines) {
  ProgramBuilder builder(GetParam());
  builder.Symbol("n");
  builder.Output(
      builder.Kernel("Picky", {builder.Input("x", {SymbolDim(0)})}, "y", {SymbolDim(0)}));
  auto executable = Make(builder.Build());
  Binding binding(executable);
  std::vector<float> x(8, 1.0f);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {4})));
  TENON_EXPECT_OK(binding.Run({}));
  const uint32_t step = GetParam() == "fake" ? 0 : 1;
  EXPECT_EQ(executable->KernelName(step), "picky");
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {8})));
  TENON_EXPECT_OK(binding.Run({}));
  EXPECT_EQ(executable->KernelName(step), "easy");
  EXPECT_EQ(Output(binding, 0), std::vector<float>(8, -1.0f));
}

TEST_P(ExecutionTest, GivesWorkspace) {
  ProgramBuilder builder(GetParam());
  builder.Output(builder.Kernel("Work", {builder.Input("x", {5})}, "y", {5}));
  auto executable = Make(builder.Build());
  std::vector<float> x = {1, 2, 3, 4, 5};
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {5})));
  TENON_EXPECT_OK(binding.Run({}));
  EXPECT_EQ(Output(binding, 0), (std::vector<float>{2, 4, 6, 8, 10}));
}

TEST_P(ExecutionTest, NamesWhatDoesNotFit) {
  auto executable = Make(NegChain(GetParam(), 1, {2, 3}));
  Binding binding(executable);
  std::vector<float> x(12);
  TENON_EXPECT_FAILS(binding.Run({}), Code::kInvalidArgument, "\"x\" has no tensor");
  TENON_EXPECT_FAILS(binding.SetInput(1, Wrap(x, {2, 3})), Code::kInvalidArgument,
                     "there is no input 1");
  TENON_EXPECT_FAILS(binding.SetInput(0, Wrap(x, {6})), Code::kInvalidArgument, "got rank 1 [6]");
  auto integers = Tensor::Wrap(DataType::kInt32, {2, 3}, x.data(), 24);
  TENON_EXPECT_FAILS(binding.SetInput(0, *integers), Code::kInvalidArgument,
                     "got element type int32");
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {2, 4})));
  TENON_EXPECT_FAILS(binding.Run({}), Code::kInvalidArgument, "x");
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {2, 3})));
  TENON_EXPECT_OK(binding.SetOutput(0, Wrap(x, {3, 2})));
  TENON_EXPECT_FAILS(binding.Run({}), Code::kInvalidArgument,
                     "the tensor has shape [3, 2], the result is [2, 3]");
  EXPECT_FALSE(Tensor::Wrap(DataType::kFloat32, {2, 4}, x.data(), 31).ok());
  EXPECT_FALSE(Tensor::Wrap(DataType::kString, {2}, x.data(), 31).ok());
}

TEST_P(ExecutionTest, ChargesBeforeItAllocates) {
  options().budget = std::make_shared<ByteBudget>(4000);
  auto executable = Make(NegChain(GetParam(), 4, {SymbolDim(0)}, {"n"}));
  Binding binding(executable);
  std::vector<float> x(1000, 1.0f), y(1000);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {1000})));
  TENON_EXPECT_OK(binding.SetOutput(0, Wrap(y, {1000})));
  TENON_EXPECT_FAILS(binding.Run({}), Code::kBudgetExceeded,
                     "of the budget of 4000 bytes are left");
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {10})));
  TENON_EXPECT_OK(binding.SetOutput(0, Wrap(y, {10})));
  TENON_EXPECT_OK(binding.Run({}));
  EXPECT_GT(options().budget->peak(), 0u);
  EXPECT_LE(options().budget->peak(), 4000u);
}

TEST_P(ExecutionTest, ComputesOnlyTheOutputsThatAreWanted) {
  ProgramBuilder builder(GetParam());
  const uint32_t x = builder.Input("x", {2});
  const uint32_t a = builder.Kernel("Neg", {x}, "a", {2});
  const uint32_t b = builder.Kernel("Neg", {x}, "b", {2});
  const uint32_t c = builder.Kernel("Neg", {a}, "c", {2});
  for (uint32_t v : {a, b, c}) builder.Output(v);
  auto executable = Make(builder.Build());
  std::vector<float> data = {1, 2};
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(data, {2})));
  TENON_EXPECT_OK(binding.SkipOutput(0));
  TENON_EXPECT_OK(binding.SkipOutput(1));
  executable->EnableProfile(true);
  TENON_EXPECT_OK(binding.Run({}));
  EXPECT_EQ(Output(binding, 2), data);
  int kernels = 0;
  for (const StepProfile& row : executable->GetProfile().steps) {
    const auto& step = executable->program().steps[row.step];
    kernels += step.kind == program::StepKind::kKernel && row.calls == 1;
  }
  EXPECT_EQ(kernels, 2);
  EXPECT_FALSE(binding.GetOutput(0).ok());
}

TEST_P(ExecutionTest, DonatesAnOutputToTheNextRunsInput) {
  ProgramBuilder builder(GetParam());
  builder.Symbol("n");
  const uint32_t state = builder.Input("state", {SymbolDim(0)});
  const uint32_t x = builder.Input("x", {SymbolDim(0)});
  builder.Output(builder.Kernel("Add", {state, x}, "next", {SymbolDim(0)}));
  auto executable = Make(builder.Build());
  std::vector<float> s = {0, 0}, one = {1, 2};
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(s, {2})));
  TENON_EXPECT_OK(binding.SetInput(1, Wrap(one, {2})));
  TENON_EXPECT_OK(binding.Donate(0, 0));
  for (int run = 1; run <= 3; ++run) {
    TENON_EXPECT_OK(binding.Run({}));
    EXPECT_EQ(Output(binding, 0), (std::vector<float>{1.0f * run, 2.0f * run}));
    EXPECT_EQ(s[1], 2.0f * run);  // the caller's memory, which keeps its size, has the output
  }
}

TEST_P(ExecutionTest, KeepsADonatedStateOnTheDevice) {
  ProgramBuilder builder(GetParam());
  const uint32_t state = builder.Input("state", {2});
  builder.Output(builder.Kernel("Add", {state, builder.Weight("w", {2}, {1, 2})}, "next", {2}));
  auto executable = Make(builder.Build());
  auto space = executable->FindSpace(GetParam(), 0);
  ASSERT_TRUE(space.ok());
  auto tensor = executable->CreateTensor(*space, DataType::kFloat32, {2});
  ASSERT_TRUE(tensor.ok());
  const std::vector<float> zero = {0, 0};
  TENON_EXPECT_OK((*tensor)->Write(zero.data(), 8));
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, *tensor));
  TENON_EXPECT_OK(binding.Donate(0, 0));
  executable->EnableProfile(true);
  for (int run = 0; run < 5; ++run) TENON_EXPECT_OK(binding.Run({}));
  EXPECT_EQ(Read(**tensor), (std::vector<float>{5, 10}));
  for (const StepProfile& row : executable->GetProfile().steps) {  // no copies
    const bool copy = executable->program().steps[row.step].kind == program::StepKind::kCopy;
    EXPECT_EQ(copy ? row.calls : 0, 0u);
  }
}

TEST_P(ExecutionTest, AProfileIsBoundedAndSaysWhatItLeftOut) {
  auto executable = Make(NegChain(GetParam(), 2, {3}));
  std::vector<float> x = {1, 2, 3};
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {3})));
  executable->EnableProfile(true);
  for (int run = 0; run < 3; ++run) TENON_EXPECT_OK(binding.Run({}));
  Profile profile = executable->GetProfile();
  uint64_t calls = 0, spans = 0;
  for (const StepProfile& row : profile.steps) {
    calls += row.calls;
    if (executable->program().steps[row.step].node == program::kNone) continue;
    EXPECT_EQ(row.calls, 3u);
    EXPECT_EQ(row.flops, 3.0);
    EXPECT_EQ(row.bytes, 24.0);
    EXPECT_EQ(row.total_bytes, 72.0);
    EXPECT_EQ(row.outputs, std::vector<Shape>{Shape({3})});
  }
  std::set<uint64_t> ids;
  for (const ProfileEvent& event : profile.events) {
    EXPECT_GE(event.end_ns, event.begin_ns);
    EXPECT_GE(event.run, 1u);
    EXPECT_LE(event.run, 3u);
    spans += event.kind != ProfileEvent::Kind::kStep;
    if (event.correlation_id == 0) continue;
    EXPECT_TRUE(ids.insert(event.correlation_id).second) << event.correlation_id;
  }
  EXPECT_EQ(ids.size(), 6u);
  EXPECT_EQ(profile.events.size(), calls + spans);
  EXPECT_EQ(profile.events_left_out, 0u);

  const uint64_t a_run = profile.events.size() / 3, runs = 100'000 / a_run + 10;
  executable->EnableProfile(true);
  for (uint64_t run = 0; run < runs; ++run) TENON_EXPECT_OK(binding.Run({}));
  profile = executable->GetProfile();
  EXPECT_EQ(profile.events.size(), 100'000u);
  EXPECT_EQ(profile.events_left_out, runs * a_run - 100'000);
  EXPECT_EQ(profile.runs, runs);
}

TEST_P(ExecutionTest, NamesTheNodeThatFailsAndRunsAgain) {
  auto executable = Make(NegChain(GetParam(), 3, {2}));
  std::vector<float> x = {1, 2};
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {2})));
  TENON_EXPECT_OK(binding.Run({}));
  knobs().fail_neg = 2;
  TENON_EXPECT_FAILS(binding.Run({}), Code::kInternal,
                     GetParam() == "fake" ? "node \"make_v1\" (Neg) on fake: " : "on fakeq");
  TENON_EXPECT_OK(binding.Run({}));
  EXPECT_EQ(Output(binding, 0), (std::vector<float>{-1, -2}));
  EXPECT_EQ(executable->statistics().failed_count, 1u);
}

TEST_P(SynchronousTest, WhatAKernelThrowsNamesItsNode) {
  auto executable = Make(NegChain("fake", 3, {2}));
  std::vector<float> x = {1, 2};
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {2})));
  for (const bool profiled : {false, true}) {
    executable->EnableProfile(profiled);
    knobs().throws = true;
    TENON_EXPECT_FAILS(
        binding.Run({}), Code::kInternal,
        "node \"make_v0\" (Neg) on fake: R6: kernel.run threw an exception across the ABI: raw");
    knobs().throws = false;
    TENON_EXPECT_OK(binding.Run({}));
    EXPECT_EQ(Output(binding, 0), (std::vector<float>{-1, -2}));
  }
}

TEST_P(ExecutionTest, StopsWhenItIsCancelledOrTooLate) {
  ProgramBuilder builder(GetParam());
  const uint32_t waited = builder.Kernel("Wait", {builder.Input("x", {1})}, "w", {1});
  builder.Output(builder.Kernel("Neg", {waited}, "y", {1}));
  auto executable = Make(builder.Build());
  std::vector<float> x = {1};
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {1})));
  backend::CancelToken token;
  std::thread canceller([&] {
    while (knobs().waiting == 0) std::this_thread::yield();
    token.Cancel();
  });
  TENON_EXPECT_FAILS(binding.Run({.cancel = &token}), Code::kCancelled, "");
  canceller.join();
  backend::CancelToken late;
  late.SetDeadline(backend::ClockNs() + 20'000'000);
  const Status status = binding.Run({.cancel = &late, .timeout_ns = 20'000'000});
  EXPECT_TRUE(status.code() == Code::kCancelled || status.code() == Code::kDeadlineExceeded)
      << status.ToString();
  TENON_EXPECT_FAILS(binding.Run({.timeout_ns = 20'000'000}), Code::kDeadlineExceeded,
                     "the run took longer than its timeout");
}

TEST_P(ExecutionTest, RunsConcurrentlyWithContextsOfTheirOwn) {
  auto executable = Make(NegChain(GetParam(), 7, {SymbolDim(0)}, {"n"}));
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Binding binding(executable);
      std::vector<float> x(16, static_cast<float>(t + 1)), y(16);
      for (int run = 0; run < 50; ++run) {
        const int64_t n = 1 + (run + t) % 3;
        wrong += !binding.SetInput(0, Wrap(x, {n})).ok();
        wrong += !binding.SetOutput(0, Wrap(y, {n})).ok();
        wrong += !binding.Run({}).ok();
        wrong += y[0] != -static_cast<float>(t + 1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(ExecutionTest, RunsAsynchronously) {
  auto executable = Make(NegChain(GetParam(), 3, {2}));
  std::vector<float> x = {1, 2}, y(2);
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {2})));
  TENON_EXPECT_OK(binding.SetOutput(0, Wrap(y, {2})));
  for (int run = 0; run < 10; ++run) {
    backend::HostTimeline done;
    y = {};
    y.resize(2);
    TENON_EXPECT_OK(binding.SetOutput(0, Wrap(y, {2})));
    TENON_EXPECT_OK(binding.Start({}, [&](const Status& status) {
      EXPECT_TRUE(status.ok());
      done.Signal(1);
    }));
    TENON_EXPECT_OK(done.Wait(1, UINT64_MAX));
    EXPECT_EQ(y, (std::vector<float>{-1, -2}));
  }
}

}  // namespace
}  // namespace tenon::execution::testing
