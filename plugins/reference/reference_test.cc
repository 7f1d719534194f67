// The built plugin, loaded and driven through its slots.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tenon/backend_api/sdk/testing/backend.h"
#include "tenon/backend_api/sdk/testing/host.h"
#include "tenon/backend_api/sdk/testing/kernel.h"
#include "tenon/backend_api/sdk/testing/node.h"

namespace tenon::reference {
namespace {

using namespace sdk::testing;  // NOLINT

std::vector<float> Random(size_t count, uint32_t seed) {
  std::vector<float> values(count);
  for (float& value : values) {
    seed = seed * 1664525u + 1013904223u;
    value = static_cast<float>(seed >> 8) / static_cast<float>(1 << 23) - 1.0f;
  }
  return values;
}

class Reference : public testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(host_.live_details, 0); }
  static const tenon_kernel_descriptor* Find(const TestBackend& backend, std::string_view op) {
    for (const tenon_kernel_descriptor* d : backend.Descriptors()) {
      if (op == d->op && (d->input_dtypes[0] & TENON_DTYPE_BIT(TENON_FLOAT32)) != 0) return d;
    }
    throw std::runtime_error("no kernel of " + std::string(op));
  }
  TestKernel Kernel(std::string_view op) const {
    return TestKernel(Find(backend_, op), backend_.handle());
  }

  TestHost host_;
  TestBackend backend_{TENON_REFERENCE_PLUGIN, host_};
};

TEST_F(Reference, DescribesItselfAndItsKernels) {
  EXPECT_STREQ(backend_.answer().name, "reference");
  const auto* devices = backend_.Interface<tenon_device_interface>("device");
  const tenon_device_info* const* infos = nullptr;
  uint32_t count = 0;
  ASSERT_EQ(devices->enumerate(backend_.handle(), &infos, &count).code, TENON_OK);
  ASSERT_EQ(count, 1u);
  EXPECT_EQ(infos[0]->kind, uint32_t{TENON_DEVICE_HOST});
  EXPECT_EQ(infos[0]->memory_kind_count, 0u);
  EXPECT_GT(infos[0]->gflops, 0);
  EXPECT_EQ(backend_.Interface<void>("memory"), nullptr);
  EXPECT_EQ(backend_.Interface<void>("queue"), nullptr);
  std::set<std::string> names;
  for (const tenon_kernel_descriptor* d : backend_.Descriptors()) {
    EXPECT_TRUE(names.insert(d->name).second) << d->name << " is there twice";
    EXPECT_EQ(d->numerics, uint32_t{TENON_NUMERICS_STRICT});
    EXPECT_EQ(d->determinism, uint32_t{TENON_DETERMINISM_BITWISE});
    EXPECT_LE(d->revision_min, d->revision_max) << d->name;
  }
  EXPECT_TRUE(names.contains("ref_conv"));
  EXPECT_TRUE(names.contains("ref_neg"));
  EXPECT_GE(Find(backend_, "Neg")->in_place_count, 1u);
}

TEST_F(Reference, RunsNegAlsoInPlace) {
  const TestValue x("x", TENON_FLOAT32, {-1}), y("y", TENON_FLOAT32, {-1});
  TestKernel neg = Kernel("Neg");
  ASSERT_EQ(neg.Create(TestNode("Neg", {&x}, {&y})).code, TENON_OK);
  std::vector<float> in = Random(100, 1), out(100);
  const TestArgument from({100}, in.data()), to({100}, out.data());
  ASSERT_EQ(neg.Prepare({&from}, {&to}).code, TENON_OK);
  ASSERT_EQ(neg.Run(0, {&from}, {&to}).code, TENON_OK);
  for (size_t i = 0; i < in.size(); ++i) EXPECT_EQ(out[i], -in[i]);
  ASSERT_EQ(neg.Run(0, {&to}, {&to}).code, TENON_OK);
  EXPECT_EQ(out, in);
}

// A 3x3 convolution with padding 1 and a bias.
class ReferenceConv : public Reference {
 protected:
  static constexpr int64_t kChannels = 5, kFilters = 7, kSize = 33;
  static constexpr int64_t kPads[] = {1, 1, 1, 1};
  const tenon_attribute pads_ = IntsAttribute("pads", kPads);
  const TestValue x_{"x", TENON_FLOAT32, {1, kChannels, -1, -1}},
      w_{"w", TENON_FLOAT32, {kFilters, kChannels, 3, 3}}, b_{"b", TENON_FLOAT32, {kFilters}},
      y_{"y", TENON_FLOAT32, {1, kFilters, -1, -1}};
  const TestNode node_{"Conv", {&x_, &w_, &b_}, {&y_}, {&pads_}};
  std::vector<float> w = Random(kFilters * kChannels * 9, 2), b = Random(kFilters, 3);
  const TestArgument weight_{{kFilters, kChannels, 3, 3}, w.data()}, bias_{{kFilters}, b.data()};

