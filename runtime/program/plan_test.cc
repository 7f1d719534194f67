#include "tenon/program/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "fake_backend.h"
#include "graph_builder.h"
#include "tenon/program/lower.h"
#include "testing/order.h"

namespace tenon::program {
namespace {

using placement::testing::FakeKernel;
using placement::testing::FakeSpec;
using placement::testing::GraphBuilder;
using placement::testing::KernelsFor;
using placement::testing::MakeFake;

const std::vector<std::string> kOps = {"Neg", "Add", "Exp"};

// A random graph of elementwise nodes and reshapes, of which any value may be an output.
graph::Graph RandomGraph(std::mt19937& random, int nodes) {
  GraphBuilder b;
  std::vector<std::string> four, five;  // names of values of rank 1 and of rank 2
  b.Input("x", {"64"});
  b.Input("y", {"64"});
  b.Floats("w", {64});
  b.Ints("matrix", {8, 8});
  b.Ints("flat", {64});
  four = {"x", "y", "w"};
  auto pick = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
  for (int n = 0; n < nodes; ++n) {
    const std::string out = "v" + std::to_string(n);
    const bool wide = !five.empty() && random() % 3 == 0;
    const auto& names = wide ? five : four;
    const uint32_t what = random() % 8;
    if (what == 0 && !wide) {
      b.Node("Reshape", {pick(four), "matrix"}, {out});
      five.push_back(out);
      continue;
    }
    if (what == 1 && wide) {
      b.Node("Reshape", {pick(five), "flat"}, {out});
      four.push_back(out);
      continue;
    }
    if (what < 5)
      b.Node(kOps[what % 2 == 0 ? 0 : 2],
             {names.size() > 2 && random() % 2 ? names.back() : pick(names)}, {out});
    else
      b.Node("Add", {pick(names), pick(names)}, {out});
    (wide ? five : four).push_back(out);
  }
  for (const std::string& name : four) {
    if (name != "w" && random() % 6 == 0) b.Output(name);
  }
  b.Output("v" + std::to_string(nodes - 1));
  return b.Take();
}

// Backends of several kinds, each of which takes a node or not by a hash of its name.
placement::Options RandomBackends(uint32_t seed) {
  constexpr tenon_layout kBlocked = TENON_LAYOUT_OWN;
  auto some = [seed](uint32_t salt) {
    return [seed, salt](const tenon_node& node) -> std::string {
      const size_t hash = std::hash<std::string>()(node.name) * 31 + seed * 7 + salt * 13;
      return (hash >> 3) % 3 == 0 ? "" : "it is not its turn";
    };
  };
  FakeKernel in_place;
  in_place.in_place = {{0, 0}, {1, 0}};
  FakeKernel blocked = in_place;
  blocked.input_layouts = blocked.output_layouts = {kBlocked};
  auto with_reorders = [&](std::vector<FakeKernel> kernels) {
    for (FakeKernel kernel : KernelsFor({"Exp"}, blocked)) {
      kernel.name = "blocked_exp";
      kernel.efficiency = 900;
      kernels.push_back(kernel);
    }
    kernels.push_back({.op = "Reorder",
                       .name = "to_blocked",
                       .domain = "ai.tenon",
                       .output_layouts = {kBlocked}});
    kernels.push_back({.op = "Reorder",
                       .name = "from_blocked",
                       .domain = "ai.tenon",
                       .input_layouts = {kBlocked}});
    return kernels;
  };
  FakeKernel host_output = in_place;
  host_output.output_memory = {1u << TENON_MEMORY_HOST};
  std::vector<FakeKernel> mixed = KernelsFor({"Neg", "Add"}, in_place);
  for (FakeKernel& kernel : KernelsFor({"Exp"}, host_output)) mixed.push_back(kernel);
  placement::Options options;
  auto add = [&](FakeSpec spec) { options.backends.groups.push_back({MakeFake(std::move(spec))}); };
  add({.name = "q_one",
       .kernels = with_reorders(KernelsFor(kOps, in_place)),
       .own_memory = true,
       .queue = true,
       .largest_allocation = 4096,
       .layouts = {kBlocked},
       .refuses = some(1)});
  add({.name = "q_two", .kernels = mixed, .own_memory = true, .queue = true, .refuses = some(2)});
  add({.name = "sync_own",
       .kernels = KernelsFor(kOps, in_place),
       .own_memory = true,
       .refuses = some(3)});
  add({.name = "host", .kernels = KernelsFor(kOps, in_place)});
  return options;
}

struct Planned {
  std::shared_ptr<const Program> program;
  ResolvedShapes shapes;
  std::vector<uint64_t> bytes;
  std::vector<WorkspaceRequest> workspace;
  MemoryPlan plan;
};

std::vector<uint64_t> DenseBytes(const Program& program, const ResolvedShapes& shapes) {
  std::vector<uint64_t> bytes;
  for (const PhysicalValue& value : program.physical) {
    bytes.push_back(static_cast<uint64_t>(shapes.shapes[value.logical].ElementCount()) *
                    BitWidth(program.logical[value.logical].type) / 8);
  }
  return bytes;
}

void PlanRandom(uint32_t seed, int nodes, Planned* out) {
  std::mt19937 random(seed);
  const placement::Options backends =
      RandomBackends(seed);  // they live longer than what is placed on them
  auto placed = placement::Place(RandomGraph(random, nodes), backends);
  ASSERT_TRUE(placed.ok()) << placed.status().message();
  placement::Report report;
  auto program = Lower(*placed, &report);
  ASSERT_TRUE(program.ok()) << program.status().message();
  out->program = *program;
  const Program& p = *out->program;
  size_t movements = 0;
  for (const Step& step : p.steps) {
    const bool reorder = step.kind == StepKind::kKernel && step.node == kNone;
    movements += step.kind == StepKind::kCopy || reorder;
  }
  EXPECT_EQ(report.rows.size(), p.nodes.size() + movements);
  std::vector<Shape> inputs;
  for (uint32_t l : p.inputs) inputs.push_back(p.logical[l].shape);
  Status status = ResolveShapes(p, inputs, nullptr, &out->shapes);
  ASSERT_TRUE(status.ok()) << status.message();
  out->bytes = DenseBytes(p, out->shapes);
  out->workspace.resize(p.steps.size());
  for (uint32_t s = 0; s < p.steps.size(); ++s) {
    if (p.steps[s].kind != StepKind::kKernel || random() % 4 != 0) continue;
    uint32_t memory = 0;
    for (uint32_t m = 1; m < p.memories.size(); ++m) {
      if (p.memories[m].device == p.steps[s].device) memory = m;
    }
    out->workspace[s] = {random() % 1000 + 1, 64, memory};
  }
  for (PlanEffort effort : {PlanEffort::kCheap, PlanEffort::kThorough}) {
    status = PlanMemory(p, out->shapes, out->workspace, out->bytes, &out->plan, effort);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(testing::FindOverlaps(p, out->plan), std::vector<std::string>());
    for (uint32_t m = 0; m < p.memories.size(); ++m) {
      const Arena& arena = out->plan.arenas[m];
      EXPECT_GE(arena.bytes, arena.lower_bound);
      for (uint64_t block : arena.block_bytes) EXPECT_LE(block, p.memories[m].largest_allocation);
    }
  }
}

TEST(Plan, RandomProgramsHaveNoRacesAndNoOverlaps) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    Planned planned;
    PlanRandom(seed, 5 + static_cast<int>(seed % 30), &planned);
    if (HasFatalFailure()) return;
    EXPECT_EQ(testing::FindRaces(*planned.program), std::vector<std::string>());
    if (HasFailure()) FAIL() << "seed " << seed << "\n" << planned.program->Dump();
  }
}

