#include "support/plan.h"

namespace tenon::operators {
namespace {

template <typename T>
class ArgPlan final : public KernelPlan {
 public:
  ArgPlan(const NodeView& node, Specs inputs, Specs)
      : largest_(node.op == "ArgMax"), last_(node.Int("select_last_index", 0) != 0) {
    const Shape& x = inputs[0].shape;
    const int64_t axis = node.Int("axis", 0);
    const auto split = static_cast<int>(axis < 0 ? axis + x.rank() : axis);
    for (int i = 0; i < split; ++i) outer_ *= x[i];
    size_ = x[split];
    for (int i = split + 1; i < x.rank(); ++i) inner_ *= x[i];
  }
  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<int64_t*>(arguments.outputs[0]);
    ForElements(
        arguments.parallel, outer_ * inner_,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i)
            y[i] = Search(x + i / inner_ * size_ * inner_ + i % inner_);
        },
        std::max<int64_t>(1, kElementChunk / std::max<int64_t>(1, size_)));
    return {};
  }

 private:
  int64_t Search(const T* x) const {
    int64_t best = 0;
    for (int64_t i = 1; i < size_; ++i) {
      const T a = x[i * inner_], b = x[best * inner_];
      if ((largest_ ? a > b : a < b) || (last_ && a == b)) best = i;
    }
    return best;
  }
  bool largest_, last_;
  int64_t outer_ = 1, size_ = 1, inner_ = 1;
};

constexpr Kernel kRows[] = {
    {"", "ArgMax", 12, 12, Numbers::kMask, PlanByType<ArgPlan, Numbers>, 0},
    {"", "ArgMin", 12, 12, Numbers::kMask, PlanByType<ArgPlan, Numbers>, 0},
};

}  // namespace

KernelRows ref_arg_rows() { return kRows; }

}  // namespace tenon::operators
