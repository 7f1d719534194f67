#include "tenon/program/work.h"

#include <gtest/gtest.h>

#include "fake_backend.h"
#include "graph_builder.h"
#include "tenon/program/lower.h"
#include "tenon/program/plan.h"

namespace tenon::program {
namespace {

using placement::testing::GraphBuilder;
using placement::testing::KernelsFor;
using placement::testing::MakeFake;

TEST(WorkOf, CountsMultiplyAddsAsTwoAndEachArgumentOnce) {
  GraphBuilder b;
  b.Input("x", {"N", "3"});
  b.Input("y", {"N", "3"});
  b.Floats("w", {3, 5});
  b.Node("Add", {"x", "y"}, {"s"});
  b.Node("MatMul", {"s", "w"}, {"z"});
  b.Output("z");
  placement::Options options;
  options.backends.groups = {
      {MakeFake({.name = "host", .kernels = KernelsFor({"Add", "MatMul"})})}};
  auto placed = placement::Place(b.Take(), options);
  ASSERT_TRUE(placed.ok()) << placed.status().message();
  auto program = Lower(*placed, nullptr);
  ASSERT_TRUE(program.ok()) << program.status().message();
  ResolvedShapes resolved;
  ASSERT_TRUE(
      ResolveShapes(**program, std::vector<Shape>{{7, 3}, {7, 3}}, nullptr, &resolved).ok());
  const auto work = [&](const char* op, const std::function<Shape(uint32_t)>& shape) {
    for (const Step& step : (*program)->steps) {
      if (step.node != kNone && (*program)->nodes[step.node].node.op == op)
        return WorkOf(**program, step, shape);
    }
    ADD_FAILURE() << "no step of " << op;
    return operators::Cost{};
  };
  const auto known = [&](uint32_t logical) { return resolved.shapes[logical]; };
  EXPECT_EQ(work("Add", known).flops, 7 * 3);
  EXPECT_EQ(work("Add", known).bytes, 3 * 7 * 3 * 4);
  EXPECT_EQ(work("MatMul", known).flops, 2 * 7 * 3 * 5);
  EXPECT_EQ(work("MatMul", known).bytes, (7 * 3 + 3 * 5 + 7 * 5) * 4);
  const auto open = [&](uint32_t logical) { return (*program)->logical[logical].shape; };
  EXPECT_EQ(work("MatMul", open).flops, 0);
}

TEST(WorkOf, ACopyReadsAndWritesAndASegmentHasItsNodesFlops) {
  Program program;
  program.logical = {{.name = "a", .type = DataType::kFloat16, .shape = {4, 4}}};
  program.physical = {{.logical = 0}, {.logical = 0, .memory = 1}};
  const auto shape = [&](uint32_t logical) { return program.logical[logical].shape; };
  const Step copy = {.kind = StepKind::kCopy, .device = 0, .inputs = {0}, .outputs = {1}};
  EXPECT_EQ(WorkOf(program, copy, shape).bytes, 2 * 4 * 4 * 2);
  EXPECT_EQ(WorkOf(program, copy, shape).flops, 0);
  Step signal;
  signal.kind = StepKind::kSignal;
  EXPECT_EQ(WorkOf(program, signal, shape).bytes, 0);

  const operators::Operator* relu = operators::FindOperator("", "Relu");
  program.nodes.resize(2);
  for (ProgramNode& node : program.nodes) {
    node.node.op = "Relu";
    node.node.definition = relu;
    node.node.inputs = node.node.outputs = {0};
  }
  program.kernels.resize(1);
  program.kernels[0].segment = {0, 1};
  Step segment = copy;
  segment.kind = StepKind::kKernel;
  segment.kernel = 0;
  EXPECT_EQ(WorkOf(program, segment, shape).flops, 2 * 16);
  EXPECT_EQ(WorkOf(program, segment, shape).bytes, 2 * 4 * 4 * 2);
}

}  // namespace
}  // namespace tenon::program
