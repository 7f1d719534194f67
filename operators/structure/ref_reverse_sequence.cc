// ReverseSequence: copies slice by slice.
#include <cstring>

#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

class ReverseSequencePlan final : public KernelPlan {
 public:
  ReverseSequencePlan(const NodeView& node, Specs inputs)
      : node_(node), batch_first_(node.Int("batch_axis", 1) == 0) {
    const Shape& x = inputs[0].shape;
    batches_ = x[batch_first_ ? 0 : 1];
    steps_ = x[batch_first_ ? 1 : 0];
    slice_ = ElementSize(inputs[0].type);
    for (int i = 2; i < x.rank(); ++i) slice_ *= x[i];
  }
  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const std::byte*>(arguments.inputs[0]);
    const auto* lens = static_cast<const int64_t*>(arguments.inputs[1]);
    auto* y = static_cast<std::byte*>(arguments.outputs[0]);
    for (int64_t b = 0; b < batches_; ++b) {
      if (lens[b] < 0 || lens[b] > steps_) {
        return Invalid(node_, "sequence_lens has ", std::to_string(lens[b]), " for ", steps_,
                       " steps");
      }
    }
    if (slice_ == 0) return {};
    ForElements(
        arguments.parallel, batches_ * steps_,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const int64_t b = batch_first_ ? i / steps_ : i % batches_;
            const int64_t t = batch_first_ ? i % steps_ : i / batches_;
            const int64_t from = t < lens[b] ? lens[b] - 1 - t : t;
            const int64_t at = batch_first_ ? b * steps_ + from : from * batches_ + b;
            std::memcpy(y + i * slice_, x + at * slice_, static_cast<size_t>(slice_));
          }
        },
        std::max<int64_t>(1, kElementChunk / slice_));
    return {};
  }

 private:
  NodeView node_;
  bool batch_first_;
  int64_t batches_, steps_, slice_;
};

PlanResult PlanReverseSequence(const NodeView& node, Specs inputs, Specs) {
  return Plan(std::make_unique<ReverseSequencePlan>(node, inputs));
}

constexpr Kernel kRows[] = {{"", "ReverseSequence", 10, 10, kCopyable, PlanReverseSequence, 0}};

}  // namespace

KernelRows ref_reverse_sequence_rows() { return kRows; }

}  // namespace tenon::operators
