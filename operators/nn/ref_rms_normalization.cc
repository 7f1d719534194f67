// RMSNormalization, row by row.
#include "nn/moments.h"
#include "support/broadcast.h"
#include "support/widened.h"

namespace tenon::operators {
namespace {

template <typename T>
class RmsPlan final : public KernelPlan {
 public:
  RmsPlan(const NodeView& node, Specs inputs, Specs)
      : epsilon_(static_cast<T>(node.Float("epsilon", 1e-5F))),
        rows_(node, inputs[0].shape),
        scale_({inputs[1].shape}, rows_.normalized) {}

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    const auto* scale = static_cast<const T*>(arguments.inputs[1]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    ForElements(
        arguments.parallel, rows_.count,
        [=, this](int64_t begin, int64_t end) {
          const int64_t size = rows_.size;
          for (int64_t i = begin; i < end; ++i) {
            const T* from = x + i * size;
            T* to = y + i * size;
            const T mean =
                SumOf(from, size, [](T value) { return value * value; }) / static_cast<T>(size);
            const T factor = 1 / std::sqrt(mean + epsilon_);
            scale_.Run(ParallelFor::Inline(),
                       [=, this](int64_t at, const auto& offsets, int64_t count) {
                         const T* a = scale + offsets[0];
                         const auto normalize = [=](auto step) {
#pragma GCC ivdep
                           for (int64_t j = 0; j < count; ++j)
                             to[at + j] = from[at + j] * factor * a[j * step];
                         };
                         scale_.inner_stride(0) == 1 ? normalize(kOne) : normalize(kZero);
                       });
          }
        },
        rows_.chunk());
    return {};
  }

 private:
  T epsilon_;
  NormalizedRows rows_;
  Broadcast<1> scale_;
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
