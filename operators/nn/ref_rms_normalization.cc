// RMSNormalization, row by row.
#include "nn/moments.h"
#include "support/widened.h"

namespace tenon::operators {
namespace {

template <typename T>
class RmsPlan final : public KernelPlan {
 public:
  RmsPlan(const NodeView& node, Specs inputs, Specs)
      : epsilon_(static_cast<T>(node.Float("epsilon", 1e-5F))) {
    const Shape& x = inputs[0].shape;
    const Shape& scale = inputs[1].shape;
    const int64_t axis = node.Int("axis", -1);
    const auto first = static_cast<int>(axis < 0 ? axis + x.rank() : axis);
    for (int i = 0; i < x.rank(); ++i) (i < first ? rows_ : size_) *= x[i];
    places_ = BroadcastPlaces(x, first, scale);
  }

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    const auto* scale = static_cast<const T*>(arguments.inputs[1]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    ForElements(
        arguments.parallel, rows_,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const T* from = x + i * size_;
            T* to = y + i * size_;
            const T mean =
                SumOf(from, size_, [](T value) { return value * value; }) / static_cast<T>(size_);
            const T factor = 1 / std::sqrt(mean + epsilon_);
            if (places_.empty()) {
#pragma GCC ivdep
              for (int64_t j = 0; j < size_; ++j) to[j] = from[j] * factor * scale[j];
            } else {
              for (int64_t j = 0; j < size_; ++j)
                to[j] = from[j] * factor * scale[places_[static_cast<size_t>(j)]];
            }
          }
        },
        std::max<int64_t>(1, kElementChunk / std::max<int64_t>(1, size_)));
    return {};
  }

 private:
  T epsilon_;
  int64_t rows_ = 1, size_ = 1;
  std::vector<int64_t> places_;  // empty where scale is not broadcast
};

// What stash_type says is the least precision of the mean.
PlanResult PlanRms(const NodeView& node, Specs inputs, Specs outputs) {
  const auto plan = [](const NodeView& n, Specs in, Specs out) -> PlanResult {
    if (in[0].type != in[1].type)
      return Unsupported(n, "X is ", in[0].type, ", scale is ", in[1].type);
    return PlanByType<RmsPlan, Floats>(n, in, out);
  };
  const bool doubles = node.Int("stash_type", 1) == static_cast<int>(DataType::kFloat64);
  return PlanWidened(node, inputs, outputs, plan,
                     doubles ? DataType::kFloat64 : DataType::kFloat32);
}

constexpr Kernel kRows[] = {
    {"", "RMSNormalization", 23, 23, Floats::kMask | kHalves, PlanRms, 1e-5}};

}  // namespace

KernelRows ref_rms_normalization_rows() { return kRows; }

}  // namespace tenon::operators
