// NonZero, by element width: counts by chunk, then writes each chunk's indices behind those of the
// chunks before it.
#include "support/nonzero.h"
#include "support/outputs.h"
#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

template <typename Bits>
class NonZeroPlan final : public KernelPlan {
 public:
  NonZeroPlan(const NodeView& node, Specs inputs, Specs outputs)
      : node_(node),
        x_(inputs[0].shape),
        planned_(outputs[0]),
        rule_(NonZeroRuleOf(inputs[0].type)),
        elements_(x_.ElementCount()) {}

  int64_t workspace_bytes() const override {
    return (elements_ + kElementChunk - 1) / kElementChunk * int64_t{sizeof(int64_t)};
  }

  Status Run(const KernelArguments& arguments) const override {
    return RunAllocating(arguments, {});
  }
  Status RunAllocating(const KernelArguments& arguments, OutputAllocator allocate) const override {
    const auto* x = static_cast<const Bits*>(arguments.inputs[0]);
    auto* first = static_cast<int64_t*>(arguments.workspace);  // by chunk: its first column
    ForElements(arguments.parallel, elements_, [=, this](int64_t begin, int64_t end) {
      first[begin / kElementChunk] = CountNonZero(x + begin, rule_, end - begin);
    });
    int64_t columns = 0;
    for (int64_t c = 0; c * kElementChunk < elements_; ++c) {
      const int64_t count = first[c];
      first[c] = columns;
      columns += count;
    }
    TENON_ASSIGN(void* const memory,
                 OutputOf(node_, arguments, allocate, planned_, 0, Shape{x_.rank(), columns}));
    auto* y = static_cast<int64_t*>(memory);
    if (columns == 0 || x_.rank() == 0) return {};
    ForElements(arguments.parallel, elements_, [=, this](int64_t begin, int64_t end) {
      Write(x, begin, end, y + first[begin / kElementChunk], columns);
    });
    return {};
  }

 private:
  void Write(const Bits* x, int64_t begin, int64_t end, int64_t* y, int64_t columns) const {
    const Bits mask = static_cast<Bits>(rule_.mask);
    Shape at = x_;  // the index of element i
    int64_t rest = begin;
    for (int d = x_.rank() - 1; d >= 0; --d) {
      at[d] = rest % x_[d];
      rest /= x_[d];
    }
    for (int64_t i = begin; i < end; ++i) {
      if (rule_.always || (x[i] & mask) != 0) {
        for (int d = 0; d < x_.rank(); ++d) y[d * columns] = at[d];
        ++y;
      }
      for (int d = x_.rank() - 1; d >= 0 && ++at[d] == x_[d]; --d) at[d] = 0;
    }
  }

  NodeView node_;
  Shape x_;
  TensorSpec planned_;
  NonZeroRule rule_;
  int64_t elements_;
};

PlanResult PlanNonZero(const NodeView& node, Specs inputs, Specs outputs) {
  switch (ElementSize(inputs[0].type)) {
    case 1:
      return Plan(std::make_unique<NonZeroPlan<uint8_t>>(node, inputs, outputs));
    case 2:
      return Plan(std::make_unique<NonZeroPlan<uint16_t>>(node, inputs, outputs));
    case 4:
      return Plan(std::make_unique<NonZeroPlan<uint32_t>>(node, inputs, outputs));
    default:
      return Plan(std::make_unique<NonZeroPlan<uint64_t>>(node, inputs, outputs));
  }
}

constexpr Kernel kRows[] = {{"", "NonZero", 9, 9, kCopyable, PlanNonZero, 0}};

}  // namespace

KernelRows ref_nonzero_rows() { return kRows; }

}  // namespace tenon::operators
