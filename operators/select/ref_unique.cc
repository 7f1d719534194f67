// Unique: sorts the slices by an index, of which equal ones then lie together. NaN is equal to
// itself, and larger than all numbers.
#include <algorithm>
#include <vector>

#include "support/half_types.h"
#include "support/order.h"
#include "support/outputs.h"

namespace tenon::operators {
namespace {

template <typename T>
class UniquePlan final : public KernelPlan {
 public:
  // `axis` < 0: the elements.
  UniquePlan(const NodeView& node, int axis, Specs inputs, Specs outputs)
      : node_(node),
        x_(inputs[0].shape),
        axis_(axis),
        sorted_(node.Int("sorted", 1) != 0),
        planned_(outputs.begin(), outputs.end()) {
    if (axis < 0) {
      x_ = Shape{x_.ElementCount()};
      axis_ = 0;
    }
    for (int i = 0; i < x_.rank(); ++i) (i < axis_ ? outer_ : i > axis_ ? inner_ : count_) *= x_[i];
  }
  int64_t workspace_bytes() const override { return 4 * count_ * int64_t{sizeof(int64_t)}; }

  Status Run(const KernelArguments& arguments) const override {
    return RunAllocating(arguments, {});
  }
  Status RunAllocating(const KernelArguments& arguments, OutputAllocator allocate) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    const Work work(static_cast<int64_t*>(arguments.workspace), count_);
    const int64_t found = Group(x, work);
    Shape shape = x_;
    shape[axis_] = found;
    TENON_ASSIGN(void* const y, Output(arguments, allocate, 0, shape));
    TENON_ASSIGN(void* const first, Output(arguments, allocate, 1, Shape{found}));
    TENON_ASSIGN(void* const inverse, Output(arguments, allocate, 2, Shape{count_}));
    TENON_ASSIGN(void* const counts, Output(arguments, allocate, 3, Shape{found}));
    if (y != nullptr) CopySlices(x, work.first, found, static_cast<T*>(y));
    if (first != nullptr) std::copy_n(work.first, found, static_cast<int64_t*>(first));
    if (inverse != nullptr) std::copy_n(work.inverse, count_, static_cast<int64_t*>(inverse));
    if (counts != nullptr) std::copy_n(work.counts, found, static_cast<int64_t*>(counts));
    return {};
  }

 private:
  // `order`: slices in ascending order; then the numbers that groups get. The others are by group,
  // but `inverse`, which is by slice.
  struct Work {
    int64_t *order, *first, *counts, *inverse;
    Work(int64_t* memory, int64_t count)
        : order(memory),
          first(memory + count),
          counts(memory + 2 * count),
          inverse(memory + 3 * count) {}
  };

  Result<void*> Output(const KernelArguments& arguments, OutputAllocator allocate, int index,
                       const Shape& shape) const {
    const auto i = static_cast<size_t>(index);
    if (i >= planned_.size()) return static_cast<void*>(nullptr);
    return OutputOf(node_, arguments, allocate, planned_[i], index, shape);
  }

  int CompareSlices(const T* x, int64_t a, int64_t b) const {
    for (int64_t i = 0; i < outer_ * inner_; ++i) {
      const T* from = x + i / inner_ * count_ * inner_ + i % inner_;
      const int order = Compare<Comparable<T>>(from[a * inner_], from[b * inner_]);
      if (order != 0) return order;
    }
    return 0;
  }

  int64_t Group(const T* x, const Work& work) const {
    for (int64_t i = 0; i < count_; ++i) work.order[i] = i;
    std::sort(work.order, work.order + count_, [=, this](int64_t a, int64_t b) {
      const int order = CompareSlices(x, a, b);
      return order < 0 || (order == 0 && a < b);
    });
    int64_t found = 0;
    for (int64_t i = 0; i < count_; ++i) {
      const int64_t slice = work.order[i];
      if (i == 0 || CompareSlices(x, work.order[i - 1], slice) != 0) {
        work.first[found] = slice;
        work.counts[found++] = 0;
      }
      ++work.counts[found - 1];
      work.inverse[slice] = found - 1;
    }
    if (!sorted_) InOrderOfAppearance(work, found);
    return found;
  }

  // The first slice of a group is the first that has its number, so one pass over the slices meets
  // the groups in order.
  void InOrderOfAppearance(const Work& work, int64_t found) const {
    std::fill_n(work.order, found, int64_t{-1});  // by old group: its new number
    int64_t next = 0;
    for (int64_t i = 0; i < count_; ++i) {
      int64_t& number = work.order[work.inverse[i]];
      if (number < 0) number = next++;
      work.inverse[i] = number;
    }
    std::fill_n(work.counts, found, int64_t{0});
    for (int64_t i = count_; i-- > 0;) {
      work.first[work.inverse[i]] = i;
      ++work.counts[work.inverse[i]];
    }
  }

  void CopySlices(const T* x, const int64_t* slices, int64_t found, T* y) const {
    if (found * inner_ == 0) return;  // there may be too many rows to count to
    for (int64_t o = 0; o < outer_; ++o) {
      for (int64_t i = 0; i < found; ++i)
        std::copy_n(x + (o * count_ + slices[i]) * inner_, inner_, y + (o * found + i) * inner_);
    }
  }

  NodeView node_;
  Shape x_;
  int axis_;
  bool sorted_;
  std::vector<TensorSpec> planned_;
  int64_t outer_ = 1, inner_ = 1, count_ = 1;
};

PlanResult PlanUnique(const NodeView& node, Specs inputs, Specs outputs) {
  int axis = -1;
  if (node.Find("axis") != nullptr)
    TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", 0), inputs[0].shape.rank(), axis));
  const int64_t count = axis < 0 ? inputs[0].shape.ElementCount() : inputs[0].shape[axis];
  TENON_RETURN_IF_ERROR(CheckWorkspace(node, {4, sizeof(int64_t), count}));
  return PlanForType(node, AllNumbersAndBool{}, inputs[0].type, [&]<typename T>() {
    return std::make_unique<UniquePlan<T>>(node, axis, inputs, outputs);
  });
}

constexpr Kernel kRows[] = {{"", "Unique", 11, 11, AllNumbersAndBool::kMask, PlanUnique, 0}};

}  // namespace

KernelRows ref_unique_rows() { return kRows; }

}  // namespace tenon::operators
