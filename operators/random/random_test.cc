// The random operators by their statistics, and that a seed makes them repeat.
#include <cmath>
#include <numeric>
#include <set>

#include "random/philox.h"
#include "testing/tensors.h"

namespace tenon::operators::testing {
namespace {

// Vectors of the reference implementation (Random123, kat_vectors, philox4x32 10).
TEST(Philox, GivesThePublishedNumbers) {
  EXPECT_EQ(Philox(0, {0, 0, 0, 0}), (PhiloxWords{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(Philox(~uint64_t{0}, {kOnes, kOnes, kOnes, kOnes}),
            (PhiloxWords{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox(0x299f31d0a4093822, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}),
            (PhiloxWords{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

constexpr int64_t kCount = 200000;

// With a seed; HeldNode also checks that the order of chunks does not matter.
HeldNode Random(const char* op, float seed, std::vector<HeldTensor> inputs = {}) {
  HeldNode node("", op, FindOperator("", op)->newest().number, std::move(inputs), 1);
  if (node.input_count() == 0) node.SetInts("shape", std::vector<int64_t>{2, kCount / 2});
  node.SetFloat("seed", seed);
  return node;
}
template <typename T>
std::vector<T> Drawn(const HeldNode& node) {
  auto result = node.Run();
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return result.ok() ? ValuesOf<T>((*result)[0]) : std::vector<T>();
}
// The mean of f over the values.
template <typename T, typename F>
double Mean(const std::vector<T>& values, const F& f) {
  double sum = 0;
  for (const T value : values) sum += f(static_cast<double>(value));
  return sum / static_cast<double>(values.size());
}
// Six standard deviations of a mean of kCount numbers: missed once in 10^9 seeds.
double Bound(double deviation) { return 6 * deviation / std::sqrt(static_cast<double>(kCount)); }

TEST(Random, UniformIsFlat) {
  for (const DataType type : {DataType::kFloat32, DataType::kFloat64}) {
    HeldNode node = Random("RandomUniform", 3);
    node.SetInt("dtype", static_cast<int64_t>(type));
    node.SetFloat("low", -1);
    node.SetFloat("high", 3);
    std::vector<double> x;
    if (type == DataType::kFloat32) {
      for (const float value : Drawn<float>(node)) x.push_back(value);
    } else {
      x = Drawn<double>(node);
    }
    ASSERT_EQ(x.size(), size_t{kCount});
    std::array<int, 16> bins{};
    double neighbours = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_TRUE(x[i] >= -1 && x[i] < 3);
      ++bins[static_cast<size_t>((x[i] + 1) * 4)];
      if (i > 0) neighbours += (x[i] - 1) * (x[i - 1] - 1);
    }
    EXPECT_NEAR(Mean(x, [](double v) { return v; }), 1, Bound(4 / std::sqrt(12.0)));
    EXPECT_NEAR(neighbours / kCount, 0, Bound(16 / 12.0));  // no correlation
    double chi = 0;  // 15 degrees of freedom: above 60 once in 4 * 10^6
    for (const int bin : bins) chi += std::pow(bin - kCount / 16.0, 2) / (kCount / 16.0);
    EXPECT_LT(chi, 60);
  }
}

TEST(Random, NormalHasItsMoments) {
  HeldNode node = Random("RandomNormal", 4);
  node.SetFloat("mean", 2);
  node.SetFloat("scale", 3);
  const auto x = Drawn<float>(node);
  ASSERT_EQ(x.size(), size_t{kCount});
  const auto moment = [&](int power) {
    return Mean(x, [power](double v) { return std::pow((v - 2) / 3, power); });
  };
  EXPECT_NEAR(moment(1), 0, Bound(1));
  EXPECT_NEAR(moment(2), 1, Bound(std::sqrt(2.0)));
  EXPECT_NEAR(moment(3), 0, Bound(std::sqrt(15.0)));
  EXPECT_NEAR(moment(4), 3, Bound(std::sqrt(96.0)));
  const double within = Mean(x, [](double v) { return std::fabs(v - 2) < 3 ? 1 : 0; });
  EXPECT_NEAR(within, 0.6826895, Bound(0.47));
  double pairs = 0;  // the two of one counter are independent
  for (size_t i = 0; i < x.size(); i += 2) pairs += (x[i] - 2) * (x[i + 1] - 2) / 9;
  EXPECT_NEAR(pairs / (kCount / 2.0), 0, Bound(std::sqrt(2.0)));
}

TEST(Random, HalvesStayBelowTheEnd) {
  for (const DataType type : {DataType::kFloat16, DataType::kBfloat16}) {
    HeldNode node = Random("RandomUniform", 5);
    node.SetInt("dtype", static_cast<int64_t>(type));
    const uint16_t one = type == DataType::kFloat16 ? 0x3c00 : 0x3f80;
    for (const uint16_t bits : Drawn<uint16_t>(node)) ASSERT_LT(bits, one);
  }
}

TEST(Random, LikeTakesShapeAndType) {
  const HeldTensor x = HeldTensor::Make(DataType::kFloat64, Shape{5, 7}, nullptr);
  const auto same = Random("RandomNormalLike", 1, {x}).Run();
  ASSERT_TRUE(same.ok()) << same.status().ToString();
  EXPECT_EQ((*same)[0].view.shape, (Shape{5, 7}));
  EXPECT_EQ((*same)[0].view.type, DataType::kFloat64);
  HeldNode node = Random("RandomUniformLike", 1, {Ints({1, 2, 3})});
  EXPECT_EQ(node.Run().status().code(), Code::kUnsupported);  // int64 is no type of the output
  node.SetInt("dtype", 1);
  EXPECT_EQ(Drawn<float>(node).size(), 3u);
}

TEST(Random, BernoulliHitsItsChances) {
  std::vector<float> p(kCount);
  for (size_t i = 0; i < p.size(); ++i) p[i] = static_cast<float>(i % 4) / 3;
  HeldNode node = Random("Bernoulli", 6, {Floats({kCount}, p)});
  node.SetInt("dtype", static_cast<int64_t>(DataType::kInt64));
  const auto y = Drawn<int64_t>(node);
  std::array<int64_t, 4> ones{};
  for (size_t i = 0; i < y.size(); ++i) ones[i % 4] += y[i];
  EXPECT_EQ(ones[0], 0);
  EXPECT_EQ(ones[3], kCount / 4);
  EXPECT_NEAR(static_cast<double>(ones[1]) / (kCount / 4.0), 1 / 3.0, 2 * Bound(0.48));
  EXPECT_NEAR(static_cast<double>(ones[2]) / (kCount / 4.0), 2 / 3.0, 2 * Bound(0.48));
}

TEST(Random, MultinomialDrawsByLogProbability) {
  std::vector<float> x = {
      std::log(0.1F) + 50, std::log(0.2F) + 50, std::log(0.7F) + 50, 0, -INFINITY, 0};
  HeldNode node = Random("Multinomial", 7, {Floats({2, 3}, x)});
  node.SetInt("sample_size", kCount);
  const auto y = Drawn<int32_t>(node);
  ASSERT_EQ(y.size(), size_t{2 * kCount});
  const double expected[] = {0.1, 0.2, 0.7, 0.5, 0, 0.5};
  std::array<double, 6> shares{};
  for (size_t i = 0; i < y.size(); ++i)
    shares[i / kCount * 3 + static_cast<size_t>(y[i])] += 1.0 / kCount;
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(shares[i], expected[i], Bound(0.5)) << i;
  EXPECT_EQ(shares[4], 0);
  std::vector<float> none = {-INFINITY, -INFINITY};
  EXPECT_EQ(Random("Multinomial", 7, {Floats({1, 2}, none)}).Run().status().code(),
            Code::kInvalidArgument);
}

TEST(Random, SeedsRepeatAndDiffer) {
  const auto first = Drawn<float>(Random("RandomUniform", 8));
  EXPECT_EQ(first, Drawn<float>(Random("RandomUniform", 8)));
  EXPECT_NE(first, Drawn<float>(Random("RandomUniform", 9)));
}

// Without a seed no two runs of one plan are the same.
TEST(Random, DiffersFromRunToRun) {
  HeldNode node("", "RandomUniform", 1, {}, 1);
  node.SetInts("shape", std::vector<int64_t>{4});
  const TensorSpec output = {true, DataType::kFloat32, Shape{4}};
  const Kernel* kernel = FindKernel("", "RandomUniform", 1, DataType::kFloat32);
  ASSERT_NE(kernel, nullptr);
  const auto plan = kernel->Plan(node.node(), {}, {&output, 1});
  ASSERT_TRUE(plan.ok());
  std::set<std::vector<float>> seen;
  for (int i = 0; i < 5; ++i) {
    std::vector<float> y(4);
    void* to = y.data();
    ASSERT_TRUE((*plan)->Run({{}, {&to, 1}, nullptr, ParallelFor::Inline()}).ok());
    seen.insert(y);
  }
  EXPECT_EQ(seen.size(), 5u);
  EXPECT_NE(FindOperator("", "RandomUniform")->flags & kNondeterministic, 0u);
}

}  // namespace
}  // namespace tenon::operators::testing
