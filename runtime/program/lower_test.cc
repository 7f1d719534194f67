#include "tenon/program/lower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_backend.h"
#include "graph_builder.h"
#include "testing/order.h"

namespace tenon::program {
namespace {

using placement::testing::FakeKernel;
using placement::testing::FakeSpec;
using placement::testing::GraphBuilder;
using placement::testing::KernelsFor;
using placement::testing::MakeFake;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Lowered {
  placement::PlacedGraph placed;
  placement::Report report;
  std::shared_ptr<const Program> program;
};

void LowerGraph(graph::Graph graph, std::vector<std::shared_ptr<backend::Backend>> order,
                Lowered* out) {
  placement::Options options;
  for (auto& backend : order) options.backends.groups.push_back({backend});
  auto placed = placement::Place(std::move(graph), options);
  ASSERT_TRUE(placed.ok()) << placed.status().message();
  out->placed = std::move(placed).value();
  auto program = Lower(out->placed, &out->report);
  ASSERT_TRUE(program.ok()) << program.status().message();
  out->program = *program;
  EXPECT_EQ(testing::FindRaces(*out->program), std::vector<std::string>());
}

// The steps in words: "Neg@host", "copy@gpu", "signal@gpu", "host_wait@gpu".
std::vector<std::string> Words(const Program& program) {
  std::vector<std::string> words;
  for (const Step& step : program.steps) {
    std::string word;
    switch (step.kind) {
      case StepKind::kKernel:
        word = step.node != kNone                             ? program.nodes[step.node].node.op
               : program.kernels[step.kernel].segment.empty() ? "reorder"
                                                              : "segment";
        break;
      case StepKind::kCopy:
        word = "copy";
        break;
      case StepKind::kSignal:
        word = "signal";
        break;
      case StepKind::kHostWait:
        word = "host_wait";
        break;
      case StepKind::kQueueWait:
        word = "queue_wait";
        break;
      case StepKind::kPlan:
        word = "plan";
        break;
      case StepKind::kHost:
        word = "host " + program.nodes[step.node].node.op;
        break;
    }
    if (step.device != kNone) word += "@" + program.devices[step.device].backend;
    words.push_back(word);
  }
  return words;
}

std::shared_ptr<backend::Backend> Host(std::vector<std::string> ops) {
  FakeKernel like;
  like.in_place = {{0, 0}};
  return MakeFake({.name = "host", .kernels = KernelsFor(ops, like)});
}

std::shared_ptr<backend::Backend> Gpu(const std::string& name, std::vector<std::string> ops) {
  return MakeFake({.name = name, .kernels = KernelsFor(ops), .own_memory = true, .queue = true});
}

TEST(Lower, OneHostBackendNeedsNoCopiesAndNoFences) {
  GraphBuilder b;
  b.Input("x", {"4", "4"});
  b.Ints("flat", {16});
  b.Node("Neg", {"x"}, {"a"});
  b.Node("Exp", {"a"}, {"b"});
  b.Node("Reshape", {"b", "flat"}, {"c"});
  b.Output("c");
  Lowered low;
  LowerGraph(b.Take(), {Host({"Neg", "Exp"})}, &low);
  const Program& p = *low.program;
  EXPECT_THAT(Words(p), ElementsAre("Neg@host", "Exp@host"));
  EXPECT_EQ(p.fence_count, 0u);
  EXPECT_EQ(p.memories.size(), 1u);
  // The view's base is written straight to the caller's memory.
  EXPECT_EQ(p.output_physical[0], p.steps[1].outputs[0]);
  EXPECT_EQ(p.physical[p.output_physical[0]].home, Home::kOutput);
  EXPECT_EQ(p.physical[p.steps[0].inputs[0]].home, Home::kInput);
  EXPECT_TRUE(p.nodes[2].is_view);
  ASSERT_EQ(low.report.rows.size(), 3u);
  EXPECT_EQ(low.report.rows[2].kind, placement::NodeChoice::Kind::kView);
  EXPECT_THAT(
      p.Dump(),
      HasSubstr(
          "1: %b@host=output0 = Exp.1 \"Exp_b\"(%a@host) on host:0 by fake_Exp, in place 0->0\n"));
}

TEST(Lower, OutputsOfADeviceAreCopiedAndNotWaitedFor) {
  GraphBuilder b;
  b.Input("x", {"4"});
  b.Floats("w", {4});
  b.Node("Add", {"x", "w"}, {"y"});
  b.Output("y");
  Lowered low;
  LowerGraph(b.Take(), {Gpu("gpu", {"Add"})}, &low);
  const Program& p = *low.program;
  EXPECT_THAT(Words(p), ElementsAre("copy@gpu", "Add@gpu", "copy@gpu"));
  EXPECT_EQ(p.fence_count, 0u);
  const PhysicalValue& weight = p.physical[p.steps[1].inputs[1]];
  EXPECT_EQ(weight.home, Home::kConstant);
  EXPECT_EQ(p.memories[weight.memory].device, 0u);
  EXPECT_EQ(p.memories[weight.memory].alignment, 256u);
  EXPECT_EQ(p.output_physical[0], p.steps[2].outputs[0]);
  EXPECT_EQ(p.physical[p.output_physical[0]].home, Home::kOutput);
}

TEST(Lower, TheHostWaitsJustBeforeItsFirstUse) {
  GraphBuilder b;
  b.Input("x", {"4"});
  b.Node("Exp", {"x"}, {"a"});
  b.Node("Neg", {"x"}, {"b"});
  b.Node("Neg", {"b"}, {"c"});
  b.Node("Add", {"a", "c"}, {"d"});
  b.Node("Add", {"a", "d"}, {"e"});
  b.Output("e");
  Lowered low;
  LowerGraph(b.Take(), {Gpu("gpu", {"Exp"}), Host({"Neg", "Add"})}, &low);
  EXPECT_THAT(Words(*low.program),
              ElementsAre("copy@gpu", "Exp@gpu", "copy@gpu", "signal@gpu", "Neg@host", "Neg@host",
                          "host_wait@gpu", "Add@host", "Add@host"));
}

TEST(Lower, AQueueWaitsForAnotherAndDataGoesThroughTheHost) {
  GraphBuilder b;
  b.Input("x", {"4"});
  b.Node("Exp", {"x"}, {"a"});
  b.Node("Neg", {"a"}, {"b"});
  b.Output("b");
  Lowered low;
  LowerGraph(b.Take(), {Gpu("one", {"Exp"}), Gpu("two", {"Neg"})}, &low);
  const Program& p = *low.program;
  EXPECT_THAT(Words(p), ElementsAre("copy@one", "Exp@one", "copy@one", "signal@one",
                                    "queue_wait@two", "copy@two", "Neg@two", "copy@two"));
  EXPECT_EQ(p.steps[4].other_device, 0u);
  EXPECT_EQ(p.physical[p.steps[2].outputs[0]].memory, 0u);
  ASSERT_EQ(low.report.rows.size(), 2u + 4u);
  EXPECT_EQ(low.report.rows[1].kind, placement::NodeChoice::Kind::kKernel);
  EXPECT_EQ(low.report.rows[2].kind, placement::NodeChoice::Kind::kCopy);
  EXPECT_EQ(low.report.rows[2].bytes, 16u);
}

TEST(Lower, OutputsThatNoStepMakes) {
  GraphBuilder b;
  b.Input("x", {"4"});
  b.Floats("w", {4});
  b.Ints("two", {2, 2});
  b.Node("Neg", {"x"}, {"y"});
  b.Node("Reshape", {"x", "two"}, {"v"});
  b.Output("w");
  b.Output("x");
  b.Output("v");
  b.Output("y");
  b.Output("y");
  Lowered low;
  LowerGraph(b.Take(), {Host({"Neg"})}, &low);
  const Program& p = *low.program;
  std::vector<Home> homes;
  for (uint32_t o : p.output_physical) homes.push_back(p.physical[o].home);
  EXPECT_THAT(homes, ElementsAre(Home::kConstant, Home::kInput, Home::kAlias, Home::kOutput,
                                 Home::kOutput));
  EXPECT_EQ(p.output_physical[3], p.output_physical[4]);
  EXPECT_EQ(p.physical[p.output_physical[3]].index, 3u);
}

TEST(Lower, ABlockedLayoutIsEnteredAndLeftOnce) {
  constexpr tenon_layout kBlocked = TENON_LAYOUT_OWN + 1;
  FakeKernel blocked;
  blocked.input_layouts = blocked.output_layouts = {kBlocked};
  std::vector<FakeKernel> kernels = KernelsFor({"Exp", "Neg"}, blocked);
  kernels.push_back(
      {.op = "Reorder", .name = "in", .domain = "ai.tenon", .output_layouts = {kBlocked}});
  kernels.push_back(
      {.op = "Reorder", .name = "out", .domain = "ai.tenon", .input_layouts = {kBlocked}});
  GraphBuilder b;
  b.Input("x", {"4"});
  b.Node("Exp", {"x"}, {"a"});
  b.Node("Neg", {"a"}, {"b"});
  b.Output("b");
  Lowered low;
  LowerGraph(b.Take(),
             {MakeFake({.name = "gpu",
                        .kernels = kernels,
                        .own_memory = true,
                        .queue = true,
                        .layouts = {kBlocked}})},
             &low);
  const Program& p = *low.program;
  EXPECT_THAT(Words(p), ElementsAre("copy@gpu", "reorder@gpu", "Exp@gpu", "Neg@gpu", "reorder@gpu",
                                    "copy@gpu"));
  EXPECT_EQ(p.kernels[p.steps[1].kernel].descriptor, "in");
  EXPECT_EQ(p.physical[p.steps[3].outputs[0]].layout, kBlocked);
  EXPECT_EQ(p.physical[p.steps[3].outputs[0]].owner, 0u);
}

TEST(Lower, ASegmentIsOneStep) {
  GraphBuilder b;
  b.Input("x", {"4"});
  b.Node("Neg", {"x"}, {"a"});
  b.Node("Exp", {"a"}, {"b"});
  b.Node("Exp", {"b"}, {"c"});
  b.Node("Neg", {"c"}, {"d"});
  b.Output("d");
  auto compiler = MakeFake(
      {.name = "compiler",
       .kernels = {},
       .own_memory = true,
       .queue = true,
       .colour = [](const tenon_node& node) { return std::string(node.op) == "Exp" ? 5u : 0u; }});
  Lowered low;
  LowerGraph(b.Take(), {compiler, Host({"Neg"})}, &low);
  const Program& p = *low.program;
  EXPECT_THAT(Words(p),
              ElementsAre("Neg@host", "copy@compiler", "segment@compiler", "copy@compiler",
                          "signal@compiler", "host_wait@compiler", "Neg@host"));
  const KernelRef& kernel = p.kernels[p.steps[2].kernel];
  EXPECT_THAT(kernel.segment, ElementsAre(1u, 2u));
  EXPECT_EQ(*kernel.artifact, "2 nodes");
  EXPECT_EQ(low.report.rows.size(), 4u + 2u);
}

TEST(Lower, ShapeArithmeticHasNoSteps) {
  GraphBuilder b;
  b.Input("x", {"N", "4"});
  b.Ints("one", {-1});
  b.Ints("zero", {0});
  b.Node("Shape", {"x"}, {"shape"});
  b.Node("Gather", {"shape", "zero"}, {"n"});
  b.Node("Concat", {"n", "one"}, {"target"}, {{"axis", int64_t{0}}});
  b.Node("Reshape", {"x", "target"}, {"r"});
  b.Node("Neg", {"r"}, {"y"});
  b.Output("y");
  b.Output("n");
  Lowered low;
  LowerGraph(b.Take(), {Host({"Neg"})}, &low);
  const Program& p = *low.program;
  EXPECT_THAT(Words(p), ElementsAre("Neg@host"));
  EXPECT_EQ(p.physical[p.output_physical[1]].home, Home::kResolved);
  EXPECT_EQ(low.report.rows[0].kind, placement::NodeChoice::Kind::kHost);
}

}  // namespace
}  // namespace tenon::program
