// The random operators. Each element comes from its own counter, so that the numbers do not depend
// on threads; the key is the attribute seed, or new in each run.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <random>

#include "random/philox.h"
#include "support/half_types.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

class Seed {
 public:
  explicit Seed(const NodeView& node)
      : given_(node.Find("seed") != nullptr),
        key_(std::bit_cast<uint32_t>(node.Float("seed", 0))) {}
  uint64_t Key() const {
    if (given_) return key_;
    std::random_device device;
    return device() | uint64_t{device()} << 32;
  }

 private:
  bool given_;
  uint64_t key_;
};

// Calls f(i, bits) for all elements, where elements 2 n and 2 n + 1 share what is drawn.
template <typename F>
void ForRandom(const KernelArguments& arguments, uint64_t key, int64_t count, const F& f) {
  static_assert(kElementChunk % 2 == 0);
  ForElements(arguments.parallel, count, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += 2) {
      const auto bits = RandomBits(key, static_cast<uint64_t>(i / 2));
      f(i, bits, 0);
      if (i + 1 < end) f(i + 1, bits, 1);
    }
  });
}

// Bits of a number between 0.5 and 1, so that no number below 1 rounds to 1.
template <typename T>
constexpr int kBits = 53;
template <>
constexpr int kBits<float> = 24;
template <>
constexpr int kBits<Float16> = 11;
template <>
constexpr int kBits<BFloat16> = 8;

template <typename T>
class UniformPlan final : public KernelPlan {
 public:
  UniformPlan(const NodeView& node, Specs outputs)
      : seed_(node),
        count_(outputs[0].shape.ElementCount()),
        low_(node.Float("low", 0)),
        high_(node.Float("high", 1)) {}
  Status Run(const KernelArguments& arguments) const override {
    auto* y = static_cast<T*>(arguments.outputs[0]);
    ForRandom(arguments, seed_.Key(), count_, [=, this](int64_t i, const auto& bits, size_t half) {
      const double value = low_ + (high_ - low_) * UniformOf(bits[half], kBits<T>);
      y[i] = static_cast<T>(static_cast<Comparable<T>>(value));
    });
    return {};
  }

 private:
  Seed seed_;
  int64_t count_;
  double low_, high_;
};

// Box and Muller: two numbers that are uniform become two that are normal.
template <typename T>
class NormalPlan final : public KernelPlan {
 public:
  NormalPlan(const NodeView& node, Specs outputs)
      : seed_(node),
        count_(outputs[0].shape.ElementCount()),
        mean_(node.Float("mean", 0)),
        scale_(node.Float("scale", 1)) {}
  Status Run(const KernelArguments& arguments) const override {
    auto* y = static_cast<T*>(arguments.outputs[0]);
    ForRandom(arguments, seed_.Key(), count_, [=, this](int64_t i, const auto& bits, size_t half) {
      const double radius = std::sqrt(-2 * std::log(1 - UniformOf(bits[0], 53)));
      const double angle = 2 * std::numbers::pi * UniformOf(bits[1], 53);
      const double normal = radius * (half == 0 ? std::cos(angle) : std::sin(angle));
      y[i] = static_cast<T>(static_cast<Comparable<T>>(mean_ + scale_ * normal));
    });
    return {};
  }

 private:
  Seed seed_;
  int64_t count_;
  double mean_, scale_;
};

template <template <typename> class P>
PlanResult PlanRandom(const NodeView& node, Specs, Specs outputs) {
  return PlanForType(node, AllFloats{}, outputs[0].type,
                     [&]<typename T>() { return std::make_unique<P<T>>(node, outputs); });
}

template <typename T, typename Y>
class BernoulliPlan final : public KernelPlan {
 public:
  BernoulliPlan(const NodeView& node, Specs inputs)
      : seed_(node), count_(inputs[0].shape.ElementCount()) {}
  Status Run(const KernelArguments& arguments) const override {
    const auto* p = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<Y*>(arguments.outputs[0]);
    ForRandom(arguments, seed_.Key(), count_, [=](int64_t i, const auto& bits, size_t half) {
      const auto chance = static_cast<double>(static_cast<Comparable<T>>(p[i]));
      y[i] = static_cast<Y>(UniformOf(bits[half], 53) < chance ? 1.0F : 0.0F);
    });
    return {};
  }

