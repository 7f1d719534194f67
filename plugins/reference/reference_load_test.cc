// The built plugin in the runtime's hands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tenon/backend/backend.h"
#include "tenon/backend_api/sdk/testing/kernel.h"
#include "tenon/backend_api/sdk/testing/node.h"

namespace tenon::reference {
namespace {

using namespace sdk::testing;  // NOLINT

class ReferenceLoad : public testing::Test {
 protected:
  void SetUp() override {
    backend::LoadOptions options;
    auto loaded = backend::Backend::Load(TENON_REFERENCE_PLUGIN, options,
                                         std::make_shared<backend::HostServices>());
    ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
    backend_ = std::move(loaded).value();
  }
  void TearDown() override {
    if (backend_ != nullptr) {
      EXPECT_THAT(backend_->violations(), testing::IsEmpty());
    }
  }

  TestKernel Kernel(std::string_view op) const {
    for (const tenon_kernel_descriptor* d : backend_->descriptors()) {
      if (op == d->op) return TestKernel(d, backend_->handle(), backend_->devices()[0]->handle());
    }
    throw std::runtime_error("no kernel of " + std::string(op));
  }

  std::shared_ptr<backend::Backend> backend_;
};

TEST_F(ReferenceLoad, IsTheHost) {
  EXPECT_EQ(backend_->name(), "reference");
  ASSERT_EQ(backend_->devices().size(), 1u);
  EXPECT_TRUE(backend_->devices()[0]->IsHost());
  EXPECT_EQ(backend_->devices()[0]->queue(), nullptr);
  EXPECT_THAT(backend_->options(), testing::IsEmpty());
}

TEST_F(ReferenceLoad, RunsConvOnManyThreads) {
  constexpr int64_t kSize = 20;
  const TestValue x("x", TENON_FLOAT32, {1, 1, -1, -1}), w("w", TENON_FLOAT32, {1, 1, 3, 3}),
      y("y", TENON_FLOAT32, {1, 1, -1, -1});
  TestKernel conv = Kernel("Conv");
  ASSERT_EQ(conv.Create(TestNode("Conv", {&x, &w}, {&y})).code, TENON_OK);
  std::vector<float> image(kSize * kSize, 2), ones(9, 1);
  const TestArgument in({1, 1, kSize, kSize}, image.data()), weight({1, 1, 3, 3}, ones.data());
  const TestArgument shape({1, 1, kSize - 2, kSize - 2}, static_cast<float*>(nullptr));
  ASSERT_EQ(conv.Prepare({&in, &weight}, {&shape}).code, TENON_OK);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      std::vector<float> result((kSize - 2) * (kSize - 2));
      const TestArgument out({1, 1, kSize - 2, kSize - 2}, result.data());
      for (int i = 0; i < 5; ++i) EXPECT_EQ(conv.Run(0, {&in, &weight}, {&out}).code, TENON_OK);
      EXPECT_THAT(result, testing::Each(18.0f));
    });
  }
}

TEST_F(ReferenceLoad, RefusalReachesTheReport) {
  const TestValue x("x", TENON_FLOAT32, {4});
  const tenon_attribute body = Attribute("body", TENON_ATTRIBUTE_GRAPH);
  const Status why = backend_->Take(Kernel("Neg").Create(TestNode("Neg", {&x}, {&x}, {&body})));
  EXPECT_EQ(why.code(), Code::kUnsupported);
  EXPECT_THAT(std::string(why.message()),
              testing::AllOf(testing::HasSubstr("body"), testing::HasSubstr("a graph")));
}

}  // namespace
}  // namespace tenon::reference
