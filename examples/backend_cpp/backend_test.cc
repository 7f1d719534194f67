// The built backend, through its slots, without the runtime.
#include "tenon/backend_api/sdk/testing/backend.h"

#include <gtest/gtest.h>

#include <vector>

#include "tenon/backend_api/sdk/testing/host.h"
#include "tenon/backend_api/sdk/testing/kernel.h"
#include "tenon/backend_api/sdk/testing/node.h"

namespace {

using namespace tenon::sdk::testing;  // NOLINT

class Example : public testing::Test {
 protected:
  void SetUp() override {
    devices_ = backend_.Interface<tenon_device_interface>("device");
    memory_ = backend_.Interface<tenon_memory_interface>("memory");
    ASSERT_EQ(devices_->open(backend_.handle(), 0, &device_).code, TENON_OK);
  }
  void TearDown() override {
    devices_->close(device_);
    EXPECT_EQ(host_.live_details, 0);
  }
  TestKernel Kernel(const char* name) {
    return TestKernel(backend_.Find(name), backend_.handle(), device_);
  }

  TestHost host_{2};
  TestBackend backend_{EXAMPLE_BACKEND, host_};
  const tenon_device_interface* devices_ = nullptr;
  const tenon_memory_interface* memory_ = nullptr;
  tenon_device* device_ = nullptr;
};

TEST_F(Example, ReluExpandsToFourTypes) {
  for (const char* name : {"relu_float32", "relu_float64", "relu_int8", "relu_int32"}) {
    EXPECT_NE(backend_.Find(name), nullptr) << name;
  }
  std::vector<int8_t> x = {-128, -1, 0, 5}, y(4);
  const TestValue value("x", TENON_INT8, {4});
  const TestArgument in({4}, x.data()), out({4}, y.data());
  TestKernel relu = Kernel("relu_int8");
  ASSERT_EQ(relu.Create(TestNode("Relu", {&value}, {&value})).code, TENON_OK);
  ASSERT_EQ(relu.Prepare({&in}, {&out}).code, TENON_OK);
  ASSERT_EQ(relu.Run(0, {&in}, {&out}).code, TENON_OK);
  EXPECT_EQ(y, (std::vector<int8_t>{0, 0, 0, 5}));
}

// [2, 3] x [3, 9], so that the second panel of 8 columns is not full.
TEST_F(Example, GemmEqualsItsDefinition) {
  for (const bool transposed : {false, true}) {
    std::vector<float> a = {1, 2, 3, 4, 5, 6}, b(27), c(9, 10), y(18), expected(18);
    for (int64_t i = 0; i < 27; ++i) b[static_cast<size_t>(i)] = static_cast<float>(i % 5) - 2;
    for (size_t i = 0; i < 2; ++i) {
      for (size_t j = 0; j < 9; ++j) {
        for (size_t k = 0; k < 3; ++k)
          expected[i * 9 + j] += 0.5f * a[i * 3 + k] * b[transposed ? j * 3 + k : k * 9 + j];
        expected[i * 9 + j] += 2 * 10;
      }
    }
    const std::vector<int64_t> b_dims =
        transposed ? std::vector<int64_t>{9, 3} : std::vector<int64_t>{3, 9};
    const TestValue av("a", TENON_FLOAT32, {-1, 3}), bv("b", b_dims, b),
        cv("c", TENON_FLOAT32, {9}), yv("y", TENON_FLOAT32, {-1, 9});
    const tenon_attribute alpha = FloatAttribute("alpha", 0.5), beta = FloatAttribute("beta", 2),
                          trans = IntAttribute("transB", transposed);
    TestKernel gemm = Kernel("gemm_float32");
    ASSERT_EQ(gemm.Create(TestNode("Gemm", {&av, &bv, &cv}, {&yv}, {&alpha, &beta, &trans})).code,
              TENON_OK);
    ASSERT_NE(gemm.blob(1), nullptr);
    EXPECT_EQ(gemm.blob(1)->bytes, 2 * 3 * 8 * sizeof(float));
    EXPECT_EQ(gemm.blob(2), nullptr);
    const TestArgument in({2, 3}, a.data()), weight(bv), bias({9}, c.data()), out({2, 9}, y.data());
    ASSERT_EQ(gemm.Prepare({&in, &weight, &bias}, {&out}).code, TENON_OK);
    EXPECT_EQ(gemm.plan(0).workspace_kind, 1u);
    ASSERT_EQ(gemm.Run(0, {&in, &weight, &bias}, {&out}).code, TENON_OK);
    EXPECT_EQ(y, expected);
  }
}

TEST_F(Example, GemmSaysWhatItDoesNotTake) {
  const TestValue a("a", TENON_FLOAT32, {2, 3}), b("b", TENON_FLOAT32, {3, 4});
  const tenon_status status = Kernel("gemm_float32").Create(TestNode("Gemm", {&a, &b}, {&a}));
  EXPECT_EQ(status.code, TENON_UNSUPPORTED);
  EXPECT_EQ(host_.Take(status), "11|input 1|a value known only at run time|a constant");
}

TEST_F(Example, MemoryIsReusedAndCounted) {
  tenon_memory_stats stats{};
  stats.struct_size = TENON_SIZE_TO(tenon_memory_stats, allocation_count);
  tenon_buffer* buffers[2] = {};
  void* bases[2] = {};
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(memory_->allocate(device_, 1, 4096, 64, nullptr, &buffers[i], &bases[i]).code,
              TENON_OK);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(bases[i]) % 64, 0u);
  }
  memory_->free(device_, buffers[0], nullptr, 0);
  tenon_buffer* again = nullptr;
  void* base = nullptr;
  ASSERT_EQ(memory_->allocate(device_, 1, 4096, 64, nullptr, &again, &base).code, TENON_OK);
  EXPECT_EQ(base, bases[0]);
  ASSERT_EQ(memory_->stats(device_, 1, &stats).code, TENON_OK);
  EXPECT_EQ(stats.allocation_count, 3u);
  EXPECT_EQ(stats.bytes_in_use, 8192u);
  EXPECT_EQ(stats.bytes_reserved, 8192u);
  memory_->free(device_, buffers[1], nullptr, 0);
  memory_->free(device_, again, nullptr, 0);
  ASSERT_EQ(memory_->trim(device_).code, TENON_OK);
  ASSERT_EQ(memory_->stats(device_, 1, &stats).code, TENON_OK);
  EXPECT_EQ(stats.bytes_reserved, 0u);
  EXPECT_EQ(stats.peak_bytes_in_use, 8192u);
}

