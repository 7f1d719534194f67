#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "fake_backend.h"
#include "graph_builder.h"
#include "tenon/program/lower.h"
#include "tenon/program/plan.h"

namespace {
thread_local uint64_t allocations = 0;
}  // namespace

void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void* operator new(size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace tenon::program {
namespace {

using placement::testing::GraphBuilder;
using placement::testing::KernelsFor;
using placement::testing::MakeFake;

std::shared_ptr<const Program> LowerOnHost(GraphBuilder& builder) {
  placement::Options options;
  options.backends.groups = {
      {MakeFake({.name = "host", .kernels = KernelsFor({"Neg", "Add", "MatMul"})})}};
  auto placed = placement::Place(builder.Take(), options);
  EXPECT_TRUE(placed.ok()) << placed.status().message();
  auto program = Lower(*placed, nullptr);
  EXPECT_TRUE(program.ok()) << program.status().message();
  return *program;
}

uint32_t Find(const Program& program, const std::string& name) {
  for (uint32_t l = 0; l < program.logical.size(); ++l) {
    if (program.logical[l].name == name) return l;
  }
  return kNone;
}

TEST(ResolveShapes, SymbolsGoThroughAllNodes) {
  GraphBuilder b;
  b.Input("x", {"N", "3"});
  b.Input("y", {"N", "3"});
  b.Floats("w", {3, 5});
  b.Node("Add", {"x", "y"}, {"s"});
  b.Node("MatMul", {"s", "w"}, {"z"});
  b.Output("z");
  const auto p = LowerOnHost(b);
  EXPECT_FALSE(p->IsStatic());
  ResolvedShapes resolved;
  const Status status = ResolveShapes(*p, std::vector<Shape>{{7, 3}, {7, 3}}, nullptr, &resolved);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(resolved.shapes[Find(*p, "z")], (Shape{7, 5}));
  EXPECT_EQ(resolved.shapes[Find(*p, "w")], (Shape{3, 5}));
  EXPECT_EQ(resolved.symbols[0].size, 7);
}

TEST(ResolveShapes, RefusalsNameTheInputs) {
  GraphBuilder b;
  b.Input("x", {"N", "3"});
  b.Input("y", {"N", "?"});
  b.Node("Add", {"x", "y"}, {"z"});
  b.Output("z");
  const auto p = LowerOnHost(b);
  auto message = [&](std::vector<Shape> inputs) {
    ResolvedShapes resolved;
    const Status status = ResolveShapes(*p, inputs, nullptr, &resolved);
    return std::string(CodeName(status.code())) + " " + std::string(status.message());
  };
  EXPECT_EQ(message({{7, 3}, {8, 3}}),
            "INVALID_ARGUMENT input \"y\": got shape [8, 3], expected [N, ?]: dimension 0 is 8, "
            "but N is 7 in input \"x\"");
  EXPECT_EQ(message({{7, 4}, {7, 3}}),
            "INVALID_ARGUMENT input \"x\": got shape [7, 4], expected [N, 3]: dimension 1 is 4 "
            "instead of 3");
  EXPECT_EQ(message({{7}, {7, 3}}),
            "INVALID_ARGUMENT input \"x\": got shape [7], expected [N, 3]: rank 1 instead of 2");
  EXPECT_EQ(message({{7, 3}}), "INVALID_ARGUMENT got shapes of 1 inputs, expected 2");
}

void BuildArithmetic(GraphBuilder* b) {
  b->Input("x", {"N", "4", "M"});
  b->Ints("minus", {-1});
  b->Ints("zero", {0});
  b->Ints("two", {2});
  b->Node("Shape", {"x"}, {"shape"});
  b->Node("Gather", {"shape", "zero"}, {"n"});
  b->Node("Gather", {"shape", "two"}, {"m"});
  b->Node("Mul", {"n", "m"}, {"nm"});
  b->Node("Concat", {"nm", "minus"}, {"target"}, {{"axis", int64_t{0}}});
  b->Node("Reshape", {"x", "target"}, {"r"});
  b->Node("Neg", {"r"}, {"y"});
  b->Output("y");
}

TEST(ResolveShapes, ShapeArithmeticIsComputed) {
  GraphBuilder b;
  BuildArithmetic(&b);
  const auto p = LowerOnHost(b);
  ResolvedShapes resolved;
  const Status status = ResolveShapes(*p, std::vector<Shape>{{5, 4, 3}}, nullptr, &resolved);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(resolved.shapes[Find(*p, "y")], (Shape{15, 4}));
  const auto& contents = resolved.contents[Find(*p, "nm")];
  ASSERT_TRUE(contents.known);
  ASSERT_EQ(contents.bytes.size(), 8u);
  EXPECT_EQ(*reinterpret_cast<const int64_t*>(contents.bytes.data()), 15);
}

TEST(ResolveShapes, WhatDidNotChangeIsTakenOver) {
  GraphBuilder b;
  BuildArithmetic(&b);
  b.Input("z", {"K"});
  b.Node("Neg", {"z"}, {"q"});
  b.Output("q");
  const auto p = LowerOnHost(b);
  ResolvedShapes one, two;
  ASSERT_TRUE(ResolveShapes(*p, std::vector<Shape>{{5, 4, 3}, {9}}, nullptr, &one).ok());
  ASSERT_TRUE(ResolveShapes(*p, std::vector<Shape>{{3, 4, 5}, {9}}, &one, &two).ok());
  EXPECT_TRUE(two.changed[Find(*p, "shape")]);
  EXPECT_FALSE(two.changed[Find(*p, "nm")]);  // 5 * 3 is 3 * 5
  EXPECT_FALSE(two.changed[Find(*p, "q")]);
  EXPECT_TRUE(two.changed[Find(*p, "x")]);
  EXPECT_EQ(two.shapes[Find(*p, "y")], (Shape{15, 4}));
}

TEST(ResolveShapes, AllocatesNothingTheSecondTime) {
  GraphBuilder b;
  b.Input("x", {"N", "3"});
  std::string last = "x";
  for (int n = 0; n < 20; ++n) {
    const std::string out = "v" + std::to_string(n);
    b.Node(n % 2 ? "Neg" : "Add", n % 2 ? std::vector{last} : std::vector{last, last}, {out});
    last = out;
  }
  b.Output(last);
  const auto p = LowerOnHost(b);
  ResolvedShapes one, two;
  ASSERT_TRUE(ResolveShapes(*p, std::vector<Shape>{{5, 3}}, nullptr, &one).ok());
  ASSERT_TRUE(ResolveShapes(*p, std::vector<Shape>{{6, 3}}, &one, &two).ok());
  const std::vector<Shape> inputs = {{7, 3}};
  const uint64_t before = allocations;
  const Status status = ResolveShapes(*p, inputs, &two, &one);
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(one.shapes[Find(*p, last)], (Shape{7, 3}));
}

}  // namespace
}  // namespace tenon::program
