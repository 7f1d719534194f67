// Compiles and runs the example in the comment of sdk.h; CMake takes it out of there.
#include <gtest/gtest.h>

#include "sdk_example.inc"
#include "test_host.h"

namespace tenon::sdk_test {
namespace {

class ExampleTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const tenon_offer offer{TENON_SIZE_TO(tenon_offer, host_version), TENON_ABI_MAJOR, 1, 1, TENON_SANITIZER, 0, ""};
    tenon_answer answer{};
    answer.struct_size = TENON_SIZE_TO(tenon_answer, reason_size);
    ASSERT_EQ(tenon_negotiate(&offer, &answer), 0);
    ASSERT_EQ(answer.create(&host_, &backend_).code, TENON_OK);
  }
  void TearDown() override { backend_->destroy(backend_); }
  const tenon_kernel_descriptor* Find(const std::string& name) {
    const auto* table = static_cast<const tenon_kernel_interface*>(backend_->interface(backend_, "kernel", 1));
    const tenon_kernel_descriptor* const* list = nullptr;
    uint32_t count = 0;
    EXPECT_EQ(table->descriptors(backend_, &list, &count).code, TENON_OK);
    EXPECT_EQ(count, 4u);
    for (uint32_t i = 0; i < count; ++i) {
      if (name == list[i]->name) return list[i];
    }
    return nullptr;
  }
  TestHost host_{GetParam()};
  tenon_backend* backend_ = nullptr;
};

TEST_P(ExampleTest, MatMulPacksPlansAndRuns) {
  const tenon_kernel_descriptor* d = Find("matmul_float32");
  ASSERT_NE(d, nullptr);
  float x[] = {1, 2, 3, 4, 5, 6}, w[] = {1, 0, 2, 1, 0, 3}, blob[6], y[4];
  const TestValue xv("x", TENON_FLOAT32, {-1, 3}), wv("w", TENON_FLOAT32, {3, 2}, w, sizeof(w)),
      yv("y", TENON_FLOAT32, {-1, 2});
  const TestNode node("MatMul", {&xv, &wv}, {&yv});
  tenon_kernel* kernel = nullptr;
  ASSERT_EQ(d->supports(d, backend_, nullptr, &node).code, TENON_OK);
  ASSERT_EQ(d->create(d, backend_, nullptr, &node, &kernel).code, TENON_OK);

  const TestArgument<float> weight(TENON_FLOAT32, {3, 2}, w), packed(TENON_UINT8, {24}, blob),
      in(TENON_FLOAT32, {2, 3}, x), out(TENON_FLOAT32, {2, 2}, y);
  tenon_prepack_info pack{};
  ASSERT_EQ(d->prepack(d, kernel, 1, &weight, nullptr, &pack).code, TENON_OK);
  ASSERT_EQ(pack.bytes, sizeof(blob));
  ASSERT_EQ(d->prepack(d, kernel, 1, &weight, &packed, &pack).code, TENON_OK);
  const tenon_argument* ins[] = {&in, &packed};
  const tenon_argument* outs[] = {&out};
  tenon_plan_info info{};
  ASSERT_EQ(d->prepare(d, kernel, ins, 2, outs, 1, &info).code, TENON_OK);
  std::vector<double> scratch(info.workspace_bytes / sizeof(double));
  ASSERT_EQ(scratch.size(), 6u);
  const TestArgument<double> workspace(TENON_UINT8, {static_cast<int64_t>(scratch.size())}, scratch.data());
  tenon_run run{};
  run.inputs = ins;
  run.outputs = outs;
  run.input_count = 2;
  run.output_count = 1;
  run.workspace = &workspace;
  ASSERT_EQ(d->run(d, kernel, info.plan, &run).code, TENON_OK);
  EXPECT_EQ(std::vector<float>(y, y + 4), (std::vector<float>{5, 11, 14, 23}));
  d->destroy(d, kernel);
}

TEST_P(ExampleTest, MatMulRefusesAWeightThatIsNotConstant) {
  const tenon_kernel_descriptor* d = Find("matmul_float32");
  const TestValue x("x", TENON_FLOAT32, {2, 3}), w("w", TENON_FLOAT32, {3, 2});
  const TestNode node("MatMul", {&x, &w}, {&x});
  const tenon_status status = d->supports(d, backend_, nullptr, &node);
  EXPECT_EQ(status.code, TENON_UNSUPPORTED);
  EXPECT_EQ(host_.Take(status), "11|input 1|a value known only at run time|a constant");
}

INSTANTIATE_TEST_SUITE_P(Threads, ExampleTest, testing::Values(1, 4));

}  // namespace
}  // namespace tenon::sdk_test