TEST_F(Example, OwnOperatorInfersAndRuns) {
  const auto* operators = backend_.Interface<tenon_operators_interface>("operators");
  const tenon_operator* const* list = nullptr;
  uint32_t count = 0;
  ASSERT_EQ(operators->operators(backend_.handle(), &list, &count).code, TENON_OK);
  ASSERT_EQ(count, 1u);
  const TestValue x("x", TENON_FLOAT32, {2, -1}), flat("flat", TENON_FLOAT32, {2});
  const tenon_attribute scale = FloatAttribute("scale", 3);
  const TestNode node("ScaledAdd", {&x, &x}, {&x}, {&scale}), wrong("ScaledAdd", {&x, &flat}, {&x});
  tenon_shape shape{};
  ASSERT_EQ(list[0]->infer(list[0], backend_.handle(), &node, &shape).code, TENON_OK);
  EXPECT_EQ(shape.rank, 2);
  EXPECT_EQ(shape.dims[1], -1);
  const tenon_status status = list[0]->infer(list[0], backend_.handle(), &wrong, &shape);
  EXPECT_EQ(status.code, TENON_INVALID_ARGUMENT);
  EXPECT_EQ(host_.Take(status), "a has the shape [2, ?], b has [2] (expected equal shapes)");

  std::vector<float> a = {1, 2}, b = {10, 20}, y(2);
  const TestArgument first({2, 1}, a.data()), second({2, 1}, b.data()), out({2, 1}, y.data());
  TestKernel kernel = Kernel("scaledadd_float32");
  ASSERT_EQ(kernel.Create(node).code, TENON_OK);
  ASSERT_EQ(kernel.Prepare({&first, &second}, {&out}).code, TENON_OK);
  ASSERT_EQ(kernel.Run(0, {&first, &second}, {&out}).code, TENON_OK);
  EXPECT_EQ(y, (std::vector<float>{31, 62}));
}

}  // namespace
