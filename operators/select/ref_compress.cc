// Compress: counts first, then copies the slices that stay.
#include <algorithm>
#include <cstring>

#include "support/outputs.h"
#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

class CompressPlan final : public KernelPlan {
 public:
  // `axis` < 0: the elements.
  CompressPlan(const NodeView& node, int axis, Specs inputs, Specs outputs)
      : node_(node), x_(inputs[0].shape), axis_(axis), planned_(outputs[0]) {
    if (axis < 0) {
      x_ = Shape{x_.ElementCount()};
      axis_ = 0;
    }
    slice_ = ElementSize(inputs[0].type);
    for (int i = 0; i < axis_; ++i) outer_ *= x_[i];
    for (int i = axis_ + 1; i < x_.rank(); ++i) slice_ *= x_[i];
    count_ = std::min(x_[axis_], inputs[1].shape.ElementCount());
  }
  Status Run(const KernelArguments& arguments) const override {
    return RunAllocating(arguments, {});
  }
  Status RunAllocating(const KernelArguments& arguments, OutputAllocator allocate) const override {
    const auto* x = static_cast<const std::byte*>(arguments.inputs[0]);
    const auto* condition = static_cast<const uint8_t*>(arguments.inputs[1]);
    Shape shape = x_;
    shape[axis_] = std::count_if(condition, condition + count_, [](uint8_t c) { return c != 0; });
    TENON_ASSIGN(void* const memory, OutputOf(node_, arguments, allocate, planned_, 0, shape));
    auto* y = static_cast<std::byte*>(memory);
    const int64_t kept = shape[axis_] * slice_;
    if (kept == 0) return {};
    ForElements(
        arguments.parallel, outer_,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i)
            CopyKept(x + i * x_[axis_] * slice_, condition, y + i * kept);
        },
        std::max<int64_t>(1, kElementChunk / kept));
    return {};
  }

 private:
  void CopyKept(const std::byte* x, const uint8_t* condition, std::byte* y) const {
    for (int64_t i = 0; i < count_; ++i, x += slice_) {
      if (condition[i] == 0) continue;
      std::memcpy(y, x, static_cast<size_t>(slice_));
      y += slice_;
    }
  }

  NodeView node_;
  Shape x_;
  int axis_;
  TensorSpec planned_;
  int64_t outer_ = 1, slice_ = 1, count_ = 0;
};

PlanResult PlanCompress(const NodeView& node, Specs inputs, Specs outputs) {
  int axis = -1;
  if (node.Find("axis") != nullptr)
    TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", 0), inputs[0].shape.rank(), axis));
  return Plan(std::make_unique<CompressPlan>(node, axis, inputs, outputs));
}

constexpr Kernel kRows[] = {{"", "Compress", 9, 9, kCopyable, PlanCompress, 0}};

}  // namespace

KernelRows ref_compress_rows() { return kRows; }

}  // namespace tenon::operators
