// TopK: for each row a heap of the best seen so far, which is sorted in place at the end. Of equal
// elements the first one counts as better; NaN is larger than all numbers.
#include <utility>

#include "support/half_types.h"
#include "support/order.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

// Indices into a row, `stride` apart; the root is the worst. better(a, b) is a strict order.
template <typename Better>
class Heap {
 public:
  Heap(int64_t* indices, int64_t stride, int64_t size, const Better& better)
      : indices_(indices), stride_(stride), size_(size), better_(better) {}

  int64_t& operator[](int64_t i) const { return indices_[i * stride_]; }
  void Build() const {
    for (int64_t i = size_ / 2; i-- > 0;) Sift(i, size_);
  }
  void Offer(int64_t index) const {
    if (size_ == 0 || !better_(index, (*this)[0])) return;
    (*this)[0] = index;
    Sift(0, size_);
  }
  // Best first; afterwards it is no heap any more.
  void Sort() const {
    for (int64_t last = size_ - 1; last > 0; --last) {
      std::swap((*this)[0], (*this)[last]);
      Sift(0, last);
    }
  }

 private:
  void Sift(int64_t at, int64_t size) const {
    for (int64_t child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && better_((*this)[child], (*this)[child + 1])) ++child;
      if (!better_((*this)[at], (*this)[child])) return;
      std::swap((*this)[at], (*this)[child]);
      at = child;
    }
  }

  int64_t* indices_;
  int64_t stride_, size_;
  const Better& better_;
};

template <typename T>
class TopKPlan final : public KernelPlan {
 public:
  TopKPlan(const NodeView& node, int axis, Specs inputs, Specs outputs)
      : node_(node),
        type_(inputs[1].type),
        largest_(node.Int("largest", 1) != 0),
        wants_indices_(outputs.size() > 1 && outputs[1].present) {
    const Shape& x = inputs[0].shape;
    for (int i = 0; i < x.rank(); ++i) (i < axis ? outer_ : i > axis ? inner_ : size_) *= x[i];
    k_ = outputs[0].shape[axis];
  }
  int64_t workspace_bytes() const override {
    return wants_indices_ ? 0 : outer_ * k_ * inner_ * int64_t{sizeof(int64_t)};
  }
  Status Run(const KernelArguments& arguments) const override {
    if (IntAt({type_, Shape(), arguments.inputs[1]}, 0) != k_)
      return Invalid(node_, "was planned for K ", k_);
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* values = static_cast<T*>(arguments.outputs[0]);
    auto* indices =
        static_cast<int64_t*>(wants_indices_ ? arguments.outputs[1] : arguments.workspace);
    ForElements(
        arguments.parallel, outer_ * inner_,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t row = begin; row < end; ++row) {
            const int64_t from = row / inner_ * size_ * inner_ + row % inner_;
            const int64_t to = row / inner_ * k_ * inner_ + row % inner_;
            Select(x + from, values == nullptr ? nullptr : values + to, indices + to);
          }
        },
        std::max<int64_t>(1, kElementChunk / std::max<int64_t>(1, size_)));
    return {};
  }

 private:
  void Select(const T* x, T* values, int64_t* indices) const {
    const auto better = [=, this](int64_t a, int64_t b) {
      const Comparable<T> left = x[a * inner_], right = x[b * inner_];
      const int order = largest_ ? Compare(right, left) : Compare(left, right);
      return order < 0 || (order == 0 && a < b);
    };
    const Heap heap(indices, inner_, k_, better);
    for (int64_t i = 0; i < k_; ++i) heap[i] = i;
    heap.Build();
    for (int64_t i = k_; i < size_; ++i) heap.Offer(i);
    heap.Sort();
    for (int64_t i = 0; values != nullptr && i < k_; ++i) values[i * inner_] = x[heap[i] * inner_];
  }

  NodeView node_;
  DataType type_;
  bool largest_, wants_indices_;
  int64_t outer_ = 1, size_ = 1, inner_ = 1, k_ = 0;
};

PlanResult PlanTopK(const NodeView& node, Specs inputs, Specs outputs) {
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", -1), inputs[0].shape.rank(), axis));
  return PlanForType(node, AllNumbers{}, inputs[0].type, [&]<typename T>() {
    return std::make_unique<TopKPlan<T>>(node, axis, inputs, outputs);
  });
}

constexpr Kernel kRows[] = {{"", "TopK", 11, 11, AllNumbers::kMask, PlanTopK, 0}};

}  // namespace

KernelRows ref_topk_rows() { return kRows; }

}  // namespace tenon::operators
