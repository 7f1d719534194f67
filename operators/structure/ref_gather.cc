// Gather, GatherElements and GatherND. Indices are checked while running.
#include <atomic>
#include <cstring>

#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

// The index in [0, size), or -1.
int64_t Normalize(int64_t index, int64_t size) {
  if (index < 0) index += size;
  return index >= 0 && index < size ? index : -1;
}
Status OutOfRange(const NodeView& node) {
  return Invalid(node, "indices has a value out of range");
}

// Rows of `inner` bytes.
class GatherPlan final : public KernelPlan {
 public:
  GatherPlan(const NodeView& node, int axis, Specs inputs) : node_(node) {
    const Shape& x = inputs[0].shape;
    for (int i = 0; i < axis; ++i) outer_ *= x[i];
    inner_ = ElementSize(inputs[0].type);
    for (int i = axis + 1; i < x.rank(); ++i) inner_ *= x[i];
    size_ = x[axis];
    count_ = inputs[1].shape.ElementCount();
    type_ = inputs[1].type;
  }
  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const std::byte*>(arguments.inputs[0]);
    const TensorView indices = {type_, Shape(), arguments.inputs[1]};
    auto* y = static_cast<std::byte*>(arguments.outputs[0]);
    for (int64_t i = 0; i < count_; ++i) {
      if (Normalize(IntAt(indices, i), size_) < 0) return OutOfRange(node_);
    }
    if (inner_ == 0) return {};
    ForElements(
        arguments.parallel, outer_ * count_,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const int64_t at = Normalize(IntAt(indices, i % count_), size_);
            std::memcpy(y + i * inner_, x + (i / count_ * size_ + at) * inner_,
                        static_cast<size_t>(inner_));
          }
        },
        std::max<int64_t>(1, (int64_t{1} << 17) / inner_));
    return {};
  }

 private:
  NodeView node_;
  int64_t outer_ = 1, inner_ = 1, size_ = 0, count_ = 0;
  DataType type_;
};
PlanResult PlanGather(const NodeView& node, Specs inputs, Specs) {
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", 0), inputs[0].shape.rank(), axis));
  return Plan(std::make_unique<GatherPlan>(node, axis, inputs));
}

class GatherElementsPlan final : public KernelPlan {
 public:
  GatherElementsPlan(const NodeView& node, int axis, Specs inputs)
      : node_(node),
        axis_(axis),
        x_(inputs[0].shape),
        y_(inputs[1].shape),
        type_(inputs[1].type),
        size_(ElementSize(inputs[0].type)) {}
  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const std::byte*>(arguments.inputs[0]);
    const TensorView indices = {type_, Shape(), arguments.inputs[1]};
    auto* y = static_cast<std::byte*>(arguments.outputs[0]);
    std::atomic<bool> bad = false;
    ForElements(arguments.parallel, y_.ElementCount(), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t at = Normalize(IntAt(indices, i), x_[axis_]);
        if (at < 0) {
          bad.store(true, std::memory_order_relaxed);
          return;
        }
        int64_t rest = i, stride = 1, offset = 0;
        for (int d = y_.rank() - 1; d >= 0; --d) {
          offset += (d == axis_ ? at : rest % y_[d]) * stride;
          rest /= y_[d];
          stride *= x_[d];
        }
        std::memcpy(y + i * size_, x + offset * size_, static_cast<size_t>(size_));
      }
    });
    return bad.load() ? OutOfRange(node_) : Status();
  }

 private:
  NodeView node_;
  int axis_;
  Shape x_, y_;
  DataType type_;
  int64_t size_;
};
PlanResult PlanGatherElements(const NodeView& node, Specs inputs, Specs) {
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", 0), inputs[0].shape.rank(), axis));
  return Plan(std::make_unique<GatherElementsPlan>(node, axis, inputs));
}

class GatherNDPlan final : public KernelPlan {
 public:
  GatherNDPlan(const NodeView& node, Specs inputs) : node_(node), type_(inputs[1].type) {
    const Shape& x = inputs[0].shape;
    const Shape& indices = inputs[1].shape;
    const auto batch = static_cast<int>(node.Int("batch_dims", 0));
    width_ = static_cast<int>(indices[indices.rank() - 1]);
    for (int i = 0; i < batch; ++i) batches_ *= x[i];
    for (int i = batch; i < indices.rank() - 1; ++i) per_batch_ *= indices[i];
    for (int i = batch; i < batch + width_; ++i) dims_.Append(x[i]);
    slice_ = ElementSize(inputs[0].type);
    for (int i = batch + width_; i < x.rank(); ++i) slice_ *= x[i];
  }
  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const std::byte*>(arguments.inputs[0]);
    const TensorView indices = {type_, Shape(), arguments.inputs[1]};
    auto* y = static_cast<std::byte*>(arguments.outputs[0]);
    const int64_t block = dims_.ElementCount();
    for (int64_t i = 0; i < batches_ * per_batch_; ++i) {
      int64_t offset = 0;
      for (int d = 0; d < width_; ++d) {
        const int64_t at = Normalize(IntAt(indices, i * width_ + d), dims_[d]);
        if (at < 0) return OutOfRange(node_);
        offset = offset * dims_[d] + at;
      }
      std::memcpy(y + i * slice_, x + (i / per_batch_ * block + offset) * slice_,
                  static_cast<size_t>(slice_));
    }
    return {};
  }

 private:
  NodeView node_;
  DataType type_;
  int width_ = 0;
  int64_t batches_ = 1, per_batch_ = 1, slice_ = 1;
  Shape dims_;
};
PlanResult PlanGatherND(const NodeView& node, Specs inputs, Specs) {
  return Plan(std::make_unique<GatherNDPlan>(node, inputs));
}

constexpr Kernel kRows[] = {
    {"", "Gather", 1, 1, kCopyable, PlanGather, 0},
    {"", "GatherElements", 11, 11, kCopyable, PlanGatherElements, 0},
    {"", "GatherND", 12, 12, kCopyable, PlanGatherND, 0},
};

}  // namespace

KernelRows ref_gather_rows() { return kRows; }

}  // namespace tenon::operators