  static double Exact(const std::vector<float>& x, const std::vector<float>& w,
                      const std::vector<float>& b, int64_t size, int64_t f, int64_t row,
                      int64_t column) {
    double sum = b[static_cast<size_t>(f)];
    for (int64_t c = 0; c < kChannels; ++c) {
      for (int64_t tap = 0; tap < 9; ++tap) {
        const int64_t r = row + tap / 3 - 1, q = column + tap % 3 - 1;
        if (r < 0 || q < 0 || r >= size || q >= size) continue;
        sum += double{x[static_cast<size_t>((c * size + r) * size + q)]} *
               w[static_cast<size_t>((f * kChannels + c) * 9 + tap)];
      }
    }
    return sum;
  }
};

TEST_F(ReferenceConv, KeepsWithinItsBoundWithSeveralPlansAlive) {
  TestKernel conv = Kernel("Conv");
  ASSERT_EQ(conv.Create(node_).code, TENON_OK);
  const int64_t sizes[] = {kSize, 8, 1};
  std::vector<std::vector<float>> xs, ys;
  std::vector<std::unique_ptr<TestArgument>> ins, outs;
  for (const int64_t size : sizes) {
    xs.push_back(Random(static_cast<size_t>(kChannels * size * size), 4));
    ys.emplace_back(static_cast<size_t>(kFilters * size * size));
    ins.push_back(std::make_unique<TestArgument>(std::vector<int64_t>{1, kChannels, size, size},
                                                 xs.back().data()));
    outs.push_back(std::make_unique<TestArgument>(std::vector<int64_t>{1, kFilters, size, size},
                                                  ys.back().data()));
    ASSERT_EQ(conv.Prepare({ins.back().get(), &weight_, &bias_}, {outs.back().get()}).code,
              TENON_OK);
  }
  const double bound = Find(backend_, "Conv")->error_bound;
  for (size_t i = 3; i-- > 0;) {
    ASSERT_EQ(conv.Run(i, {ins[i].get(), &weight_, &bias_}, {outs[i].get()}).code, TENON_OK);
    double largest = 0, error = 0;
    for (int64_t j = 0; j < static_cast<int64_t>(ys[i].size()); ++j) {
      const int64_t size = sizes[i];
      const double exact = Exact(xs[i], w, b, size, j / (size * size), j / size % size, j % size);
      largest = std::max(largest, std::abs(exact));
      error = std::max(error, std::abs(exact - ys[i][static_cast<size_t>(j)]));
    }
    EXPECT_LE(error, bound * largest) << "size " << sizes[i];
  }
}

TEST_F(ReferenceConv, IsBitEqualAtAnyNumberOfThreads) {
  std::vector<float> x = Random(kChannels * kSize * kSize, 5), first;
  for (int threads = 1; threads <= 4; ++threads) {
    TestHost host(threads);
    const TestBackend backend(TENON_REFERENCE_PLUGIN, host);
    TestKernel conv(Find(backend, "Conv"), backend.handle());
    ASSERT_EQ(conv.Create(node_).code, TENON_OK);
    std::vector<float> y(kFilters * kSize * kSize);
    const TestArgument in({1, kChannels, kSize, kSize}, x.data()),
        out({1, kFilters, kSize, kSize}, y.data());
    ASSERT_EQ(conv.Prepare({&in, &weight_, &bias_}, {&out}).code, TENON_OK);
    ASSERT_EQ(conv.Run(0, {&in, &weight_, &bias_}, {&out}).code, TENON_OK);
    if (threads == 1) first = y;
    EXPECT_EQ(std::memcmp(first.data(), y.data(), y.size() * sizeof(float)), 0)
        << threads << " threads";
  }
}

