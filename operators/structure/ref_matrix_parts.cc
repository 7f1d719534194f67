// Trilu and EyeLike, row by row.
#include <algorithm>
#include <cstring>

#include "support/half_types.h"
#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

class TriluPlan final : public KernelPlan {
 public:
  TriluPlan(const NodeView& node, Specs inputs)
      : upper_(node.Int("upper", 1) != 0), size_(ElementSize(inputs[0].type)) {
    const Shape& x = inputs[0].shape;
    rows_ = x[x.rank() - 2];
    columns_ = x[x.rank() - 1];
    all_rows_ = columns_ == 0 ? 0 : x.ElementCount() / columns_;  // of all matrices
  }
  Status Run(const KernelArguments& arguments) const override {
    const bool has_k = arguments.inputs.size() > 1 && arguments.inputs[1] != nullptr;
    const int64_t k = has_k ? *static_cast<const int64_t*>(arguments.inputs[1]) : 0;
    const auto* x = static_cast<const std::byte*>(arguments.inputs[0]);
    auto* y = static_cast<std::byte*>(arguments.outputs[0]);
    // Beyond the matrix all k mean the same.
    const int64_t shift = std::clamp<int64_t>(k, -rows_ - 1, columns_ + 1);
    ForElements(
        arguments.parallel, all_rows_,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t row = begin; row < end; ++row) {
            const int64_t split =
                std::clamp<int64_t>(row % rows_ + shift + (upper_ ? 0 : 1), 0, columns_);
            const int64_t at = row * columns_;
            const int64_t kept = at + (upper_ ? split : 0), cleared = at + (upper_ ? 0 : split);
            const int64_t keep = upper_ ? columns_ - split : split;
            if (x != y) Copy(x, y, kept, keep);
            std::memset(y + cleared * size_, 0, static_cast<size_t>((columns_ - keep) * size_));
          }
        },
        std::max<int64_t>(1, kElementChunk / std::max<int64_t>(1, columns_)));
    return {};
  }

 private:
  void Copy(const std::byte* x, std::byte* y, int64_t first, int64_t count) const {
    std::memcpy(y + first * size_, x + first * size_, static_cast<size_t>(count * size_));
  }

  bool upper_;
  int64_t size_, rows_, columns_, all_rows_;
};
PlanResult PlanTrilu(const NodeView& node, Specs inputs, Specs) {
  return Plan(std::make_unique<TriluPlan>(node, inputs));
}

template <typename T>
class EyeLikePlan final : public KernelPlan {
 public:
  EyeLikePlan(const NodeView& node, Specs outputs)
      : rows_(outputs[0].shape[0]), columns_(outputs[0].shape[1]), k_(node.Int("k", 0)) {}
  Status Run(const KernelArguments& arguments) const override {
    auto* y = static_cast<T*>(arguments.outputs[0]);
    std::fill_n(y, rows_ * columns_, T{});
    if (k_ > columns_ || k_ < -rows_) return {};
    for (int64_t i = std::max<int64_t>(0, -k_); i < rows_ && i + k_ < columns_; ++i)
      y[i * columns_ + i + k_] = static_cast<T>(1.0F);
    return {};
  }

 private:
  int64_t rows_, columns_, k_;
};
PlanResult PlanEyeLike(const NodeView& node, Specs, Specs outputs) {
  return PlanForType(node, AllNumbersAndBool{}, outputs[0].type,
                     [&]<typename T>() { return std::make_unique<EyeLikePlan<T>>(node, outputs); });
}

constexpr Kernel kRows[] = {
    {"", "EyeLike", 9, 9, kCopyable, PlanEyeLike, 0},
    {"", "Trilu", 14, 14, kCopyable, PlanTrilu, 0},
};

}  // namespace

KernelRows ref_matrix_parts_rows() { return kRows; }

}  // namespace tenon::operators
