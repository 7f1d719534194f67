// Shape, Size, ConstantOfShape and Range.
#include <algorithm>
#include <cstring>

#include "structure/range.h"
#include "support/half_types.h"
#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

// The output's numbers are known when planned.
class NumbersPlan final : public KernelPlan {
 public:
  explicit NumbersPlan(Shape numbers) : numbers_(numbers) {}
  Status Run(const KernelArguments& arguments) const override {
    std::ranges::copy(numbers_.dims(), static_cast<int64_t*>(arguments.outputs[0]));
    return {};
  }

 private:
  Shape numbers_;
};
PlanResult PlanShape(const NodeView& node, Specs inputs, Specs) {
  const Shape& x = inputs[0].shape;
  if (node.op == "Size") return Plan(std::make_unique<NumbersPlan>(Shape{x.ElementCount()}));
  const int64_t rank = x.rank();
  const auto clamp = [rank](int64_t axis) {
    return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  const int64_t start = clamp(node.Int("start", 0)),
                end = std::max(start, clamp(node.Int("end", rank)));
  return Plan(std::make_unique<NumbersPlan>(
      Shape(x.dims().subspan(static_cast<size_t>(start), static_cast<size_t>(end - start)))));
}

class FillPlan final : public KernelPlan {
 public:
  FillPlan(const NodeView& node, const TensorSpec& output) : size_(ElementSize(output.type)) {
    if (const AttributeView* value = node.Find("value");
        value != nullptr && value->tensor.data != nullptr) {
      std::memcpy(value_.data(), value->tensor.data, static_cast<size_t>(size_));
    }
    count_ = output.shape.ElementCount();
  }
  Status Run(const KernelArguments& arguments) const override {
    StridedCopy copy(size_);
    copy.AddOuter(count_, 0);
    copy.Run(arguments.parallel, value_.data(), arguments.outputs[0]);
    return {};
  }

 private:
  int64_t size_, count_;
  alignas(8) std::array<std::byte, 8> value_{};
};
PlanResult PlanFill(const NodeView& node, Specs, Specs outputs) {
  if ((kCopyable & Bit(outputs[0].type)) == 0 || ElementSize(outputs[0].type) > 8) {
    return Unsupported(node, "has no reference kernel for ", outputs[0].type);
  }
  return Plan(std::make_unique<FillPlan>(node, outputs[0]));
}

template <typename T>
class RangePlan final : public KernelPlan {
 public:
  RangePlan(const NodeView& node, Specs, Specs outputs)
      : node_(node), count_(outputs[0].shape.ElementCount()) {}
  Status Run(const KernelArguments& arguments) const override {
    const auto& in = arguments.inputs;
    if (RangeCount(kTypeOf<T>, in[0], in[1], in[2]) != count_)
      return Invalid(node_, "was planned for ", count_);
    const Comparable<T> start = *static_cast<const T*>(in[0]);
    const Comparable<T> delta = *static_cast<const T*>(in[2]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    using Sum =
        std::conditional_t<std::is_integral_v<T>, uint64_t, Comparable<T>>;  // a step may wrap
    for (int64_t i = 0; i < count_; ++i)
      y[i] =
          static_cast<T>(static_cast<Sum>(start) + static_cast<Sum>(i) * static_cast<Sum>(delta));
    return {};
  }

 private:
  NodeView node_;
  int64_t count_;
};
using RangeTypes = TypeList<float, double, Float16, BFloat16, int16_t, int32_t, int64_t>;
PlanResult PlanRange(const NodeView& node, Specs inputs, Specs outputs) {
  const bool narrow = (AllFloats::kMask & ~Floats::kMask & Bit(inputs[0].type)) != 0;
  if (narrow && node.Int("stash_type", 1) != 1)
    return Unsupported(node, "stash_type is not float32");
  return PlanByType<RangePlan, RangeTypes>(node, inputs, outputs);
}

constexpr Kernel kRows[] = {
    {"", "ConstantOfShape", 9, 9, Bit(DataType::kInt64), PlanFill, 0},
    {"", "Range", 27, 27, RangeTypes::kMask, PlanRange, 0},
    {"", "Shape", 15, 15, ~uint64_t{0}, PlanShape, 0},
    {"", "Size", 1, 1, ~uint64_t{0}, PlanShape, 0},
};

}  // namespace

KernelRows ref_shape_rows() { return kRows; }

}  // namespace tenon::operators
