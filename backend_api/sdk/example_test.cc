// Compiles and runs the example in the comment of sdk.h; CMake takes it out of there.
#include <gtest/gtest.h>

#include "sdk_example.inc"
#include "tenon/backend_api/sdk/testing/backend.h"
#include "tenon/backend_api/sdk/testing/host.h"
#include "tenon/backend_api/sdk/testing/kernel.h"

namespace tenon::sdk_test {
namespace {

using namespace sdk::testing;  // NOLINT

class ExampleTest : public testing::TestWithParam<int> {
 protected:
  TestHost host_{GetParam()};
  TestBackend backend_{&tenon_negotiate, host_};
};

TEST_P(ExampleTest, ExpandsTypes) {
  ASSERT_EQ(backend_.Descriptors().size(), 4u);
  EXPECT_NE(backend_.Find("neg_float64"), nullptr);
}

TEST_P(ExampleTest, MatMulPacksPlansAndRuns) {
  const tenon_kernel_descriptor* d = backend_.Find("matmul_float32");
  ASSERT_NE(d, nullptr);
  const std::vector<float> w = {1, 0, 2, 1, 0, 3};
  std::vector<float> x = {1, 2, 3, 4, 5, 6}, y(4);
  const TestValue xv("x", TENON_FLOAT32, {-1, 3}), wv("w", {3, 2}, w),
      yv("y", TENON_FLOAT32, {-1, 2});
  TestKernel kernel(d, backend_.handle());
  ASSERT_EQ(kernel.Create(TestNode("MatMul", {&xv, &wv}, {&yv})).code, TENON_OK);
  ASSERT_NE(kernel.blob(1), nullptr);
  EXPECT_EQ(kernel.blob(1)->bytes, w.size() * sizeof(float));

  const TestArgument in({2, 3}, x.data()), weight(wv), out({2, 2}, y.data());
  ASSERT_EQ(kernel.Prepare({&in, &weight}, {&out}).code, TENON_OK);
  EXPECT_EQ(kernel.plan(0).workspace_bytes, 6 * sizeof(double));
  ASSERT_EQ(kernel.Run(0, {&in, &weight}, {&out}).code, TENON_OK);
  EXPECT_EQ(y, (std::vector<float>{5, 11, 14, 23}));
}

TEST_P(ExampleTest, MatMulRefusesAWeightThatIsNotConstant) {
  const tenon_kernel_descriptor* d = backend_.Find("matmul_float32");
  const TestValue x("x", TENON_FLOAT32, {2, 3}), w("w", TENON_FLOAT32, {3, 2});
  const TestNode node("MatMul", {&x, &w}, {&x});
  const tenon_status status = d->supports(d, backend_.handle(), nullptr, &node);
  EXPECT_EQ(status.code, TENON_UNSUPPORTED);
  EXPECT_EQ(host_.Take(status), "11|input 1|a value known only at run time|a constant");
}

INSTANTIATE_TEST_SUITE_P(Threads, ExampleTest, testing::Values(1, 4));

}  // namespace
}  // namespace tenon::sdk_test
