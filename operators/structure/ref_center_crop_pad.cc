// CenterCropPad: zeros, then the rows that both have. Of an odd difference the smaller half comes
// first.
#include <algorithm>
#include <cstring>

#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

class CenterCropPadPlan final : public KernelPlan {
 public:
  CenterCropPadPlan(const NodeView&, Specs inputs, Specs outputs)
      : x_(inputs[0].shape), y_(outputs[0].shape), size_(ElementSize(inputs[0].type)) {
    common_ = x_;
    for (int i = 0; i < x_.rank(); ++i) {
      common_[i] = std::min(x_[i], y_[i]);
      if (i + 1 < x_.rank()) rows_ *= common_[i];
    }
  }
  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const std::byte*>(arguments.inputs[0]);
    auto* y = static_cast<std::byte*>(arguments.outputs[0]);
    const int64_t bytes = y_.ElementCount() * size_;
    if (bytes == 0) return {};
    std::memset(y, 0, static_cast<size_t>(bytes));
    if (common_.ElementCount() == 0) return {};
    const int64_t row = x_.rank() == 0 ? 1 : common_[x_.rank() - 1];
    ForElements(
        arguments.parallel, rows_,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            std::memcpy(y + At(y_, i) * size_, x + At(x_, i) * size_,
                        static_cast<size_t>(row * size_));
          }
        },
        std::max<int64_t>(1, kElementChunk / row));
    return {};
  }

 private:
  // Where row `row` of the common part begins in a tensor of `shape`.
  int64_t At(const Shape& shape, int64_t row) const {
    int64_t offset = 0, stride = 1;
    for (int i = shape.rank() - 1; i >= 0; stride *= shape[i], --i) {
      int64_t at = (shape[i] - common_[i]) / 2;
      if (i + 1 < shape.rank()) {
        at += row % common_[i];
        row /= common_[i];
      }
      offset += at * stride;
    }
    return offset;
  }

  Shape x_, y_, common_;
  int64_t size_, rows_ = 1;
};

PlanResult PlanCenterCropPad(const NodeView& node, Specs inputs, Specs outputs) {
  return Plan(std::make_unique<CenterCropPadPlan>(node, inputs, outputs));
}

constexpr Kernel kRows[] = {{"", "CenterCropPad", 18, 18, kCopyable, PlanCenterCropPad, 0}};

}  // namespace

KernelRows ref_center_crop_pad_rows() { return kRows; }

}  // namespace tenon::operators
