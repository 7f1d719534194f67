#include <limits>

#include "support/widened.h"

namespace tenon::operators {
namespace {

template <typename T>
class ClipPlan final : public KernelPlan {
 public:
  ClipPlan(const NodeView&, Specs inputs, Specs) : count_(inputs[0].shape.ElementCount()) {}
  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    const T low = Bound(arguments, 1, std::numeric_limits<T>::lowest());
    const T high = Bound(arguments, 2, std::numeric_limits<T>::max());
    const bool has_low = arguments.inputs.size() > 1 && arguments.inputs[1] != nullptr;
    const bool has_high = arguments.inputs.size() > 2 && arguments.inputs[2] != nullptr;
    ForElements(arguments.parallel, count_, [=](int64_t begin, int64_t end) {
#pragma GCC ivdep
      for (int64_t i = begin; i < end; ++i) {
        T value = x[i];  // NaN stays: it is on no side
        value = has_low && value < low ? low : value;
        y[i] = has_high && value > high ? high : value;
      }
    });
    return {};
  }

 private:
  static T Bound(const KernelArguments& arguments, size_t index, T otherwise) {
    const void* data = index < arguments.inputs.size() ? arguments.inputs[index] : nullptr;
    return data == nullptr ? otherwise : *static_cast<const T*>(data);
  }
  int64_t count_;
};

constexpr Kernel kRows[] = {
    {"", "Clip", 11, 11, Numbers::kMask | kHalves, Widened<PlanByType<ClipPlan, Numbers>>, 0}};

}  // namespace

KernelRows ref_clip_rows() { return kRows; }

}  // namespace tenon::operators
