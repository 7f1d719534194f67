// RotaryEmbedding, one position of one head after the other.
#include "support/widened.h"

namespace tenon::operators {
namespace {

template <typename T>
class RotaryPlan final : public KernelPlan {
 public:
  RotaryPlan(const NodeView& node, Specs inputs, Specs)
      : node_(node),
        flat_(inputs[0].shape.rank() == 3),
        interleaved_(node.Int("interleaved", 0) != 0) {
    const Shape& x = inputs[0].shape;
    batch_ = x[0];
    heads_ = flat_ ? node.Int("num_heads", 1) : x[1];
    sequence_ = flat_ ? x[1] : x[2];
    size_ = flat_ ? x[2] / heads_ : x[3];
    const int64_t rotated = node.Int("rotary_embedding_dim", 0);
    half_ = (rotated > 0 ? rotated : size_) / 2;
    positions_ = inputs[1].shape[0];
  }

  Status Run(const KernelArguments& arguments) const override {
    const auto* ids =
        arguments.inputs.size() > 3 ? static_cast<const int64_t*>(arguments.inputs[3]) : nullptr;
    for (int64_t i = 0; ids != nullptr && i < batch_ * sequence_; ++i) {
      if (ids[i] < 0 || ids[i] >= positions_)
        return Invalid(node_, "position_ids has ", std::to_string(ids[i]), " (expected 0 to ",
                       positions_ - 1, ")");
    }
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    const auto* cosines = static_cast<const T*>(arguments.inputs[1]);
    const auto* sines = static_cast<const T*>(arguments.inputs[2]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    ForElements(
        arguments.parallel, batch_ * sequence_ * heads_,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            // In the order of memory: heads inside of positions, or outside.
            const int64_t inside = flat_ ? i / heads_ % sequence_ : i % sequence_;
            const int64_t position = i / (heads_ * sequence_) * sequence_ + inside;
            const int64_t at = (ids == nullptr ? position : ids[position]) * half_;
            Rotate(x + i * size_, cosines + at, sines + at, y + i * size_);
          }
        },
        std::max<int64_t>(1, kElementChunk / std::max<int64_t>(1, size_)));
    return {};
  }

 private:
  // x and y may be the same memory.
  void Rotate(const T* x, const T* cosine, const T* sine, T* y) const {
    const int64_t step = interleaved_ ? 2 : 1, other = interleaved_ ? 1 : half_;
    for (int64_t j = 0; j < half_; ++j) {
      const T a = x[j * step], b = x[j * step + other];
      y[j * step] = cosine[j] * a - sine[j] * b;
      y[j * step + other] = sine[j] * a + cosine[j] * b;
    }
    for (int64_t j = 2 * half_; j < size_; ++j) y[j] = x[j];
  }

  NodeView node_;
  bool flat_, interleaved_;
  int64_t batch_, heads_, sequence_, size_, half_, positions_;
};

constexpr Kernel kRows[] = {{"", "RotaryEmbedding", 23, 23, Floats::kMask | kHalves,
                             Widened<PlanByType<RotaryPlan, Floats>>, 1e-6}};

}  // namespace

KernelRows ref_rotary_embedding_rows() { return kRows; }

}  // namespace tenon::operators
