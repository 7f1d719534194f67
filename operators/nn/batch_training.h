// BatchNormalization while training: the moments are the batch's own, and the running ones follow
// them.
#pragma once

#include <cmath>

#include "support/plan.h"

namespace tenon::operators {

template <typename T>
class BatchTrainingPlan final : public KernelPlan {
 public:
  BatchTrainingPlan(const NodeView& node, Specs inputs, Specs)
      : epsilon_(node.Float("epsilon", 1e-5F)), momentum_(node.Float("momentum", 0.9F)) {
    const Shape& x = inputs[0].shape;
    batches_ = x[0];
    channels_ = x[1];
    for (const int64_t dim : x.dims().subspan(2)) size_ *= dim;
  }
  Status Run(const KernelArguments& arguments) const override {
    ForElements(
        arguments.parallel, channels_,
        [&](int64_t begin, int64_t end) {
          for (int64_t c = begin; c < end; ++c) Channel(arguments, c);
        },
        1);
    return {};
  }

 private:
  // Calls f(index) for every element of channel `c`.
  template <typename F>
  void ForChannel(int64_t c, const F& f) const {
    for (int64_t n = 0; n < batches_; ++n) {
      const int64_t first = (n * channels_ + c) * size_;
      for (int64_t i = first; i < first + size_; ++i) f(i);
    }
  }
  void Channel(const KernelArguments& arguments, int64_t c) const {
    const auto input = [&](size_t i) { return static_cast<const T*>(arguments.inputs[i]); };
    const T* x = input(0);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    const auto count = static_cast<double>(batches_ * size_);
    double mean = 0, variance = 0;
    ForChannel(c, [&](int64_t i) { mean += static_cast<double>(x[i]); });
    mean /= count;
    ForChannel(c, [&](int64_t i) {
      const double difference = static_cast<double>(x[i]) - mean;
      variance += difference * difference;
    });
    variance /= count;
    const double scale = static_cast<double>(input(1)[c]) / std::sqrt(variance + epsilon_);
    const auto shift = static_cast<double>(input(2)[c]);
    ForChannel(c, [&](int64_t i) {
      y[i] = static_cast<T>((static_cast<double>(x[i]) - mean) * scale + shift);
    });
    Follow(arguments, 1, input(3)[c], mean, c);
    Follow(arguments, 2, input(4)[c], variance, c);
  }
  void Follow(const KernelArguments& arguments, size_t output, T before, double now,
              int64_t c) const {
    if (output >= arguments.outputs.size() || arguments.outputs[output] == nullptr) return;
    static_cast<T*>(arguments.outputs[output])[c] =
        static_cast<T>(static_cast<double>(before) * momentum_ + now * (1 - momentum_));
  }

  double epsilon_, momentum_;
  int64_t batches_, channels_, size_ = 1;
};

}  // namespace tenon::operators
