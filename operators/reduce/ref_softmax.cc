// Softmax, LogSoftmax and Hardmax over rows (the axis is the last) or over columns that lie side by
// side.
#include <cmath>
#include <limits>

#include "support/math.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

// What an operator makes of x, the largest of its row, and the row's sum of exponentials.
template <typename T>
struct Soft {
  static T Finish(T x, T largest, T sum) { return Exponential(x - largest) / sum; }
};
template <typename T>
struct LogSoft {
  static T Finish(T x, T largest, T sum) { return x - largest - std::log(sum); }
};

template <typename T, template <typename> class Op>
class SoftmaxPlan final : public KernelPlan {
 public:
  SoftmaxPlan(Specs inputs, int axis) {
    const Shape& x = inputs[0].shape;
    for (int i = 0; i < axis; ++i) outer_ *= x[i];
    size_ = x[axis];
    for (int i = axis + 1; i < x.rank(); ++i) inner_ *= x[i];
  }
  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    if (size_ == 0 || inner_ == 0) return {};
    const int64_t blocks = (inner_ + kBlock - 1) / kBlock;
    const int64_t chunk = std::max<int64_t>(1, kElementChunk / (size_ * std::min(inner_, kBlock)));
    ForElements(
        arguments.parallel, outer_ * blocks,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const int64_t column = i % blocks * kBlock, at = i / blocks * size_ * inner_ + column;
            if (inner_ == 1) {
              Row(x + at, y + at);
            } else {
              Columns(x + at, std::min(kBlock, inner_ - column), y + at);
            }
          }
        },
        chunk);
    return {};
  }

 private:
  static constexpr int64_t kBlock = 64;

  void Row(const T* x, T* y) const {
    T largest = x[0];
    for (int64_t i = 1; i < size_; ++i) largest = std::max(largest, x[i]);
    T parts[16] = {};
    int64_t i = 0;
    for (; i + 16 <= size_; i += 16) {
      for (int64_t j = 0; j < 16; ++j) parts[j] += Exponential(x[i + j] - largest);
    }
    for (int64_t j = 0; i < size_; ++i, ++j) parts[j] += Exponential(x[i] - largest);
    T sum = 0;
    for (const T part : parts) sum += part;
#pragma GCC ivdep
    for (int64_t k = 0; k < size_; ++k) y[k] = Op<T>::Finish(x[k], largest, sum);
  }
  void Columns(const T* x, int64_t width, T* y) const {
    T largest[kBlock], sum[kBlock] = {};
    std::copy_n(x, width, largest);
    for (int64_t i = 1; i < size_; ++i) {
      for (int64_t j = 0; j < width; ++j) largest[j] = std::max(largest[j], x[i * inner_ + j]);
    }
    for (int64_t i = 0; i < size_; ++i) {
      for (int64_t j = 0; j < width; ++j) sum[j] += Exponential(x[i * inner_ + j] - largest[j]);
    }
    for (int64_t i = 0; i < size_; ++i) {
#pragma GCC ivdep
      for (int64_t j = 0; j < width; ++j) {
        y[i * inner_ + j] = Op<T>::Finish(x[i * inner_ + j], largest[j], sum[j]);
      }
    }
  }

  int64_t outer_ = 1, size_ = 1, inner_ = 1;
};

// 1 at the first of the largest, else 0.
template <typename T>
class HardmaxPlan final : public KernelPlan {
 public:
  HardmaxPlan(Specs inputs, int axis) {
    const Shape& x = inputs[0].shape;
    for (int i = 0; i < axis; ++i) outer_ *= x[i];
    size_ = x[axis];
    for (int i = axis + 1; i < x.rank(); ++i) inner_ *= x[i];
  }
  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    for (int64_t i = 0; size_ > 0 && i < outer_ * inner_; ++i) {
      const int64_t at = i / inner_ * size_ * inner_ + i % inner_;
      int64_t best = 0;
      for (int64_t k = 1; k < size_; ++k) {
        if (x[at + k * inner_] > x[at + best * inner_]) best = k;
      }
      for (int64_t k = 0; k < size_; ++k) y[at + k * inner_] = static_cast<T>(k == best);
    }
    return {};
  }

 private:
  int64_t outer_ = 1, size_ = 1, inner_ = 1;
};

template <template <typename> class P>
PlanResult PlanAlongAxis(const NodeView& node, Specs inputs, Specs) {
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", -1), inputs[0].shape.rank(), axis));
  return PlanForType(node, Floats{}, inputs[0].type,
                     [&]<typename T>() { return std::make_unique<P<T>>(inputs, axis); });
}
template <typename T>
using SoftmaxOf = SoftmaxPlan<T, Soft>;
template <typename T>
using LogSoftmaxOf = SoftmaxPlan<T, LogSoft>;

constexpr Kernel kRows[] = {
    {"", "Hardmax", 13, 13, Floats::kMask, PlanAlongAxis<HardmaxPlan>, 0},
    {"", "LogSoftmax", 13, 13, Floats::kMask, PlanAlongAxis<LogSoftmaxOf>, 1e-6},
    {"", "Softmax", 13, 13, Floats::kMask, PlanAlongAxis<SoftmaxOf>, 1e-6},
};

}  // namespace

KernelRows ref_softmax_rows() { return kRows; }

}  // namespace tenon::operators
