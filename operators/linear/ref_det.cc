// Det by Gaussian elimination in double, each column's largest element as pivot.
#include <algorithm>
#include <cmath>

#include "support/half_types.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

double Eliminate(double* a, int64_t size) {
  double det = 1;
  for (int64_t k = 0; k < size; ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < size; ++i) {
      if (std::fabs(a[i * size + k]) > std::fabs(a[pivot * size + k])) pivot = i;
    }
    const double diagonal = a[pivot * size + k];
    det *= pivot == k ? diagonal : -diagonal;
    if (diagonal == 0) return 0;
    if (pivot != k) std::swap_ranges(a + k * size, a + (k + 1) * size, a + pivot * size);
    for (int64_t i = k + 1; i < size; ++i) {
      const double factor = a[i * size + k] / diagonal;
      for (int64_t j = k + 1; j < size; ++j) a[i * size + j] -= factor * a[k * size + j];
    }
  }
  return det;
}

template <typename T>
class DetPlan final : public KernelPlan {
 public:
  DetPlan(const NodeView&, Specs inputs, Specs outputs)
      : size_(inputs[0].shape[inputs[0].shape.rank() - 1]),
        count_(outputs[0].shape.ElementCount()) {}
  int64_t workspace_bytes() const override {
    return count_ * size_ * size_ * int64_t{sizeof(double)};
  }
  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    auto* work = static_cast<double*>(arguments.workspace);
    const int64_t elements = size_ * size_;
    ForElements(
        arguments.parallel, count_,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            double* a = work + i * elements;
            for (int64_t k = 0; k < elements; ++k)
              a[k] = static_cast<double>(static_cast<Comparable<T>>(x[i * elements + k]));
            y[i] = static_cast<T>(static_cast<Comparable<T>>(Eliminate(a, size_)));
          }
        },
        std::max<int64_t>(1, kElementChunk / std::max<int64_t>(1, elements * size_)));
    return {};
  }

 private:
  int64_t size_, count_;
};

constexpr Kernel kRows[] = {
    {"", "Det", 11, 11, AllFloats::kMask, PlanByType<DetPlan, AllFloats>, 1e-5}};

}  // namespace

KernelRows ref_det_rows() { return kRows; }

}  // namespace tenon::operators