TEST_F(ReferenceConv, RunsOnePlanOnManyThreadsAtOnce) {
  TestHost host(2);
  const TestBackend backend(TENON_REFERENCE_PLUGIN, host);
  TestKernel conv(Find(backend, "Conv"), backend.handle());
  ASSERT_EQ(conv.Create(node_).code, TENON_OK);
  std::vector<float> x = Random(kChannels * kSize * kSize, 6);
  const TestArgument in({1, kChannels, kSize, kSize}, x.data());
  std::vector<std::vector<float>> results(4, std::vector<float>(kFilters * kSize * kSize));
  const TestArgument shape({1, kFilters, kSize, kSize}, static_cast<float*>(nullptr));
  ASSERT_EQ(conv.Prepare({&in, &weight_, &bias_}, {&shape}).code, TENON_OK);
  {
    std::vector<std::jthread> threads;
    for (std::vector<float>& result : results) {
      threads.emplace_back([&] {
        const TestArgument out({1, kFilters, kSize, kSize}, result.data());
        for (int i = 0; i < 10; ++i)
          EXPECT_EQ(conv.Run(0, {&in, &weight_, &bias_}, {&out}).code, TENON_OK);
      });
    }
  }
  for (const std::vector<float>& result : results) EXPECT_EQ(result, results[0]);
}

TEST_F(Reference, RefusesWhatItCannotPlan) {
  const TestValue x("x", TENON_FLOAT32, {4});
  const tenon_attribute approximate = TextAttribute("approximate", "roughly");
  const tenon_status status = Kernel("Gelu").Create(TestNode("Gelu", {&x}, {&x}, {&approximate}));
  EXPECT_EQ(status.code, TENON_UNSUPPORTED);
  EXPECT_THAT(host_.Take(status), testing::AllOf(testing::HasSubstr("Gelu \"node\""),
                                                 testing::HasSubstr("approximate")));
}

TEST_F(Reference, RefusesASubgraph) {
  const TestValue x("x", TENON_FLOAT32, {4});
  const tenon_attribute body = Attribute("body", TENON_ATTRIBUTE_GRAPH);
  const tenon_status status = Kernel("Neg").Create(TestNode("Neg", {&x}, {&x}, {&body}));
  EXPECT_EQ(status.code, TENON_UNSUPPORTED);
  EXPECT_EQ(host_.Take(status), "7|attribute body|a graph|a number, a text, a list or a tensor");
}

TEST_F(Reference, KeepsItsOwnCopyOfANode) {
  std::vector<float> in = {-2, -1, 1, 2}, out(4);
  const TestArgument from({4}, in.data()), to({4}, out.data());
  TestKernel leaky = Kernel("LeakyRelu");
  {
    const TestValue x("x", TENON_FLOAT32, {-1});
    char name[] = "alpha";
    tenon_attribute alpha = FloatAttribute(name, 0.5);
    ASSERT_EQ(leaky.Create(TestNode("LeakyRelu", {&x}, {&x}, {&alpha})).code, TENON_OK);
    std::memset(name, '?', sizeof(name) - 1);
    alpha.f = 9;
  }
  ASSERT_EQ(leaky.Prepare({&from}, {&to}).code, TENON_OK);
  ASSERT_EQ(leaky.Run(0, {&from}, {&to}).code, TENON_OK);
  EXPECT_EQ(out, (std::vector<float>{-1, -0.5, 1, 2}));
}

TEST_F(Reference, TakesMoreArgumentsThanFitTheStack) {
  constexpr size_t kCount = 40;
  const TestValue x("x", TENON_FLOAT32, {2});
  TestKernel sum = Kernel("Sum");
  ASSERT_EQ(sum.Create(TestNode("Sum", std::vector<const tenon_value*>(kCount, &x), {&x})).code,
            TENON_OK);
  std::vector<float> in(2 * kCount), out(2);
  std::vector<std::unique_ptr<TestArgument>> parts;
  Arguments inputs;
  for (size_t i = 0; i < kCount; ++i) {
    in[2 * i] = static_cast<float>(i);
    in[2 * i + 1] = 1;
    parts.push_back(std::make_unique<TestArgument>(std::vector<int64_t>{2}, in.data() + 2 * i));
    inputs.push_back(parts.back().get());
  }
  const TestArgument to({2}, out.data());
  ASSERT_EQ(sum.Prepare(inputs, {&to}).code, TENON_OK);
  ASSERT_EQ(sum.Run(0, inputs, {&to}).code, TENON_OK);
  EXPECT_EQ(out, (std::vector<float>{kCount * (kCount - 1) / 2, kCount}));
}

}  // namespace
}  // namespace tenon::reference