TEST(Plan, IsDeterministic) {
  Planned one, two;
  PlanRandom(7, 30, &one);
  PlanRandom(7, 30, &two);
  EXPECT_EQ(ProgramJson(*one.program, one.shapes, one.plan),
            ProgramJson(*two.program, two.shapes, two.plan));
}

// A synchronous host program of random intervals: the bound is the most bytes alive, counted
// naively.
TEST(Plan, LowerBoundIsTheMostBytesAliveAtAStep) {
  std::mt19937 random(1);
  GraphBuilder b;
  b.Input("x", {"64"});
  std::vector<std::string> names = {"x"};
  for (int n = 0; n < 40; ++n) {
    const std::string out = "v" + std::to_string(n);
    b.Node("Add", {names[random() % names.size()], names.back()}, {out});
    names.push_back(out);
  }
  b.Output("v39");
  placement::Options options;
  options.backends.groups = {{MakeFake({.name = "host", .kernels = KernelsFor(kOps)})}};
  auto placed = placement::Place(b.Take(), options);
  ASSERT_TRUE(placed.ok());
  auto program = Lower(*placed, nullptr);
  ASSERT_TRUE(program.ok()) << program.status().message();
  const Program& p = **program;
  ResolvedShapes shapes;
  ASSERT_TRUE(ResolveShapes(p, std::vector<Shape>{{64}}, nullptr, &shapes).ok());
  std::vector<uint64_t> bytes(p.physical.size());
  for (uint64_t& size : bytes) size = random() % 5000 + 1;
  MemoryPlan plan;
  ASSERT_TRUE(PlanMemory(p, shapes, {}, bytes, &plan).ok());
  uint64_t most = 0;
  for (uint32_t s = 0; s < p.steps.size(); ++s) {
    uint64_t alive = 0;
    for (uint32_t v = 0; v < p.physical.size(); ++v) {
      if (p.physical[v].home != Home::kArena) continue;
      bool before = false, after = false;
      for (uint32_t t = 0; t < p.steps.size(); ++t) {
        const bool uses =
            std::ranges::count(p.steps[t].inputs, v) + std::ranges::count(p.steps[t].outputs, v) >
            0;
        before |= uses && t <= s;
        after |= uses && t >= s;
      }
      if (before && after) alive += (bytes[v] + 63) / 64 * 64;
    }
    most = std::max(most, alive);
  }
  EXPECT_EQ(plan.arenas[0].lower_bound, most);
  EXPECT_LE(static_cast<double>(plan.arenas[0].bytes), 1.05 * static_cast<double>(most));
}

TEST(Plan, AValueBeyondTheLargestAllocationIsRefused) {
  GraphBuilder b;
  b.Input("x", {"2000"});
  b.Node("Neg", {"x"}, {"y"});
  b.Output("y");
  placement::Options options;
  options.backends.groups = {{MakeFake({.name = "tiny",
                                        .kernels = KernelsFor(kOps),
                                        .own_memory = true,
                                        .largest_allocation = 4096})}};
  auto placed = placement::Place(b.Take(), options);
  ASSERT_TRUE(placed.ok());
  auto program = Lower(*placed, nullptr);
  ASSERT_TRUE(program.ok()) << program.status().message();
  const Program& p = **program;
  ResolvedShapes shapes;
  ASSERT_TRUE(ResolveShapes(p, std::vector<Shape>{{2000}}, nullptr, &shapes).ok());
  MemoryPlan plan;
  const Status status = PlanMemory(p, shapes, {}, DenseBytes(p, shapes), &plan);
  EXPECT_EQ(status.code(), Code::kUnsupported);
  EXPECT_EQ(status.message(), "\"x\" needs 8192 bytes, and the largest allocation of tiny is 4096");
}

}  // namespace
}  // namespace tenon::program
