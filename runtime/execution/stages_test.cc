// Runs whose sizes are data, with a kernel that allocates and one that does it wrong.
#include "fixture.h"

namespace tenon::execution::testing {
namespace {

class StagesTest : public ExecutionTest {
 protected:
  std::shared_ptr<Executable> MakeNegOfFew() {
    ProgramBuilder builder("fake");
    const uint32_t x = builder.Input("x", {8});
    const uint32_t few = builder.Few(x, "few");
    builder.Output(builder.Kernel("Neg", {few}, "y", {1, kUnknownDim}));
    return Make(builder.Build());
  }
};

TEST_F(StagesTest, PlansForEachSizeOnce) {
  auto executable = MakeNegOfFew();
  Binding binding(executable);
  std::vector<float> x(8);
  for (int count : {3, 0, 8, 3, 0, 8}) {
    for (int i = 0; i < 8; ++i) x[static_cast<size_t>(i)] = i < count ? 2.0f : -1.0f;
    TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {8})));
    TENON_EXPECT_OK(binding.Run({}));
    EXPECT_EQ(Output(binding, 0), std::vector<float>(static_cast<size_t>(count), -2.0f));
  }
  EXPECT_EQ(executable->statistics().replan_count, 1u + 3u);  // the inputs', and one for each size
  EXPECT_EQ(knobs().prepares, 1 + 3);
}

TEST_F(StagesTest, NamesTheKernelThatDoesNotKeepItsPromise) {
  auto executable = MakeNegOfFew();
  std::vector<float> x(8, 1.0f);
  const struct {
    Knobs::Wrong wrong;
    Code code;
    const char* text;
  } cases[] = {{Knobs::kForgets, Code::kInternal, "has not allocated \"few\""},
               {Knobs::kTwice, Code::kFailedPrecondition, "was allocated before"},
               {Knobs::kRank, Code::kInvalidArgument, "has shape [8], expected [1, ?]"}};
  for (const auto& c : cases) {
    Binding binding(executable);
    TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {8})));
    knobs().few = c.wrong;
    TENON_EXPECT_FAILS(binding.Run({}), c.code, c.text);
    TENON_EXPECT_FAILS(binding.Run({}), c.code, "node \"make_few\" (Few) on fake");
    knobs().few = Knobs::kNothing;
    TENON_EXPECT_OK(binding.Run({}));
    EXPECT_EQ(Output(binding, 0), std::vector<float>(8, -1.0f));
  }
}

}  // namespace
}  // namespace tenon::execution::testing
