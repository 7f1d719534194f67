// What only devices with queues can show: hangs, copies that fail, bridges between backends.
#include "fixture.h"

namespace tenon::execution::testing {
namespace {

using program::Home;
using program::kNone;
using program::StepKind;

TEST_F(ExecutionTest, NamesTheCopyThatFails) {
  auto executable = Make(NegChain("fakeq", 1, {2}));
  std::vector<float> x = {1, 2};
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {2})));
  for (int n = 1; n <= 2; ++n) {
    knobs().fail_copy = n;
    TENON_EXPECT_FAILS(binding.Run({}), Code::kInternal, "copy of");
    TENON_EXPECT_OK(binding.Run({}));
    EXPECT_EQ(Output(binding, 0), (std::vector<float>{-1, -2}));
  }
}

TEST_F(ExecutionTest, LosesADeviceWhoseQueueHangs) {
  options().drain_timeout_ns = 50'000'000;
  auto executable = Make(NegChain("fakeq", 1, {2}));
  std::vector<float> x = {1, 2};
  auto binding = executable->CreateBinding();
  TENON_EXPECT_OK(binding->SetInput(0, Wrap(x, {2})));
  TENON_EXPECT_OK(binding->Run({}));
  knobs().hang = true;
  TENON_EXPECT_FAILS(binding->Run({.timeout_ns = 20'000'000}), Code::kDeadlineExceeded, "fakeq");
  TENON_EXPECT_FAILS(binding->Run({}), Code::kDeviceLost, "is lost");
  EXPECT_FALSE(Executable::Create(NegChain("fakeq", 1, {2}), options()).ok());
  knobs().hang = false;
  // Others go on.
  auto other = Make(NegChain("fake", 1, {2}));
  Binding healthy(other);
  TENON_EXPECT_OK(healthy.SetInput(0, Wrap(x, {2})));
  TENON_EXPECT_OK(healthy.Run({}));
  while (knobs().unfinished.load() != 0) std::this_thread::yield();
  options().quarantine->EndDeviceObjects();
}

// x on the host -> fakeq (copy, Neg, copy) -> the host waits -> fake (Neg) -> y
TEST_F(ExecutionTest, RunsOneModelOnTwoBackends) {
  program::Program p;
  p.devices = {{"fakeq", 0, true}, {"fake", 0, false}};
  p.memories = {{}, {0, 1, 256, 1 << 20}};
  p.logical = {{"x", DataType::kFloat32, {2}, kNone},
               {"m", DataType::kFloat32, {2}, kNone},
               {"y", DataType::kFloat32, {2}, kNone}};
  p.physical = {{0, 0, 0, Home::kInput, 0},
                {0, 1, 0, Home::kArena, 0},
                {1, 1, 0, Home::kArena, 0},
                {1, 0, 0, Home::kArena, 0},
                {2, 0, 0, Home::kOutput, 0}};
  for (uint32_t n = 0; n < 2; ++n) {
    program::ProgramNode node;
    node.node.name = "n" + std::to_string(n);
    node.node.op = "Neg";
    node.node.definition = operators::FindOperator("", "Neg");
    node.node.inputs = {n};
    node.node.outputs = {n + 1};
    p.nodes.push_back(node);
    program::KernelRef ref;
    ref.device = n;
    ref.descriptor = "neg";
    ref.node = n;
    p.kernels.push_back(ref);
  }
  p.steps = {{StepKind::kCopy, 0, kNone, kNone, kNone, kNone, {0}, {1}},
             {StepKind::kKernel, 0, kNone, kNone, 0, 0, {1}, {2}},
             {StepKind::kCopy, 0, kNone, kNone, kNone, kNone, {2}, {3}},
             {StepKind::kSignal, 0, kNone, 0, kNone, kNone, {}, {}},
             {StepKind::kHostWait, 0, kNone, 0, kNone, kNone, {}, {}},
             {StepKind::kKernel, 1, kNone, kNone, 1, 1, {3}, {4}}};
  p.inputs = {0};
  p.outputs = {2};
  p.input_physical = {0};
  p.output_physical = {4};
  p.fence_count = 1;
  auto executable = Make(std::make_shared<const program::Program>(p));
  ASSERT_TRUE(executable);
  std::vector<float> x = {1, 2}, y(2);
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {2})));
  TENON_EXPECT_OK(binding.SetOutput(0, Wrap(y, {2})));
  for (int run = 0; run < 20; ++run) {
    x[0] = static_cast<float>(run);
    TENON_EXPECT_OK(binding.Run({}));
    EXPECT_EQ(y, x);
  }
}

}  // namespace
}  // namespace tenon::execution::testing
