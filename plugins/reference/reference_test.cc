// The built plugin, loaded and driven through its slots.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <set>
#include <thread>

#include "tenon/backend/backend.h"
#include "tenon/backend_api/sdk/testing/kernel.h"
#include "tenon/backend_api/sdk/testing/node.h"

namespace tenon::reference {
namespace {

using namespace sdk::testing;  // NOLINT

// Chunks in an arbitrary order on a number of threads.
class Threads : public backend::ParallelRunner {
 public:
  explicit Threads(int count) : count_(count) {}
  void ParallelFor(int64_t total, int64_t chunk, Body body, void* context) override {
    std::atomic<int64_t> next{0};
    const auto work = [&] {
      for (int64_t i; (i = next.fetch_add(chunk)) < total;) body(context, i, std::min(i + chunk, total));
    };
    std::vector<std::jthread> others;
    for (int i = 1; i < count_; ++i) others.emplace_back(work);
    work();
  }
  Status Submit(std::function<void()> task) override {
    task();
    return {};
  }

 private:
  int count_;
};

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
  void SetUp() override { Load(1); }
  void Load(int threads) {
    auto services = std::make_shared<backend::HostServices>();
    services->parallel = std::make_shared<Threads>(threads);
    backend::LoadOptions options;
    options.layers = {"validate"};
    auto loaded = backend::Backend::Load(TENON_REFERENCE_PLUGIN, options, services);
    ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
    backend_ = std::move(loaded).value();
  }
  void TearDown() override {
    if (backend_) EXPECT_EQ(backend_->violations(), std::vector<std::string>());
  }

  const tenon_kernel_descriptor* Find(std::string_view op, tenon_dtype dtype = TENON_FLOAT32) const {
    for (const tenon_kernel_descriptor* d : backend_->descriptors()) {
      if (op == d->op && (d->input_dtypes[0] & TENON_DTYPE_BIT(dtype)) != 0) return d;
    }
    ADD_FAILURE() << "no kernel of " << op;
    return nullptr;
  }
  tenon_device* device() const { return backend_->devices()[0]->handle(); }
  TestKernel Kernel(std::string_view op) const { return TestKernel(Find(op), backend_->handle(), device()); }
  std::string Message(const tenon_status& status) const { return backend_->Take(status).ToString(); }

  std::shared_ptr<backend::Backend> backend_;
};

TEST_F(Reference, DescribesItselfAndItsKernels) {
  EXPECT_EQ(backend_->name(), "reference");
  ASSERT_EQ(backend_->devices().size(), 1u);
  EXPECT_TRUE(backend_->devices()[0]->IsHost());
  EXPECT_EQ(backend_->devices()[0]->queue(), nullptr);
  EXPECT_TRUE(backend_->options().empty());
  std::set<std::string> names;
  for (const tenon_kernel_descriptor* d : backend_->descriptors()) {
    EXPECT_TRUE(names.insert(d->name).second) << d->name << " is there twice";
    EXPECT_EQ(d->numerics, uint32_t{TENON_NUMERICS_STRICT});
    EXPECT_EQ(d->determinism, uint32_t{TENON_DETERMINISM_BITWISE});
    EXPECT_LE(d->revision_min, d->revision_max) << d->name;
  }
  EXPECT_TRUE(names.contains("ref_conv"));
  EXPECT_TRUE(names.contains("ref_neg"));
  EXPECT_GE(Find("Neg")->in_place_count, 1u);
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
  const TestValue x_{"x", TENON_FLOAT32, {1, kChannels, -1, -1}}, w_{"w", TENON_FLOAT32, {kFilters, kChannels, 3, 3}},
      b_{"b", TENON_FLOAT32, {kFilters}}, y_{"y", TENON_FLOAT32, {1, kFilters, -1, -1}};
  const TestNode node_{"Conv", {&x_, &w_, &b_}, {&y_}, {&pads_}};
  std::vector<float> w = Random(kFilters * kChannels * 9, 2), b = Random(kFilters, 3);
  const TestArgument weight_{{kFilters, kChannels, 3, 3}, w.data()}, bias_{{kFilters}, b.data()};

  static double Exact(const std::vector<float>& x, const std::vector<float>& w, const std::vector<float>& b,
                      int64_t size, int64_t f, int64_t row, int64_t column) {
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
    ins.push_back(std::make_unique<TestArgument>(std::vector<int64_t>{1, kChannels, size, size}, xs.back().data()));
    outs.push_back(std::make_unique<TestArgument>(std::vector<int64_t>{1, kFilters, size, size}, ys.back().data()));
    ASSERT_EQ(conv.Prepare({ins.back().get(), &weight_, &bias_}, {outs.back().get()}).code, TENON_OK);
  }
  const double bound = Find("Conv")->error_bound;
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
    Load(threads);
    TestKernel conv = Kernel("Conv");
    ASSERT_EQ(conv.Create(node_).code, TENON_OK);
    std::vector<float> y(kFilters * kSize * kSize);
    const TestArgument in({1, kChannels, kSize, kSize}, x.data()), out({1, kFilters, kSize, kSize}, y.data());
    ASSERT_EQ(conv.Prepare({&in, &weight_, &bias_}, {&out}).code, TENON_OK);
    ASSERT_EQ(conv.Run(0, {&in, &weight_, &bias_}, {&out}).code, TENON_OK);
    if (threads == 1) first = y;
    EXPECT_EQ(std::memcmp(first.data(), y.data(), y.size() * sizeof(float)), 0) << threads << " threads";
  }
}

