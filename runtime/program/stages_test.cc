#include "tenon/program/stages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "fake_backend.h"
#include "graph_builder.h"
#include "tenon/program/lower.h"
#include "tenon/program/plan.h"
#include "testing/order.h"

namespace tenon::program {
namespace {

using placement::testing::FakeKernel;
using placement::testing::FakeSpec;
using placement::testing::GraphBuilder;
using placement::testing::KernelsFor;
using placement::testing::MakeFake;
using ::testing::ElementsAre;

// Kernels of `ops`, and one of NonZero that allocates.
std::vector<FakeKernel> Kernels(const std::vector<std::string>& ops, FakeKernel like = {}) {
  std::vector<FakeKernel> kernels = KernelsFor(ops, like);
  kernels.push_back({.op = "NonZero", .flags = TENON_KERNEL_ALLOCATES_OUTPUT});
  return kernels;
}

// A program lives longer than what it was placed from, but its backends live on.
struct Lowered {
  placement::Options options;
  std::shared_ptr<const Program> program;
};

void LowerGraph(graph::Graph graph, std::vector<FakeSpec> backends, Lowered* out) {
  for (FakeSpec& spec : backends)
    out->options.backends.groups.push_back({MakeFake(std::move(spec))});
  auto placed = placement::Place(std::move(graph), out->options);
  ASSERT_TRUE(placed.ok()) << placed.status().message();
  auto program = Lower(*placed, nullptr);
  ASSERT_TRUE(program.ok()) << program.status().message();
  out->program = *program;
  EXPECT_EQ(testing::FindRaces(*out->program), std::vector<std::string>());
}

std::vector<std::string> Words(const Program& program) {
  std::vector<std::string> words;
  for (const Step& step : program.steps) {
    words.push_back(step.kind == StepKind::kPlan     ? "plan"
                    : step.kind == StepKind::kKernel ? program.nodes[step.node].node.op
                                                     : "other");
  }
  return words;
}

TEST(Stages, AStaticProgramIsOne) {
  GraphBuilder b;
  b.Input("x", {"n"});
  b.Node("Neg", {"x"}, {"y"});
  b.Output("y");
  Lowered lowered;
  LowerGraph(b.Take(), {{.name = "host", .kernels = Kernels({"Neg"})}}, &lowered);
  const Stages stages = FindStages(*lowered.program);
  EXPECT_EQ(stages.count, 1u);
  EXPECT_EQ(stages.end(0), 1u);
}

// Planning waits until somebody needs a size, so what allocates side by side is planned once.
TEST(Stages, BeginWhereASizeIsNeeded) {
  GraphBuilder b;
  b.Input("x", {"8"});
  b.Input("y", {"8"});
  b.Node("NonZero", {"x"}, {"a"});
  b.Node("NonZero", {"y"}, {"b"});
  b.Node("Neg", {"x"}, {"c"});
  b.Node("Neg", {"a"}, {"d"});
  b.Node("NonZero", {"d"}, {"e"});
  for (const char* name : {"a", "b", "c", "d", "e"}) b.Output(name);
  Lowered lowered;
  LowerGraph(b.Take(), {{.name = "host", .kernels = Kernels({"Neg"})}}, &lowered);
  const Program& p = *lowered.program;
  EXPECT_THAT(Words(p), ElementsAre("NonZero", "NonZero", "Neg", "plan", "Neg", "NonZero", "plan"));
  const Stages stages = FindStages(p);
  EXPECT_EQ(stages.count, 3u);
  EXPECT_THAT(stages.begin, ElementsAre(0, 4, 7));
  EXPECT_EQ(stages.sized[1].size(), 2u);
  EXPECT_EQ(stages.sized[2].size(), 1u);
  for (uint32_t l = 0; l < p.logical.size(); ++l) {
    const uint32_t expected = p.logical[l].name == "e"                               ? 2
                              : p.logical[l].name == "a" || p.logical[l].name == "b" ? 1
                              : p.logical[l].name == "d"                             ? 1
                                                                                     : 0;
    EXPECT_EQ(stages.logical[l], expected) << p.logical[l].name;
  }
}

TEST(Stages, KeepValuesWhoseSizeIsDataUntilTheirLastUse) {
  GraphBuilder b;
  b.Input("x", {"8"});
  b.Node("NonZero", {"x"}, {"a"});
  b.Node("Neg", {"a"}, {"b"});
  b.Node("Add", {"a", "b"}, {"c"});
  b.Node("Neg", {"c"}, {"d"});
  b.Output("d");
  Lowered lowered;
  LowerGraph(b.Take(), {{.name = "host", .kernels = Kernels({"Neg", "Add"})}}, &lowered);
  const Stages stages = FindStages(*lowered.program);
  ASSERT_EQ(stages.sized[1].size(), 1u);
  EXPECT_EQ(stages.sized[1][0].step, 0u);
  EXPECT_EQ(stages.sized[1][0].last, 3u);
  EXPECT_EQ(lowered.program->physical[stages.sized[1][0].physical].home, Home::kSized);
}

// An output that is a view gets a copy: its shape is not known when its root is allocated.
TEST(Stages, WriteToTheCallersMemoryWhatIsNoView) {
  GraphBuilder b;
  b.Input("x", {"8"});
  b.Input("y", {"8"});
  b.Ints("flat", {-1});
  b.Node("NonZero", {"x"}, {"a"});
  b.Node("NonZero", {"y"}, {"b"});
  b.Node("Reshape", {"b", "flat"}, {"c"});
  b.Output("a");
  b.Output("c");
  Lowered lowered;
  LowerGraph(b.Take(), {{.name = "host", .kernels = Kernels({})}}, &lowered);
  const Program& p = *lowered.program;
  EXPECT_EQ(p.physical[p.output_physical[0]].home, Home::kOutput);
  EXPECT_EQ(p.physical[p.output_physical[1]].home, Home::kAlias);
  EXPECT_EQ(p.steps.back().kind, StepKind::kPlan);  // for the shape of the view
}

TEST(Stages, NeedKernelsThatAllocate) {
  GraphBuilder b;
  b.Input("x", {"8"});
  b.Node("NonZero", {"x"}, {"a"});
  b.Output("a");
  placement::Options options;
  options.backends.groups = {{MakeFake({.name = "host", .kernels = KernelsFor({"NonZero"})})}};
  const auto placed = placement::Place(b.Take(), options);
  ASSERT_FALSE(placed.ok());
  EXPECT_NE(placed.status().message().find("ALLOCATES_OUTPUT"), std::string_view::npos)
      << placed.status().message();
}

TEST(Stages, ResolveFromTheSizesThatWereFound) {
  GraphBuilder b;
  b.Input("x", {"n", "8"});
  b.Node("NonZero", {"x"}, {"a"});
  b.Node("Transpose", {"a"}, {"t"});
  b.Node("GatherND", {"x", "t"}, {"g"});
  b.Node("Neg", {"x"}, {"y"});
  for (const char* name : {"a", "g", "y"}) b.Output(name);
  Lowered lowered;
  LowerGraph(b.Take(), {{.name = "host", .kernels = Kernels({"Transpose", "GatherND", "Neg"})}},
             &lowered);
  const Program& p = *lowered.program;
  auto shape = [&](const ResolvedShapes& shapes, const std::string& name) {
    for (uint32_t l = 0; l < p.logical.size(); ++l) {
      if (p.logical[l].name == name) return shapes.shapes[l];
    }
    return Shape();
  };
  ResolvedShapes first, second, third;
  ASSERT_TRUE(ResolveShapes(p, std::vector<Shape>{{4, 8}}, nullptr, &first).ok());
  EXPECT_EQ(shape(first, "a"), (Shape{2, kUnknownDim}));
  EXPECT_EQ(shape(first, "y"), (Shape{4, 8}));
  EXPECT_FALSE(shape(first, "g").has_rank());
  second = first;
  ASSERT_TRUE(ResolveStage(p, 1, std::vector<Shape>{{2, 5}}, nullptr, &second).ok());
  EXPECT_EQ(shape(second, "t"), (Shape{5, 2}));
  EXPECT_EQ(shape(second, "g"), (Shape{5}));
  third = first;
  ASSERT_TRUE(ResolveStage(p, 1, std::vector<Shape>{{2, 0}}, &second, &third).ok());
  EXPECT_EQ(shape(third, "g"), (Shape{0}));
  for (uint32_t l = 0; l < p.logical.size(); ++l) {
    const bool sized =
        p.logical[l].name == "a" || p.logical[l].name == "t" || p.logical[l].name == "g";
    EXPECT_EQ(third.changed[l] != 0, sized) << p.logical[l].name;
  }
}

// Groups of values of one size; the first has 64 elements, each other one as many as a NonZero found.
graph::Graph RandomGraph(std::mt19937& random, int nodes) {
  GraphBuilder b;
  b.Input("x", {"1", "64"});
  std::vector<std::vector<std::string>> groups = {{"x"}};
  graph::Attribute to{"to", int64_t{static_cast<int>(DataType::kFloat32)}};
  for (int n = 0; n < nodes; ++n) {
    const std::string out = "v" + std::to_string(n);
    const bool last = random() % 2 == 0;
    auto& group = last ? groups.back() : groups[random() % groups.size()];
    const std::string from = group[random() % group.size()], other = group.back();
    if (random() % 5 == 0) {
      b.Node("NonZero", {from}, {"z" + std::to_string(n)});
      b.Node("Cast", {"z" + std::to_string(n)}, {out}, {to});
      groups.push_back({out});
      continue;
    }
    random() % 2 == 0 ? b.Node("Neg", {from}, {out}) : b.Node("Add", {from, other}, {out});
    group.push_back(out);
  }
  for (const auto& group : groups) b.Output(group.back());
  return b.Take();
}

std::vector<FakeSpec> Backends(uint32_t seed) {
  FakeKernel in_place;
  in_place.in_place = {{0, 0}};
  auto some = [seed](uint32_t salt) {
    return [seed, salt](const tenon_node& node) -> std::string {
      const size_t hash = std::hash<std::string>()(node.name) * 31 + seed * 7 + salt * 13;
      return (hash >> 3) % 2 == 0 ? "" : "it is not its turn";
    };
  };
  const std::vector<std::string> ops = {"Neg", "Add", "Cast"};
  return {{.name = "gpu",
           .kernels = Kernels(ops, in_place),
           .own_memory = true,
           .queue = true,
           .largest_allocation = 1 << 20,
           .refuses = some(1)},
          {.name = "host", .kernels = Kernels(ops, in_place)}};
}

// All stages of a program, with random sizes; blocks of one stage stay as they are in the next.
void PlanStages(uint32_t seed, const Program& p) {
  std::mt19937 random(seed + 99);
  const Stages stages = FindStages(p);
  ResolvedShapes shapes;
  ASSERT_TRUE(ResolveShapes(p, std::vector<Shape>{{1, 64}}, nullptr, &shapes).ok());
  std::vector<WorkspaceRequest> workspace(p.steps.size());
  std::vector<uint64_t> bytes(p.physical.size());
  MemoryPlan plan, before;
  for (uint32_t stage = 0; stage < stages.count; ++stage) {
    std::vector<Shape> sizes;
    for (size_t i = 0; i < stages.sized[stage].size(); ++i)
      sizes.push_back({2, static_cast<int64_t>(random() % 3 * (random() % 400))});
    if (stage > 0) {
      const Status resolved = ResolveStage(p, stage, sizes, nullptr, &shapes);
      ASSERT_TRUE(resolved.ok()) << resolved.message();
    }
    for (uint32_t v = 0; v < bytes.size(); ++v) {
      const uint32_t l = p.physical[v].logical;
      if (stages.logical[l] != stage) continue;
      ASSERT_TRUE(shapes.shapes[l].IsStatic()) << p.logical[l].name;
      bytes[v] =
          static_cast<uint64_t>(shapes.shapes[l].ElementCount()) * BitWidth(p.logical[l].type) / 8;
    }
    for (uint32_t s = stages.begin[stage]; s < stages.end(stage); ++s) {
      if (p.steps[s].kind != StepKind::kKernel || random() % 3 != 0) continue;
      workspace[s] = {random() % 1000 + 1, uint64_t{64} << (random() % 4), 0};
    }
    before = plan;
    const Status planned = stage == 0 ? PlanMemory(p, shapes, workspace, bytes, &plan)
                                      : PlanStage(p, stage, workspace, bytes, &plan);
    ASSERT_TRUE(planned.ok()) << planned.message();
    for (uint32_t m = 0; m < p.memories.size() && stage > 0; ++m) {
      const auto &earlier = before.arenas[m].block_bytes, &now = plan.arenas[m].block_bytes;
      ASSERT_LE(earlier.size(), now.size());
      EXPECT_TRUE(std::equal(earlier.begin(), earlier.end(), now.begin()));
      EXPECT_GE(plan.arenas[m].bytes, plan.arenas[m].lower_bound);
    }
  }
  EXPECT_EQ(testing::FindOverlaps(p, plan), std::vector<std::string>());
  for (uint32_t v = 0; v < p.physical.size(); ++v) {
    const Placement& place = plan.physical[v];
    if (place.block == kNone) continue;
    EXPECT_LE(place.offset + place.bytes, plan.arenas[place.memory].block_bytes[place.block]);
  }
  for (uint32_t s = 0; s < p.steps.size(); ++s) {
    const Placement& place = plan.workspace[s];
    if (workspace[s].bytes == 0) continue;
    EXPECT_LE(place.offset + place.bytes, plan.arenas[place.memory].block_bytes[place.block]);
    EXPECT_EQ(place.offset % workspace[s].alignment, 0u);
    EXPECT_GE(plan.arenas[place.memory].block_alignment[place.block], workspace[s].alignment);
  }
}

TEST(Stages, RandomProgramsHaveNoRacesAndNoOverlaps) {
  uint32_t most = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    Lowered lowered;
    LowerGraph(RandomGraph(random, 5 + static_cast<int>(seed % 25)), Backends(seed), &lowered);
    if (HasFatalFailure()) return;
    PlanStages(seed, *lowered.program);
    most = std::max(most, FindStages(*lowered.program).count);
    if (HasFailure()) FAIL() << "seed " << seed << "\n" << lowered.program->Dump();
  }
  EXPECT_GE(most, 4u);  // the graphs are worth the name
}

}  // namespace
}  // namespace tenon::program
