#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "fake_backend.h"
#include "graph_builder.h"
#include "tenon/placement/placement.h"

namespace tenon::placement {
namespace {

using ::testing::ElementsAre;
using testing::FakeKernel;
using testing::GraphBuilder;
using ::testing::HasSubstr;
using testing::KernelsFor;
using testing::MakeFake;
using ::testing::StartsWith;

graph::Graph Chain(const std::vector<std::string>& ops, const std::string& size = "4") {
  GraphBuilder b;
  b.Input("v0", {size});
  for (size_t n = 0; n < ops.size(); ++n) {
    b.Node(ops[n], {"v" + std::to_string(n)}, {"v" + std::to_string(n + 1)});
  }
  b.Output("v" + std::to_string(ops.size()));
  return b.Take();
}

std::vector<std::string> Where(const PlacedGraph& placed) {
  std::vector<std::string> where;
  for (const NodeChoice& row : placed.report.rows) where.push_back(row.op + "@" + row.backend);
  return where;
}

TEST(Place, TheFirstEntryThatSupportsANodeTakesIt) {
  Options options;
  options.backends.groups = {
      {MakeFake({.name = "a", .kernels = KernelsFor({"Neg"}, {.efficiency = 1})})},
      {MakeFake({.name = "b", .kernels = KernelsFor({"Neg", "Exp"}, {.efficiency = 1000})})}};
  auto placed = Place(Chain({"Neg", "Exp", "Neg"}), options);
  ASSERT_TRUE(placed.ok()) << placed.status().message();
  EXPECT_THAT(Where(*placed), ElementsAre("Neg@a", "Exp@b", "Neg@a"));
  ASSERT_EQ(placed->report.rows[1].refusals.size(), 1u);
  EXPECT_EQ(placed->report.rows[1].refusals[0].message, "operator: there is no kernel for Exp");
  options.forbid_fallback = true;
  const auto forbidden = Place(Chain({"Neg", "Exp", "Neg"}), options);
  ASSERT_FALSE(forbidden.ok());
  EXPECT_EQ(forbidden.status().message(),
            "the first backends do not take 1 of 3 nodes:\n  Exp \"Exp_v2\": a: operator: there is "
            "no kernel for Exp");
}

TEST(Place, RefusalsAreThoseOfKernelsBeforeTheChoice) {
  const tenon_dtypes ints = TENON_DTYPE_BIT(TENON_INT32);
  Options options;
  options.backends.groups = {
      {MakeFake({.name = "a",
                 .kernels = {{.op = "Neg", .name = "first", .input_types = ints},
                             {.op = "Neg", .name = "second"},
                             {.op = "Neg", .name = "third", .input_types = ints}}})},
      {MakeFake({.name = "b", .kernels = {{.op = "Neg", .input_types = ints}}})}};
  auto placed = Place(Chain({"Neg"}), options);
  ASSERT_TRUE(placed.ok()) << placed.status().message();
  EXPECT_EQ(placed->report.rows[0].kernel, "second");
  ASSERT_EQ(placed->report.rows[0].refusals.size(), 1u);
  EXPECT_EQ(placed->report.rows[0].refusals[0].kernel, "first");
}

TEST(Place, NobodyTakesANode) {
  Options options;
  options.backends.groups = {{MakeFake({.name = "a", .kernels = KernelsFor({"Neg"})})}};
  const auto placed = Place(Chain(std::vector<std::string>(12, "Exp")), options);
  ASSERT_FALSE(placed.ok());
  EXPECT_EQ(placed.status().code(), Code::kUnsupported);
  const std::string message(placed.status().message());
  EXPECT_THAT(message,
              StartsWith("no backend takes 12 of 12 nodes:\n  Exp \"Exp_v1\": a: operator: "));
  EXPECT_THAT(message, HasSubstr("Exp \"Exp_v10\": a: "));
  EXPECT_THAT(message, ::testing::Not(HasSubstr("Exp_v11")));
  EXPECT_THAT(message, HasSubstr("\n  and 2 more"));
}

TEST(Place, NobodyIsARowWhereThatIsAllowed) {
  Options options;
  options.backends.groups = {{MakeFake({.name = "a", .kernels = KernelsFor({"Neg"})})}};
  options.allow_nobody = true;
  const auto placed = Place(Chain({"Neg", "Exp", "Neg"}), options);
  ASSERT_TRUE(placed.ok()) << placed.status().message();
  EXPECT_THAT(Where(*placed), ElementsAre("Neg@a", "Exp@", "Neg@a"));
  EXPECT_EQ(placed->report.rows[1].kind, NodeChoice::Kind::kNobody);
  EXPECT_EQ(placed->report.rows[1].refusals.size(), 1u);
}

TEST(Place, AnAssumptionTakesBackARefusal) {
  Options options;
  options.backends.groups = {{MakeFake({.name = "a", .kernels = KernelsFor({"Neg"})})},
                             {MakeFake({.name = "b", .kernels = KernelsFor({"Exp"})})}};
  const Assumption assumption{"a", {{"", "Exp_v2"}}};
  options.assumption = &assumption;
  const auto placed = Place(Chain({"Neg", "Exp", "Exp"}), options);
  ASSERT_TRUE(placed.ok()) << placed.status().message();
  EXPECT_THAT(Where(*placed), ElementsAre("Neg@a", "Exp@a", "Exp@b"));
  EXPECT_EQ(placed->report.rows[1].kernel, "assumed");
}

TEST(Place, AnAssumptionOfACompilerJoinsTheSegmentBeforeIt) {
  auto compiler = MakeFake({.name = "compiler", .colour = [](const tenon_node& node) {
                              return *node.op == 'N' ? 1u : 0u;
                            }});
  Options options;
  options.backends.groups = {{compiler}, {MakeFake({.name = "b", .kernels = KernelsFor({"Exp"})})}};
  const auto before = Place(Chain({"Neg", "Exp", "Neg"}), options);
  ASSERT_TRUE(before.ok()) << before.status().message();
  EXPECT_EQ(before->segments.size(), 2u);
  ASSERT_EQ(before->report.rows[1].refusals.size(), 1u);
  EXPECT_EQ(before->report.rows[1].refusals[0].backend, "compiler");
  const int compiled = testing::CompileCount(*compiler);
  const Assumption assumption{"compiler", {{"", "Exp_v2"}}};
  options.assumption = &assumption;
  const auto placed = Place(Chain({"Neg", "Exp", "Neg"}), options);
  ASSERT_TRUE(placed.ok()) << placed.status().message();
  ASSERT_EQ(placed->segments.size(), 1u);
  EXPECT_EQ(placed->segments[0].nodes.size(), 3u);
  EXPECT_EQ(testing::CompileCount(*compiler), compiled);
}

TEST(Place, AGroupIsDecidedByCost) {
  auto slow =
      MakeFake({.name = "slow", .kernels = KernelsFor({"Neg", "Exp"}, {.efficiency = 100})});
  auto fast = MakeFake({.name = "fast", .kernels = KernelsFor({"Exp"}, {.efficiency = 900})});
  Options options;
  options.backends.groups = {{slow, fast}};
  auto placed = Place(Chain({"Neg", "Exp", "Neg"}, "100000"), options);
  ASSERT_TRUE(placed.ok());
  EXPECT_THAT(Where(*placed), ElementsAre("Neg@slow", "Exp@fast", "Neg@slow"));
}

// A device of great speed is worth the copies for much work only; and a single node amid its own stays on it.
TEST(Place, CopiesCount) {
  auto place = [](const std::string& size) {
    auto host = MakeFake(
        {.name = "host", .kernels = KernelsFor({"Neg", "Exp"}), .gflops = 20, .gbytes = 10});
    auto gpu = MakeFake({.name = "gpu",
                         .kernels = KernelsFor({"Exp", "Neg"}),
                         .own_memory = true,
                         .queue = true,
                         .gflops = 10000,
                         .gbytes = 1000});
    Options options;
    options.backends.groups = {{host, gpu}};
    auto placed = Place(Chain(std::vector<std::string>(30, "Exp"), size), options);
    EXPECT_TRUE(placed.ok());
    return Where(*placed);
  };
  EXPECT_EQ(place("4"), std::vector<std::string>(30, "Exp@host"));
  EXPECT_EQ(place("1000000"), std::vector<std::string>(30, "Exp@gpu"));
}

TEST(Place, FallbacksHaveTheSameArguments) {
  FakeKernel host_memory{.op = "Neg", .name = "other_memory"};
  host_memory.output_memory = {1u << TENON_MEMORY_HOST};
  auto gpu = MakeFake({.name = "gpu",
                       .kernels = {{.op = "Neg", .name = "first", .efficiency = 100},
                                   {.op = "Neg", .name = "second", .efficiency = 800},
                                   host_memory,
                                   {.op = "Neg", .name = "third", .efficiency = 100}},
                       .own_memory = true});
  Options options;
  options.backends.groups = {{gpu}};
  auto placed = Place(Chain({"Neg", "Neg"}, "100000"), options);
  ASSERT_TRUE(placed.ok());
  EXPECT_EQ(placed->report.rows[0].kernel, "second");
  EXPECT_THAT(placed->report.rows[0].fallbacks, ElementsAre("first", "third"));
}

TEST(Place, ARewrittenNodeTakesThePlaceOfItsOwn) {
  FakeKernel old{.op = "Softmax"};
  old.revision_max = 12;
  GraphBuilder b;
  b.Input("x", {"2", "3", "4"});
  b.Node("Softmax", {"x"}, {"y"}, {{"axis", int64_t{-1}}});
  b.Node("Softmax", {"y"}, {"z"}, {{"axis", int64_t{2}}});
  b.Output("z");
  Options options;
  options.backends.groups = {{MakeFake({.name = "fake", .kernels = {old}})}};
  auto placed = Place(b.Take(), options);
  ASSERT_TRUE(placed.ok()) << placed.status().message();
  EXPECT_TRUE(placed->graph.Validate().ok());
  EXPECT_EQ(placed->nodes.size(), placed->graph.nodes.size());
  EXPECT_EQ(placed->report.rows.size(), placed->graph.nodes.size());
}

TEST(Place, SegmentsAreConvexAndNeedEachOtherInOneDirection) {
  // Two chains that cross: a -> b, c -> d, with a and d of one colour, b and c of another.
  GraphBuilder b;
  b.Input("x", {"4"});
  b.Node("Exp", {"x"}, {"a"});
  b.Node("Neg", {"a"}, {"b"});
  b.Node("Neg", {"x"}, {"c"});
  b.Node("Exp", {"c"}, {"d"});
  b.Node("Add", {"b", "d"}, {"e"});
  b.Output("e");
  auto compiler = MakeFake({.name = "compiler", .colour = [](const tenon_node& node) {
                              const std::string op = node.op;
                              return op == "Exp" ? 1u : op == "Neg" ? 2u : 0u;
                            }});
  Options options;
  options.backends.groups = {{compiler},
                             {MakeFake({.name = "host", .kernels = KernelsFor({"Add"})})}};
  auto placed = Place(b.Take(), options);
  ASSERT_TRUE(placed.ok()) << placed.status().message();
  EXPECT_TRUE(placed->graph.Validate().ok());
  EXPECT_EQ(placed->segments.size(), 4u);
  for (const Segment& segment : placed->segments) {
    EXPECT_EQ(segment.inputs.size(), 1u);
    EXPECT_EQ(segment.outputs.size(), 1u);
    EXPECT_EQ(*segment.artifact, "1 nodes");
  }
}

TEST(Place, ACompilerSaysWhyItDoesNotTakeANode) {
  auto compiler = MakeFake(
      {.name = "compiler",
       .refuses = [](const tenon_node& node) { return node.op; },
       .colour =
           [](const tenon_node& node) { return std::string_view(node.op) == "Exp" ? 1u : 0u; }});
  Options options;
  options.backends.groups = {{compiler},
                             {MakeFake({.name = "host", .kernels = KernelsFor({"Neg"})})}};
  auto placed = Place(Chain({"Exp", "Neg"}), options);
  ASSERT_TRUE(placed.ok()) << placed.status().message();
  EXPECT_TRUE(placed->report.rows[0].refusals.empty());
  ASSERT_EQ(placed->report.rows[1].refusals.size(), 1u);
  EXPECT_EQ(placed->report.rows[1].refusals[0].backend, "compiler");
  EXPECT_EQ(placed->report.rows[1].refusals[0].reason, TENON_REASON_RANK);
  EXPECT_EQ(placed->report.rows[1].refusals[0].message, "rank: got Neg, wants another");
}

TEST(Place, WhatACompilerDeclinesSaysWhy) {
  auto compiler = MakeFake({.name = "compiler",
                            .colour = [](const tenon_node&) { return 1u; },
                            .compile_code = TENON_UNSUPPORTED});
  Options options;
  options.backends.groups = {{compiler},
                             {MakeFake({.name = "host", .kernels = KernelsFor({"Exp"})})}};
  auto placed = Place(Chain({"Exp"}), options);
  ASSERT_TRUE(placed.ok()) << placed.status().message();
  ASSERT_EQ(placed->report.rows[0].refusals.size(), 1u);
  EXPECT_THAT(placed->report.rows[0].refusals[0].message,
              StartsWith("its segment was not compiled: "));
}

TEST(Place, WhatACompilerDeclinesGoesToKernels) {
  auto compiler = MakeFake({.name = "compiler",
                            .kernels = KernelsFor({"Exp"}),
                            .colour = [](const tenon_node&) { return 1u; },
                            .compile_code = TENON_UNSUPPORTED});
  Options options;
  options.backends.groups = {{compiler}};
  auto placed = Place(Chain({"Exp", "Exp"}), options);
  ASSERT_TRUE(placed.ok()) << placed.status().message();
  EXPECT_EQ(placed->segments.size(), 0u);
  auto broken = MakeFake({.name = "broken",
                          .colour = [](const tenon_node&) { return 1u; },
                          .compile_code = TENON_OUT_OF_MEMORY});
  options.backends.groups = {{broken}};
  const auto failed = Place(Chain({"Exp", "Exp"}), options);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.status().code(), Code::kOutOfMemory);
  EXPECT_THAT(std::string(failed.status().message()),
              StartsWith("compiling a segment of 2 nodes from \"Exp_v1\" on broken"));
}

TEST(Place, ArtifactsComeFromTheCacheTheSecondTime) {
  auto services = std::make_shared<backend::HostServices>();
  services->cache_directory = ::testing::TempDir() + "/tenon_place_test_cache";
  std::filesystem::remove_all(services->cache_directory);
  auto compiler =
      MakeFake({.name = "compiler", .colour = [](const tenon_node&) { return 1u; }}, services);
  Options options;
  options.backends.groups = {{compiler}};
  for (int i = 0; i < 2; ++i) {
    auto placed = Place(Chain({"Exp", "Neg"}), options);
    ASSERT_TRUE(placed.ok()) << placed.status().message();
    EXPECT_EQ(*placed->segments[0].artifact, "2 nodes");
  }
  EXPECT_EQ(testing::CompileCount(*compiler), 1);
  ASSERT_TRUE(Place(Chain({"Exp", "Exp"}), options).ok());
  EXPECT_EQ(testing::CompileCount(*compiler), 2);
  std::filesystem::remove_all(services->cache_directory);
}

TEST(Place, ArtifactsThatCannotBeKeptOrUsedCostALogLine) {
  auto services = std::make_shared<backend::HostServices>();
  std::string log;
  services->log = [&](tenon_log_level, std::string_view line) { log += line; };
  services->cache_directory = ::testing::TempDir() + "/tenon_place_test_stale";
  std::filesystem::remove_all(services->cache_directory);
  const auto place = [&](tenon_code check_code) {
    auto compiler = MakeFake({.name = "compiler",
                              .colour = [](const tenon_node&) { return 1u; },
                              .check_code = check_code},
                             services);
    Options options;
    options.backends.groups = {{compiler}};
    auto placed = Place(Chain({"Exp", "Neg"}), options);
    EXPECT_TRUE(placed.ok()) << placed.status().message();
    return testing::CompileCount(*compiler);
  };
  EXPECT_EQ(place(TENON_OK), 1);
  EXPECT_EQ(place(TENON_OK), 0);
  EXPECT_EQ(log, "");
  EXPECT_EQ(place(TENON_INCOMPATIBLE), 1);
  EXPECT_THAT(log, HasSubstr("the segment is compiled again"));
  std::filesystem::remove_all(services->cache_directory);
  std::ofstream(services->cache_directory) << "no folder";
  log.clear();
  EXPECT_EQ(place(TENON_OK), 1);
  EXPECT_THAT(log, HasSubstr("can't be written"));
  std::filesystem::remove_all(services->cache_directory);
}

// Reshape to the shape of a value from within: one segment, which knows where the sizes come from if the
// compiler takes Shape.
TEST(Place, ShapeArithmeticDoesNotEndASegmentAndGoesAlong) {
  for (const bool takes_shape : {true, false}) {
    GraphBuilder b;
    b.Input("x", {"N", "6"});
    b.Node("Exp", {"x"}, {"a"});
    b.Node("Shape", {"a"}, {"s"});
    b.Node("Neg", {"a"}, {"b"});
    b.Node("Reshape", {"b", "s"}, {"y"});
    b.Output("y");
    auto compiler =
        MakeFake({.name = "compiler", .colour = [=](const tenon_node& node) {
                    return std::string_view(node.op) != "Shape" || takes_shape ? 1u : 0u;
                  }});
    Options options;
    options.backends.groups = {{compiler}};
    auto placed = Place(b.Take(), options);
    ASSERT_TRUE(placed.ok()) << placed.status().message();
    EXPECT_TRUE(placed->graph.Validate().ok());
    EXPECT_THAT(Where(*placed), ::testing::UnorderedElementsAre("Exp@compiler", "Neg@compiler",
                                                                "Reshape@compiler", "Shape@host"));
    for (const NodeChoice& row : placed->report.rows) EXPECT_TRUE(row.refusals.empty());
    ASSERT_EQ(placed->segments.size(), 1u);
    const Segment& segment = placed->segments[0];
    EXPECT_EQ(segment.nodes.size(), 3u);
    EXPECT_EQ(segment.arithmetic.size(), takes_shape ? 1u : 0u);
    EXPECT_EQ(segment.inputs.size(), takes_shape ? 1u : 2u);
    EXPECT_EQ(segment.outputs.size(), 1u);
    EXPECT_EQ(*segment.artifact, takes_shape ? "4 nodes" : "3 nodes");
  }
}

// A shape that comes from another backend's node keeps the order: that node first.
TEST(Place, ShapeArithmeticKeepsPartsInOrder) {
  GraphBuilder b;
  b.Input("x", {"N", "6"});
  b.Node("Exp", {"x"}, {"a"});
  b.Node("Neg", {"a"}, {"n"});
  b.Node("Shape", {"n"}, {"s"});
  b.Node("Exp", {"a"}, {"e"});
  b.Node("Reshape", {"e", "s"}, {"y"});
  b.Output("y");
  b.Output("n");
  auto compiler = MakeFake({.name = "compiler", .colour = [](const tenon_node& node) {
                              return std::string_view(node.op) != "Neg" ? 1u : 0u;
                            }});
  Options options;
  options.backends.groups = {{compiler},
                             {MakeFake({.name = "host", .kernels = KernelsFor({"Neg"})})}};
  auto placed = Place(b.Take(), options);
  ASSERT_TRUE(placed.ok()) << placed.status().message();
  EXPECT_TRUE(placed->graph.Validate().ok());
  EXPECT_EQ(placed->segments.size(), 2u);
}

}  // namespace
}  // namespace tenon::placement
