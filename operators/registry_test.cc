#include <gtest/gtest.h>

#include <set>

#include "tenon/operators/kernel.h"
#include "tenon/operators/operator.h"

namespace tenon::operators {
namespace {

TEST(Registry, FindsEveryRowOnce) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const Operator* op : AllOperators()) {
    EXPECT_TRUE(seen.emplace(op->domain, op->name).second) << op->name;
    EXPECT_EQ(FindOperator(op->domain, op->name), op);
    for (size_t i = 1; i < op->revisions.size(); ++i) {
      EXPECT_LT(op->revisions[i - 1].number, op->revisions[i].number) << op->name;
      EXPECT_LT(op->revisions[i - 1].since_opset, op->revisions[i].since_opset) << op->name;
    }
  }
  EXPECT_EQ(FindOperator("", "NoSuch"), nullptr);
  EXPECT_EQ(FindOperator("ai.tenon", "Conv"), nullptr);
}

TEST(Registry, KnowsRevisions) {
  const Operator& clip = *FindOperator("", "Clip");
  EXPECT_EQ(RevisionAt(clip, 6), 1);
  EXPECT_EQ(RevisionAt(clip, 10), 1);
  EXPECT_EQ(RevisionAt(clip, 11), 11);
  EXPECT_EQ(RevisionAt(clip, 23), 11);
  EXPECT_EQ(OpsetOf(clip, 11), 11);
  EXPECT_EQ(RevisionAt(*FindOperator("", "Gelu"), 19), 0);
}

// A kernel that no newest revision reaches would be dead.
TEST(Registry, KernelsTakeTheNewestRevision) {
  std::set<std::string_view> computed;
  for (const Kernel* kernel : AllKernels()) {
    const Operator* op = FindOperator(kernel->domain, kernel->name);
    ASSERT_NE(op, nullptr) << kernel->name;
    EXPECT_LE(kernel->revision_min, op->newest().number) << kernel->name;
    EXPECT_GE(kernel->revision_max, op->newest().number) << kernel->name;
    computed.insert(kernel->name);
  }
  // Constants become initializers, Upsample becomes Resize, Scatter ScatterElements.
  for (const Operator* op : AllOperators()) {
    if (op->name == "Constant" || op->name == "Upsample" || op->name == "Scatter" ||
        (op->flags & kOnHost) != 0)
      continue;
    EXPECT_TRUE(computed.contains(op->name)) << op->name << " has no reference kernel";
  }
}

}  // namespace
}  // namespace tenon::operators
