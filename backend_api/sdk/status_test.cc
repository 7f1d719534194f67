#include "tenon/backend_api/sdk/status.h"

#include <gtest/gtest.h>

#include "tenon/backend_api/sdk/host.h"
#include "tenon/backend_api/sdk/node.h"
#include "tenon/backend_api/sdk/testing/host.h"
#include "tenon/backend_api/sdk/testing/node.h"

namespace tenon::sdk_test {
namespace {

using namespace sdk::testing;  // NOLINT

TEST(Guard, PassesOnWhatTheBodyGives) {
  TestHost host;
  EXPECT_EQ(sdk::Guard(&host, [] {}).code, TENON_OK);
  const tenon_status status =
      sdk::Guard(&host, [&] { return sdk::Host(&host).Error(TENON_IO, "disk"); });
  EXPECT_EQ(status.code, TENON_IO);
  EXPECT_EQ(host.Take(status), "disk");
}

TEST(Guard, TurnsExceptionsIntoStatuses) {
  TestHost host;
  const auto thrown = [&](auto exception) { return sdk::Guard(&host, [&] { throw exception; }); };
  EXPECT_EQ(thrown(std::bad_alloc()).code, TENON_OUT_OF_MEMORY);
  EXPECT_EQ(thrown(std::bad_alloc()).detail, nullptr);

  tenon_status status = thrown(std::runtime_error("broken"));
  EXPECT_EQ(status.code, TENON_INTERNAL);
  EXPECT_EQ(host.Take(status), "broken");
  status = thrown(sdk::Failure(TENON_DATA_LOSS, "truncated"));
  EXPECT_EQ(status.code, TENON_DATA_LOSS);
  EXPECT_EQ(host.Take(status), "truncated");
  status = thrown(sdk::Refusal(TENON_REASON_ATTRIBUTE, "attribute group", "2", "1"));
  EXPECT_EQ(status.code, TENON_UNSUPPORTED);
  EXPECT_EQ(host.Take(status), std::to_string(TENON_REASON_ATTRIBUTE) + "|attribute group|2|1");
  status = thrown(42);
  EXPECT_EQ(status.code, TENON_INTERNAL);
  EXPECT_NE(host.Take(status), "");
  EXPECT_EQ(host.live_details, 0);
}

TEST(Guard, NeedsNoHostToFail) {
  const tenon_status status = sdk::Guard(nullptr, [] { throw sdk::Failure(TENON_IO, "x"); });
  EXPECT_EQ(status.code, TENON_IO);
  EXPECT_EQ(status.detail, nullptr);
}

TEST(Guard, LogsWhatEndingThrows) {
  TestHost host;
  sdk::GuardEnd(&host, [] { throw std::runtime_error("cannot end"); });
  ASSERT_EQ(host.lines.size(), 1u);
  EXPECT_EQ(host.lines[0], "cannot end");
}

TEST(ParallelFor, CoversEachElementOnceAtAnyNumberOfThreads) {
  for (int threads = 1; threads <= 4; ++threads) {
    TestHost host(threads);
    std::vector<int> touched(1000, 0);
    sdk::Host(&host).ParallelFor(1000, 7, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) ++touched[static_cast<size_t>(i)];
    });
    EXPECT_EQ(touched, std::vector<int>(1000, 1));
  }
}

TEST(ParallelFor, ThrowsOnTheCallerWhatAChunkThrew) {
  TestHost host(4);
  EXPECT_THROW(sdk::Host(&host).ParallelFor(100, 1,
                                            [](int64_t begin, int64_t) {
                                              if (begin % 3 == 0) throw std::runtime_error("chunk");
                                            }),
               std::runtime_error);
}

TEST(Refusal, SaysFieldGotAndWants) {
  TestHost host;
  const TestValue x("x", TENON_FLOAT32, {1, -1, -3});
  const tenon_attribute group = IntAttribute("group", 2);
  const TestNode raw("Conv", {&x, nullptr}, {}, {&group});
  const sdk::Node node(sdk::Host(&host), &raw);

  const auto says = [&](const tenon_status& status) { return host.Take(status); };
  EXPECT_EQ(says(node.RefuseAttribute("group", "2", "1")), "7|attribute group|2|1");
  EXPECT_EQ(says(node.RefuseRank(0, "4")), "4|input 0 rank|3|4");
  EXPECT_EQ(says(node.RefuseShape(0, "known sizes")), "6|input 0 shape|[1, ?, s1]|known sizes");
  EXPECT_EQ(says(node.RefuseNotConstant(0)),
            "11|input 0|a value known only at run time|a constant");
}

TEST(Node, ReadsAttributesAndConstants) {
  TestHost host;
  const int64_t shape[] = {2, 3};
  const TestValue x("x", TENON_FLOAT32, {6});
  const TestValue s("s", TENON_INT64, {2}, shape, sizeof(shape));
  const tenon_attribute axis = IntAttribute("axis", -1);
  const TestNode raw("Any", {&x, nullptr, &s}, {}, {&axis});
  const sdk::Node node(sdk::Host(&host), &raw);

  EXPECT_EQ(node.Int("axis", 0), -1);
  EXPECT_EQ(node.Int("other", 5), 5);
  EXPECT_EQ(node.Float("axis", 0.5f), 0.5f);  // of another kind
  EXPECT_TRUE(node.Input(0));
  EXPECT_FALSE(node.Input(1));
  EXPECT_FALSE(node.Input(3));
  EXPECT_TRUE(node.Input(0).Constant<float>().empty());
  ASSERT_EQ(node.Input(2).Constant<int64_t>().size(), 2u);
  EXPECT_EQ(node.Input(2).Constant<int64_t>()[1], 3);
  EXPECT_TRUE(node.Input(2).Constant<int32_t>().empty());
}

}  // namespace
}  // namespace tenon::sdk_test