 private:
  Seed seed_;
  int64_t count_;
};
PlanResult PlanBernoulli(const NodeView& node, Specs inputs, Specs outputs) {
  const auto refuse = [&]() -> PlanResult {
    return Unsupported(node, "has no reference kernel from ", inputs[0].type, " to ",
                       outputs[0].type);
  };
  return Dispatch(
      AllFloats{}, inputs[0].type,
      [&]<typename T>() -> PlanResult {
        return Dispatch(
            AllNumbersAndBool{}, outputs[0].type,
            [&]<typename Y>() -> PlanResult {
              return Plan(std::make_unique<BernoulliPlan<T, Y>>(node, inputs));
            },
            refuse);
      },
      refuse);
}

// Each sample is where a uniform number falls among the sums of the probabilities.
template <typename T>
class MultinomialPlan final : public KernelPlan {
 public:
  MultinomialPlan(const NodeView& node, Specs inputs, Specs outputs)
      : node_(node),
        seed_(node),
        batches_(inputs[0].shape[0]),
        classes_(inputs[0].shape[1]),
        samples_(outputs[0].shape[1]),
        type_(outputs[0].type) {}
  int64_t workspace_bytes() const override { return batches_ * classes_ * int64_t{sizeof(double)}; }
  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* sums = static_cast<double*>(arguments.workspace);
    for (int64_t b = 0; b < batches_; ++b) {
      const double sum = SumUp(x + b * classes_, sums + b * classes_);
      if (!(sum > 0 && std::isfinite(sum)))
        return Invalid(node_, "row ", b, " of input is no distribution");
    }
    ForRandom(arguments, seed_.Key(), batches_ * samples_,
              [=, this](int64_t i, const auto& bits, size_t half) {
                const double* row = sums + i / samples_ * classes_;
                const double at = UniformOf(bits[half], 53) * row[classes_ - 1];
                const int64_t found = std::upper_bound(row, row + classes_, at) - row;
                Store(arguments.outputs[0], i, std::min(found, classes_ - 1));
              });
    return {};
  }

 private:
  double SumUp(const T* x, double* sums) const {
    const auto number = [x](int64_t i) {
      return static_cast<double>(static_cast<Comparable<T>>(x[i]));
    };
    double largest = number(0), sum = 0;
    for (int64_t i = 1; i < classes_; ++i) largest = std::max(largest, number(i));
    for (int64_t i = 0; i < classes_; ++i) sums[i] = sum += std::exp(number(i) - largest);
    return sum;
  }
  void Store(void* y, int64_t i, int64_t value) const {
    if (type_ == DataType::kInt32) {
      static_cast<int32_t*>(y)[i] = static_cast<int32_t>(value);
    } else {
      static_cast<int64_t*>(y)[i] = value;
    }
  }

  NodeView node_;
  Seed seed_;
  int64_t batches_, classes_, samples_;
  DataType type_;
};
PlanResult PlanMultinomial(const NodeView& node, Specs inputs, Specs outputs) {
  if (outputs[0].type != DataType::kInt32 && outputs[0].type != DataType::kInt64)
    return Unsupported(node, "has no reference kernel to ", outputs[0].type);
  return PlanByType<MultinomialPlan, AllFloats>(node, inputs, outputs);
}

constexpr uint64_t kNoInput = Bit(DataType::kUndefined) | AllFloats::kMask;
constexpr Kernel kRows[] = {
    {"", "Bernoulli", 15, 15, AllFloats::kMask, PlanBernoulli, 0},
    {"", "Multinomial", 7, 7, AllFloats::kMask, PlanMultinomial, 0},
    {"", "RandomNormal", 1, 1, kNoInput, PlanRandom<NormalPlan>, 0},
    {"", "RandomNormalLike", 1, 1, ~uint64_t{0}, PlanRandom<NormalPlan>, 0},
    {"", "RandomUniform", 1, 1, kNoInput, PlanRandom<UniformPlan>, 0},
    {"", "RandomUniformLike", 1, 1, ~uint64_t{0}, PlanRandom<UniformPlan>, 0},
};

}  // namespace

KernelRows ref_random_rows() { return kRows; }

}  // namespace tenon::operators
