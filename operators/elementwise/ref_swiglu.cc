// SwiGLU.
#include "support/math.h"
#include "support/widened.h"

namespace tenon::operators {
namespace {

template <typename T>
class SwigluPlan final : public KernelPlan {
 public:
  SwigluPlan(const NodeView& node, Specs inputs, Specs)
      : count_(inputs[0].shape.ElementCount()), alpha_(static_cast<T>(node.Float("alpha", 1))) {}
  Status Run(const KernelArguments& arguments) const override {
    const auto* a = static_cast<const T*>(arguments.inputs[0]);
    const auto* b = static_cast<const T*>(arguments.inputs[1]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    ForElements(arguments.parallel, count_, [=, this](int64_t begin, int64_t end) {
      const T alpha = alpha_;
#pragma GCC ivdep
      for (int64_t i = begin; i < end; ++i) y[i] = a[i] * Logistic(alpha * a[i]) * b[i];
    });
    return {};
  }

 private:
  int64_t count_;
  T alpha_;
};

constexpr Kernel kRows[] = {
    {"", "SwiGLU", 28, 28, Floats::kMask | kHalves, Widened<PlanByType<SwigluPlan, Floats>>, 1e-6}};

}  // namespace

KernelRows ref_swiglu_rows() { return kRows; }

}  // namespace tenon::operators
