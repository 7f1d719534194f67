// GroupNormalization; scale and bias have one value a channel, or one a group.
#include "nn/moments.h"
#include "support/widened.h"

namespace tenon::operators {
namespace {

template <typename T>
class GroupPlan final : public KernelPlan {
 public:
  GroupPlan(const NodeView& node, Specs inputs, Specs)
      : epsilon_(static_cast<T>(node.Float("epsilon", 1e-5F))),
        groups_(node.Int("num_groups", 1)),
        of_group_(node.domain == "ai.tenon") {
    const Shape& x = inputs[0].shape;
    batch_ = x[0];
    each_ = x[1] / groups_;
    for (const int64_t dim : x.dims().subspan(2)) size_ *= dim;
  }

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    const auto* scale = static_cast<const T*>(arguments.inputs[1]);
    const auto* bias = static_cast<const T*>(arguments.inputs[2]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    const int64_t count = each_ * size_;
    ForElements(
        arguments.parallel, batch_ * groups_,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const Moments<T> moments(x + i * count, count, epsilon_);
            for (int64_t c = 0; c < each_; ++c) {
              const int64_t group = i % groups_, at = of_group_ ? group : group * each_ + c;
              const T a = scale[at] * moments.scale, b = bias[at], mean = moments.mean;
              const T* from = x + i * count + c * size_;
              T* to = y + i * count + c * size_;
#pragma GCC ivdep
              for (int64_t j = 0; j < size_; ++j) to[j] = (from[j] - mean) * a + b;
            }
          }
        },
        1);
    return {};
  }

 private:
  T epsilon_;
  int64_t groups_;
  bool of_group_;
  int64_t batch_, each_, size_ = 1;
};

// What stash_type says is the least precision of the statistics.
PlanResult PlanGroup(const NodeView& node, Specs inputs, Specs outputs) {
  const bool doubles = node.Int("stash_type", 1) == static_cast<int>(DataType::kFloat64);
  return PlanWidened(node, inputs, outputs, PlanByType<GroupPlan, Floats>,
                     doubles ? DataType::kFloat64 : DataType::kFloat32);
}

constexpr Kernel kRows[] = {
    {"", "GroupNormalization", 21, 21, Floats::kMask | kHalves, PlanGroup, 1e-5},
    {"ai.tenon", "GroupNormalization", 1, 1, Floats::kMask | kHalves, PlanGroup, 1e-5},
};

}  // namespace

KernelRows ref_group_normalization_rows() { return kRows; }

}  // namespace tenon::operators
