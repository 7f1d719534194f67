// OneHot: fills with `off`, then sets `on`. Negative indices count from the end, others beyond the
// depth set nothing.
#include <cmath>
#include <cstring>

#include "support/half_types.h"
#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

template <typename T>
class OneHotPlan final : public KernelPlan {
 public:
  OneHotPlan(int axis, Specs inputs, Specs outputs) : size_(ElementSize(inputs[2].type)) {
    const Shape& y = outputs[0].shape;
    for (int i = 0; i < y.rank(); ++i) (i < axis ? outer_ : i > axis ? inner_ : depth_) *= y[i];
  }
  Status Run(const KernelArguments& arguments) const override {
    const auto* indices = static_cast<const T*>(arguments.inputs[0]);
    const auto* off = static_cast<const std::byte*>(arguments.inputs[2]);
    auto* y = static_cast<std::byte*>(arguments.outputs[0]);
    StridedCopy fill(size_);
    fill.AddOuter(outer_ * depth_ * inner_, 0);
    fill.Run(arguments.parallel, off, y);
    ForElements(arguments.parallel, outer_ * inner_, [=, this](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t at = Position(indices[i]);
        if (at < 0) continue;
        std::memcpy(y + ((i / inner_ * depth_ + at) * inner_ + i % inner_) * size_, off + size_,
                    static_cast<size_t>(size_));
      }
    });
    return {};
  }

 private:
  // -1 where it is none. Of other numbers than integers the integer part counts.
  int64_t Position(T index) const {
    double at = static_cast<double>(static_cast<Comparable<T>>(index));
    if constexpr (!std::is_integral_v<T>) at = std::trunc(at);
    if (at < 0) at += static_cast<double>(depth_);
    return at >= 0 && at < static_cast<double>(depth_) ? static_cast<int64_t>(at) : -1;
  }

  int64_t size_;
  int64_t outer_ = 1, inner_ = 1, depth_ = 1;
};

PlanResult PlanOneHot(const NodeView& node, Specs inputs, Specs outputs) {
  if ((kCopyable & Bit(inputs[2].type)) == 0)
    return Unsupported(node, "has no reference kernel for values of ", inputs[2].type);
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", -1), outputs[0].shape.rank(), axis));
  return PlanForType(node, AllNumbers{}, inputs[0].type, [&]<typename T>() {
    return std::make_unique<OneHotPlan<T>>(axis, inputs, outputs);
  });
}

constexpr Kernel kRows[] = {{"", "OneHot", 9, 9, AllNumbers::kMask, PlanOneHot, 0}};

}  // namespace

KernelRows ref_one_hot_rows() { return kRows; }

}  // namespace tenon::operators
