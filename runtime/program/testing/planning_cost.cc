// Plans a chain of elementwise nodes along a growing symbolic dimension: measured under callgrind by planning_cost.py.
//   planning_cost NODES RUNS
#include <cstdio>
#include <cstdlib>

#include "fake_backend.h"
#include "graph_builder.h"
#include "tenon/program/lower.h"
#include "tenon/program/plan.h"

using namespace tenon;  // NOLINT: a program of one file

namespace {

// Neg and Add in turns, each Add with a value of some steps before, so that several are alive.
graph::Graph MakeGraph(int nodes) {
  placement::testing::GraphBuilder b;
  b.Input("v0", {"N", "16"});
  for (int n = 0; n < nodes; ++n) {
    const std::string last = "v" + std::to_string(n), out = "v" + std::to_string(n + 1);
    if (n % 2 == 0)
      b.Node("Neg", {last}, {out});
    else
      b.Node("Add", {last, "v" + std::to_string(std::max(0, n - 5))}, {out});
  }
  b.Output("v" + std::to_string(nodes));
  return b.Take();
}

}  // namespace

int main(int argc, char** argv) {
  const int nodes = argc > 1 ? std::atoi(argv[1]) : 300, runs = argc > 2 ? std::atoi(argv[2]) : 64;
  placement::testing::FakeKernel like;
  like.in_place = {{0, 0}};
  placement::Options options;
  options.backends.groups = {{placement::testing::MakeFake(
      {.name = "host", .kernels = placement::testing::KernelsFor({"Neg", "Add"}, like)})}};
  auto placed = placement::Place(MakeGraph(nodes), options);
  if (!placed.ok()) return 1;
  auto lowered = program::Lower(*placed, nullptr);
  if (!lowered.ok()) return 1;
  const program::Program& program = **lowered;
  program::ResolvedShapes shapes[2];
  std::vector<uint64_t> bytes(program.physical.size());
  uint64_t arena = 0;
  for (int run = 0; run < runs; ++run) {
    const std::vector<Shape> inputs = {{run + 1, 16}};
    program::ResolvedShapes& now = shapes[run % 2];
    Status status = ResolveShapes(program, inputs, run > 0 ? &shapes[1 - run % 2] : nullptr, &now);
    for (size_t p = 0; p < bytes.size(); ++p) bytes[p] = static_cast<uint64_t>(run + 1) * 64;
    program::MemoryPlan plan;
    if (status.ok()) status = PlanMemory(program, now, {}, bytes, &plan);
    if (!status.ok()) return 1;
    arena = plan.arenas[0].bytes;
  }
  std::printf("%d nodes, %d runs, arena %llu bytes\n", nodes, runs,
              static_cast<unsigned long long>(arena));
  return 0;
}
