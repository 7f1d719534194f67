#include "matcher.h"

#include <gtest/gtest.h>

#include "fake_backend.h"
#include "graph_builder.h"

namespace tenon::placement {
namespace {

using testing::FakeKernel;
using testing::GraphBuilder;
using testing::MakeFake;

graph::Graph OneNode(const std::string& op, const std::vector<std::string>& dims,
                     std::vector<graph::Attribute> attributes = {}) {
  GraphBuilder b;
  b.Input("x", dims);
  b.Node(op, {"x"}, {"y"}, std::move(attributes));
  b.Output("y");
  return b.Take();
}

graph::Graph OneConv(int64_t group) {
  GraphBuilder b;
  b.Input("x", {"1", "4", "8", "8"});
  b.Floats("w", {4, 4 / group, 1, 1});
  b.Node("Conv", {"x", "w"}, {"y"}, {{"group", group}});
  b.Output("y");
  return b.Take();
}

// A row: a kernel that does not take the node, and why.
struct Row {
  FakeKernel kernel;
  graph::Graph graph;
  tenon_reason reason;
  std::string message;
};

TEST(Matcher, EveryNoNamesTheFieldWhatItGotAndWhatItWants) {
  static constexpr int64_t kOne[] = {1};
  FakeKernel types{.op = "Neg"};
  types.input_types = TENON_DTYPE_BIT(TENON_INT8) | TENON_DTYPE_BIT(TENON_FLOAT16);
  FakeKernel rank{.op = "Neg"};
  rank.rank_min = 2;
  rank.rank_max = 4;
  FakeKernel group{.op = "Conv"};
  tenon_attribute_rule rule{};
  rule.kind = TENON_RULE_INT_IN;
  rule.name = "group";
  rule.ints = kOne;
  rule.int_count = 1;
  group.rules = {rule};
  FakeKernel fast{.op = "Neg"};
  fast.numerics = TENON_NUMERICS_FAST;
  FakeKernel layout{.op = "Neg"};
  layout.input_layouts = {TENON_LAYOUT_OWN + 9};
  FakeKernel no_reorder{.op = "Neg"};
  no_reorder.output_layouts = {TENON_LAYOUT_OWN};
  FakeKernel memory{.op = "Neg"};
  memory.input_memory = {1u << 7};
  FakeKernel future{.op = "Neg"};
  future.revision_min = 50;
  Row rows[] = {
      {types, OneNode("Neg", {"4"}), TENON_REASON_DTYPE,
       "input 0 dtype: got float32, wants int8 or float16"},
      {rank, OneNode("Neg", {"4"}), TENON_REASON_RANK, "input 0 rank: got 1, wants 2 to 4"},
      {group, OneConv(2), TENON_REASON_ATTRIBUTE, "attribute group: got 2, wants 1"},
      {fast, OneNode("Neg", {"4"}), TENON_REASON_NUMERICS, "numerics: got standard, wants fast"},
      {layout, OneNode("Neg", {"4"}), TENON_REASON_LAYOUT,
       "input 0 layout: got row-major, wants layout 4105, which is unknown"},
      {no_reorder, OneNode("Neg", {"4"}), TENON_REASON_LAYOUT,
       "output 0 layout: got row-major, wants layout 4096, to which the backend has no reorder for "
       "this tensor"},
      {memory, OneNode("Neg", {"4"}), TENON_REASON_MEMORY,
       "input 0 memory: got kinds of the device, wants others"},
      {future, OneNode("Neg", {"4"}), TENON_REASON_REVISION, "revision: got 1, wants 50 to 99"},
      {{.op = "Exp"},
       OneNode("Neg", {"4"}),
       TENON_REASON_OPERATOR,
       "operator: there is no kernel for Neg"},
  };
  for (Row& row : rows) {
    auto fake = MakeFake({.name = "fake", .kernels = {row.kernel}, .layouts = {TENON_LAYOUT_OWN}});
    std::vector<Refusal> refusals;
    const Matcher matcher(*fake->devices()[0], TENON_NUMERICS_STANDARD);
    EXPECT_TRUE(matcher.Find(row.graph, 0, &refusals).empty());
    ASSERT_EQ(refusals.size(), 1u) << row.message;
    EXPECT_EQ(refusals[0].message, row.message);
    EXPECT_EQ(refusals[0].reason, row.reason) << row.message;
    EXPECT_EQ(refusals[0].backend, "fake");
  }
}

TEST(Matcher, TheKernelItselfIsAskedLast) {
  auto fake =
      MakeFake({.name = "fake", .kernels = {{.op = "Neg"}}, .refuses = [](const tenon_node& node) {
                  return std::string(node.inputs[0]->name) == "x" ? "x" : "";
                }});
  std::vector<Refusal> refusals;
  const Matcher matcher(*fake->devices()[0], TENON_NUMERICS_STRICT);
  EXPECT_TRUE(matcher.Find(OneNode("Neg", {"4"}), 0, &refusals).empty());
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].reason, TENON_REASON_OPTION);
  EXPECT_EQ(refusals[0].message, "Neg: got x, wants another node");
}

TEST(Matcher, OlderRevisionsAreSaidWhereTheyCanBe) {
  FakeKernel old{.op = "Softmax"};
  old.revision_max = 12;
  auto fake = MakeFake({.name = "fake", .kernels = {old}});
  const Matcher matcher(*fake->devices()[0], TENON_NUMERICS_STRICT);
  const graph::Graph last = OneNode("Softmax", {"2", "3"}, {{"axis", int64_t{1}}});
  std::vector<Refusal> refusals;
  const std::vector<Match> matches = matcher.Find(last, 0, &refusals);
  ASSERT_EQ(matches.size(), 1u) << refusals[0].message;
  ASSERT_TRUE(matches[0].rewritten);
  const graph::Node& node = matches[0].rewritten->graph.nodes[matches[0].rewritten->node];
  EXPECT_LE(node.revision, 12);
  EXPECT_EQ(last.nodes[0].revision, 13);
}

}  // namespace
}  // namespace tenon::placement
