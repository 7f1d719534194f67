// BatchNormalization, InstanceNormalization and LayerNormalization.
#include <cmath>

#include "nn/batch_training.h"
#include "nn/moments.h"
#include "support/broadcast.h"
#include "support/widened.h"

namespace tenon::operators {
namespace {

// y = x * a[c] + b[c] over planes of one channel each; where the statistics come from is the
// difference.
template <typename T>
class ChannelPlan final : public KernelPlan {
 public:
  ChannelPlan(const NodeView& node, Specs inputs, Specs)
      : of_batch_(node.op == "BatchNormalization"),
        epsilon_(static_cast<T>(node.Float("epsilon", 1e-5F))) {
    const Shape& x = inputs[0].shape;
    channels_ = x[1];
    planes_ = x[0] * x[1];
    for (const int64_t dim : x.dims().subspan(2)) size_ *= dim;
  }
  Status Run(const KernelArguments& arguments) const override {
    const auto input = [&](size_t i) { return static_cast<const T*>(arguments.inputs[i]); };
    auto* y = static_cast<T*>(arguments.outputs[0]);
    ForElements(
        arguments.parallel, planes_,
        [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const int64_t c = i % channels_;
            const T* x = input(0) + i * size_;
            T mean, scale;
            if (of_batch_) {
              mean = input(3)[c];
              scale = 1 / std::sqrt(input(4)[c] + epsilon_);
            } else {
              const Moments<T> moments(x, size_, epsilon_);
              mean = moments.mean;
              scale = moments.scale;
            }
            const T a = input(1)[c] * scale, b = input(2)[c];
            T* to = y + i * size_;
#pragma GCC ivdep
            for (int64_t j = 0; j < size_; ++j) to[j] = (x[j] - mean) * a + b;
          }
        },
        std::max<int64_t>(1, kElementChunk / std::max<int64_t>(1, size_)));
    return {};
  }

 private:
  bool of_batch_;
  T epsilon_;
  int64_t channels_, planes_, size_ = 1;
};

PlanResult PlanBatch(const NodeView& node, Specs inputs, Specs outputs) {
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (inputs[i].type != inputs[0].type)
      return Unsupported(node, "float32 and float64 among its inputs");
  }
  if (node.Int("training_mode", 0) != 0)
    return PlanByType<BatchTrainingPlan, Floats>(node, inputs, outputs);
  return PlanByType<ChannelPlan, Floats>(node, inputs, outputs);
}

template <typename T>
class LayerPlan final : public KernelPlan {
 public:
  LayerPlan(const NodeView& node, Specs inputs, Specs)
      : epsilon_(static_cast<T>(node.Float("epsilon", 1e-5F))),
        rows_(node, inputs[0].shape),
        scale_and_shift_({inputs[1].shape, Has(inputs, 2) ? inputs[2].shape : Shape()},
                         rows_.normalized) {}
  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    const auto* scale = static_cast<const T*>(arguments.inputs[1]);
    const auto* shift =
        arguments.inputs.size() > 2 ? static_cast<const T*>(arguments.inputs[2]) : nullptr;
    auto* y = static_cast<T*>(arguments.outputs[0]);
    const auto output = [&](size_t i) {
      return i < arguments.outputs.size() ? static_cast<T*>(arguments.outputs[i]) : nullptr;
    };
    T* const means = output(1);
    T* const inverses = output(2);
    ForElements(
        arguments.parallel, rows_.count,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const T* from = x + i * rows_.size;
            T* to = y + i * rows_.size;
            const Moments<T> moments(from, rows_.size, epsilon_);
            const auto normalize = [=, this](int64_t at, const auto& offsets, int64_t count) {
              const T* a = scale + offsets[0];
              const auto scaled = [=](int64_t j, auto step) {
                return (from[at + j] - moments.mean) * moments.scale * a[j * step];
              };
              const auto all = [=](auto scale_step, auto shift_step) {
                if (shift == nullptr) {
                  for (int64_t j = 0; j < count; ++j) to[at + j] = scaled(j, scale_step);
                } else {
                  const T* b = shift + offsets[1];
                  for (int64_t j = 0; j < count; ++j)
                    to[at + j] = scaled(j, scale_step) + b[j * shift_step];
                }
              };
              const auto with_scale = [=, this](auto step) {
                scale_and_shift_.inner_stride(1) == 1 ? all(step, kOne) : all(step, kZero);
              };
              scale_and_shift_.inner_stride(0) == 1 ? with_scale(kOne) : with_scale(kZero);
            };
            scale_and_shift_.Run(ParallelFor::Inline(), normalize);
            if (means != nullptr) means[i] = moments.mean;
            if (inverses != nullptr) inverses[i] = moments.scale;
          }
        },
        rows_.chunk());
    return {};
  }

 private:
  T epsilon_;
  NormalizedRows rows_;
  Broadcast<2> scale_and_shift_;
};

PlanResult PlanLayer(const NodeView& node, Specs inputs, Specs outputs) {
  if (node.Int("stash_type", 1) != 1 && (Has(outputs, 1) || Has(outputs, 2))) {
    return Unsupported(node, "stash_type is not float32");
  }
  return Plan(std::make_unique<LayerPlan<float>>(node, inputs, outputs));
}

constexpr Kernel kRows[] = {
    {"", "BatchNormalization", 14, 14, Floats::kMask | kHalves, Widened<PlanBatch>, 1e-5},
    {"", "InstanceNormalization", 1, 1, Floats::kMask | kHalves,
     Widened<PlanByType<ChannelPlan, Floats>>, 1e-5},
    {"", "LayerNormalization", 17, 17, Float32::kMask | kHalves, Widened<PlanLayer>, 1e-5},
};

}  // namespace

KernelRows ref_normalization_rows() { return kRows; }

}  // namespace tenon::operators
