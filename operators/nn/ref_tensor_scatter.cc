// TensorScatter, by bytes. Where the cache is written in place only the new entries are copied.
#include <cstring>

#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

class TensorScatterPlan final : public KernelPlan {
 public:
  TensorScatterPlan(const NodeView& node, Specs inputs)
      : node_(node), circular_(node.String("mode", "linear") == "circular") {
    const Shape& cache = inputs[0].shape;
    const int64_t from = node.Int("axis", -2);
    const auto axis = static_cast<int>(from < 0 ? from + cache.rank() : from);
    batch_ = cache[0];
    for (int i = 1; i < axis; ++i) outer_ *= cache[i];
    positions_ = cache[axis];
    count_ = inputs[1].shape[axis];
    bytes_ = ElementSize(inputs[0].type);
    for (int i = axis + 1; i < cache.rank(); ++i) bytes_ *= cache[i];
  }

  Status Run(const KernelArguments& arguments) const override {
    const auto* indices =
        arguments.inputs.size() > 2 ? static_cast<const int64_t*>(arguments.inputs[2]) : nullptr;
    for (int64_t b = 0; indices != nullptr && b < batch_; ++b) {
      const int64_t most = circular_ ? INT64_MAX / 2 : positions_ - count_;
      if (indices[b] < 0 || indices[b] > most)
        return Invalid(node_, "write_indices has ", std::to_string(indices[b]), " (expected 0 to ",
                       std::to_string(most), ")");
    }
    const auto* update = static_cast<const std::byte*>(arguments.inputs[1]);
    auto* y = static_cast<std::byte*>(arguments.outputs[0]);
    CopyBytes(arguments.parallel, arguments.inputs[0], y, batch_ * outer_ * positions_ * bytes_);
    if (bytes_ == 0 || positions_ == 0) return {};
    for (int64_t i = 0; i < batch_ * outer_; ++i) {
      const int64_t first = indices == nullptr ? 0 : indices[i / outer_];
      for (int64_t j = 0; j < count_; ++j) {
        std::memcpy(y + (i * positions_ + (first + j) % positions_) * bytes_,
                    update + (i * count_ + j) * bytes_, static_cast<size_t>(bytes_));
      }
    }
    return {};
  }

 private:
  NodeView node_;
  bool circular_;
  int64_t batch_, outer_ = 1, positions_, count_, bytes_;
};

PlanResult PlanTensorScatter(const NodeView& node, Specs inputs, Specs) {
  return Plan(std::make_unique<TensorScatterPlan>(node, inputs));
}

constexpr Kernel kRows[] = {{"", "TensorScatter", 24, 24, kCopyable, PlanTensorScatter, 0}};

}  // namespace

KernelRows ref_tensor_scatter_rows() { return kRows; }

}  // namespace tenon::operators