TEST_F(ReferenceConv, RunsOnePlanOnManyThreadsAtOnce) {
  Load(2);
  TestKernel conv = Kernel("Conv");
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
        for (int i = 0; i < 10; ++i) EXPECT_EQ(conv.Run(0, {&in, &weight_, &bias_}, {&out}).code, TENON_OK);
      });
    }
  }
  for (const std::vector<float>& result : results) EXPECT_EQ(result, results[0]);
}

TEST_F(ReferenceConv, RefusesWhatItCannotPlan) {
  const TestValue x("x", TENON_FLOAT32, {1, kChannels + 1, 8, 8}), y("y", TENON_FLOAT32, {1, kFilters, 8, 8});
  const TestNode wrong("Conv", {&x, &w_, &b_}, {&y}, {&pads_});
  TestKernel conv = Kernel("Conv");
  const tenon_status status = conv.Create(wrong);
  EXPECT_EQ(status.code, TENON_UNSUPPORTED);
  EXPECT_THAT(Message(status), testing::AllOf(testing::HasSubstr("Conv \"node\""), testing::HasSubstr("channels")));
}

TEST_F(Reference, RefusesASubgraph) {
  const TestValue x("x", TENON_FLOAT32, {4});
  const tenon_attribute body = Attribute("body", TENON_ATTRIBUTE_GRAPH);
  const tenon_status status = Kernel("Neg").Create(TestNode("Neg", {&x}, {&x}, {&body}));
  EXPECT_EQ(status.code, TENON_UNSUPPORTED);
  EXPECT_THAT(Message(status), testing::AllOf(testing::HasSubstr("attribute body"), testing::HasSubstr("a graph")));
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
  constexpr int64_t kCount = 40;
  const TestValue one("one", TENON_FLOAT32, {2}), all("all", TENON_FLOAT32, {2 * kCount});
  const tenon_attribute axis = IntAttribute("axis", 0);
  const TestNode node("Concat", std::vector<const tenon_value*>(kCount, &one), {&all}, {&axis});
  TestKernel concat = Kernel("Concat");
  const_cast<TestNode&>(node).revision = Find("Concat")->revision_max;
  ASSERT_EQ(concat.Create(node).code, TENON_OK);
  std::vector<float> in = Random(2 * kCount, 7), out(2 * kCount);
  std::vector<std::unique_ptr<TestArgument>> parts;
  Arguments inputs;
  for (int64_t i = 0; i < kCount; ++i) {
    parts.push_back(std::make_unique<TestArgument>(std::vector<int64_t>{2}, in.data() + 2 * i));
    inputs.push_back(parts.back().get());
  }
  const TestArgument to({2 * kCount}, out.data());
  ASSERT_EQ(concat.Prepare(inputs, {&to}).code, TENON_OK);
  ASSERT_EQ(concat.Run(0, inputs, {&to}).code, TENON_OK);
  EXPECT_EQ(out, in);
}

}  // namespace
}  // namespace tenon::reference
