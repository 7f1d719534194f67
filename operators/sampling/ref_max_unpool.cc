// MaxUnpool, by bytes. Indices count in the shape that the attributes give; a larger output_shape only adds zeros.
#include <algorithm>
#include <cstring>

#include "nn/window.h"
#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

class MaxUnpoolPlan final : public KernelPlan {
 public:
  MaxUnpoolPlan(const NodeView& node, Specs inputs, const Shape& natural, const Shape& y)
      : node_(node),
        natural_(natural),
        y_(y),
        count_(inputs[0].shape.ElementCount()),
        size_(ElementSize(inputs[0].type)) {}

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const std::byte*>(arguments.inputs[0]);
    const auto* indices = static_cast<const int64_t*>(arguments.inputs[1]);
    auto* y = static_cast<std::byte*>(arguments.outputs[0]);
    const int64_t most = natural_.ElementCount();
    std::fill_n(y, y_.ElementCount() * size_, std::byte{0});
    for (int64_t i = 0; i < count_; ++i) {
      if (indices[i] < 0 || indices[i] >= most)
        return Invalid(node_, "I has ", std::to_string(indices[i]), " (expected 0 to ", most - 1,
                       ")");
      int64_t rest = indices[i], at = 0, stride = 1;
      bool inside = true;
      for (int d = y_.rank() - 1; d >= 0; --d) {
        const int64_t position = rest % natural_[d];
        rest /= natural_[d];
        inside = position < y_[d];
        if (!inside) break;
        at += position * stride;
        stride *= y_[d];
      }
      if (inside) std::memcpy(y + at * size_, x + i * size_, static_cast<size_t>(size_));
    }
    return {};
  }

 private:
  NodeView node_;
  Shape natural_, y_;
  int64_t count_, size_;
};

PlanResult PlanMaxUnpool(const NodeView& node, Specs inputs, Specs outputs) {
  Shape natural = inputs[0].shape;
  Window window;
  Padding padding;
  TENON_RETURN_IF_ERROR(ReadWindow(node, natural, {}, window, padding));
  for (int i = 0; i < window.rank; ++i) {
    const WindowAxis& axis = window.axes[static_cast<size_t>(i)];
    natural[2 + i] =
        (natural[2 + i] - 1) * axis.stride + axis.kernel - axis.pad_begin - axis.pad_end;
    if (natural[2 + i] < 0)
      return Invalid(node, "pads take more than there is of spatial axis ", i);
  }
  return Plan(std::make_unique<MaxUnpoolPlan>(node, inputs, natural, outputs[0].shape));
}

constexpr uint64_t kTypes = Floats::kMask | Bit(DataType::kFloat16) | Bit(DataType::kBfloat16);
constexpr Kernel kRows[] = {{"", "MaxUnpool", 9, 9, kTypes, PlanMaxUnpool, 0}};

}  // namespace

KernelRows ref_max_unpool_rows() { return kRows; }

}  // namespace tenon::operators
