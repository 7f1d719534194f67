// LinearAttention, step by step in each state; CausalConvWithState, channel by channel.
#include <cmath>

#include "nn/linear_attention.h"
#include "support/math.h"
#include "support/widened.h"

namespace tenon::operators {
namespace {

class LinearAttentionPlan final : public KernelPlan {
 public:
  LinearAttentionPlan(const NodeView& node, Specs inputs, Specs outputs,
                      const LinearAttentionSizes& sizes)
      : s_(sizes), keeps_(Has(outputs, 1)), scale_(node.Float("scale", 0)) {
    if (scale_ == 0) scale_ = 1 / std::sqrt(static_cast<float>(s_.key_size));
    if (s_.decays) decay_each_ = inputs[4].shape[2] != s_.groups;
    if (s_.corrects) beta_shared_ = inputs[5].shape[2] == 1;
  }

  // What a step adds, for each state; and the states, where they are no output.
  int64_t workspace_bytes() const override {
    return (Values() + (keeps_ ? 0 : States())) * int64_t{sizeof(float)};
  }

  Status Run(const KernelArguments& arguments) const override {
    const auto in = [&](size_t i) {
      return static_cast<const float*>(i < arguments.inputs.size() ? arguments.inputs[i] : nullptr);
    };
    auto* added = static_cast<float*>(arguments.workspace);
    float* const states = keeps_ ? static_cast<float*>(arguments.outputs[1]) : added + Values();
    auto* y = static_cast<float*>(arguments.outputs[0]);
    const int64_t size = s_.key_size * s_.value_size;
    arguments.parallel(s_.batch * s_.groups, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        float* const state = states + i * size;
        if (in(3) != nullptr) {
          std::copy_n(in(3) + i * size, size, state);
        } else {
          std::fill_n(state, size, 0.0F);
        }
        for (int64_t t = 0; t < s_.steps; ++t) {
          const int64_t row = i / s_.groups * s_.steps + t, group = i % s_.groups;
          const int64_t at = row * s_.groups + group;
          if (s_.decays) Decay(in(4) + (decay_each_ ? at * s_.key_size : at), state);
          Add(in(1) + at * s_.key_size, in(2) + at * s_.value_size,
              s_.corrects ? in(5) + (beta_shared_ ? row : at) : nullptr, state,
              added + i * s_.value_size);
          const int64_t each = s_.heads / s_.groups, head = row * s_.heads + group * each;
          for (int64_t h = head; h < head + each; ++h)
            Read(in(0) + h * s_.key_size, state, y + h * s_.value_size);
        }
      }
    });
    return {};
  }

 private:
  int64_t Values() const { return (s_.batch * s_.groups * s_.value_size + 15) / 16 * 16; }
  int64_t States() const { return s_.batch * s_.groups * s_.key_size * s_.value_size; }

  void Decay(const float* decay, float* state) const {
    for (int64_t d = 0; d < s_.key_size; ++d) {
      const float factor = Exponential(decay[decay_each_ ? d : 0]);
      for (int64_t e = 0; e < s_.value_size; ++e) state[d * s_.value_size + e] *= factor;
    }
  }
  // state += key x value, where the value is corrected by what the state says of the key already.
  void Add(const float* key, const float* value, const float* beta, float* state,
           float* added) const {
    std::copy_n(value, s_.value_size, added);
    if (beta != nullptr) {
      for (int64_t d = 0; d < s_.key_size; ++d) {
        for (int64_t e = 0; e < s_.value_size; ++e)
          added[e] -= state[d * s_.value_size + e] * key[d];
      }
      for (int64_t e = 0; e < s_.value_size; ++e) added[e] *= *beta;
    }
    for (int64_t d = 0; d < s_.key_size; ++d) {
#pragma GCC ivdep
      for (int64_t e = 0; e < s_.value_size; ++e) state[d * s_.value_size + e] += key[d] * added[e];
    }
  }
  void Read(const float* query, const float* state, float* y) const {
    std::fill_n(y, s_.value_size, 0.0F);
    for (int64_t d = 0; d < s_.key_size; ++d) {
      const float weight = scale_ * query[d];
#pragma GCC ivdep
      for (int64_t e = 0; e < s_.value_size; ++e) y[e] += weight * state[d * s_.value_size + e];
    }
  }

  LinearAttentionSizes s_;
  bool keeps_;
  float scale_;
  bool decay_each_ = false, beta_shared_ = false;
};

PlanResult PlanLinear(const NodeView& node, Specs inputs, Specs outputs) {
  std::array<InferInput, 6> views;
  for (size_t i = 0; i < inputs.size() && i < views.size(); ++i)
    views[i] = {inputs[i].present, inputs[i].type, inputs[i].shape, nullptr};
  LinearAttentionSizes sizes;
  TENON_RETURN_IF_ERROR(ReadLinearAttention(node, views, sizes));
  return Plan(std::make_unique<LinearAttentionPlan>(node, inputs, outputs, sizes));
}

class CausalConvPlan final : public KernelPlan {
 public:
  CausalConvPlan(const NodeView& node, Specs inputs)
      : x_(inputs[0].shape),
        kernel_(inputs[1].shape[2]),
        swishes_(node.String("activation", "none") != "none") {}

  Status Run(const KernelArguments& arguments) const override {
    const auto in = [&](size_t i) {
      return static_cast<const float*>(i < arguments.inputs.size() ? arguments.inputs[i] : nullptr);
    };
    auto* y = static_cast<float*>(arguments.outputs[0]);
    auto* kept = static_cast<float*>(arguments.outputs.size() > 1 ? arguments.outputs[1] : nullptr);
    const int64_t length = x_[2], before = kernel_ - 1;
    arguments.parallel(x_[0] * x_[1], 16, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const float* x = in(0) + i * length;
        const float* past = in(3) == nullptr ? nullptr : in(3) + i * before;
        const float* w = in(1) + i % x_[1] * kernel_;
        // The sequence with its past, from -before on.
        const auto at = [&](int64_t t) {
          return t >= 0 ? x[t] : past == nullptr ? 0.0F : past[t + before];
        };
        for (int64_t t = 0; t < length; ++t) {
          float sum = in(2) == nullptr ? 0 : in(2)[i % x_[1]];
          for (int64_t k = 0; k < kernel_; ++k) sum += w[k] * at(t - before + k);
          y[i * length + t] = swishes_ ? sum * Logistic(sum) : sum;
        }
        for (int64_t k = 0; kept != nullptr && k < before; ++k)
          kept[i * before + k] = at(length - before + k);
      }
    });
    return {};
  }

 private:
  Shape x_;
  int64_t kernel_;
  bool swishes_;
};

PlanResult PlanConv(const NodeView& node, Specs inputs, Specs) {
  return Plan(std::make_unique<CausalConvPlan>(node, inputs));
}

constexpr uint64_t kTypes = Float32::kMask | kHalves;
constexpr Kernel kRows[] = {
    {"", "CausalConvWithState", 27, 27, kTypes, Widened<PlanConv>, 1e-6},
    {"", "LinearAttention", 27, 27, kTypes, Widened<PlanLinear>, 1e-5},
};

}  // namespace

KernelRows ref_linear_attention_rows() { return kRows; }

}  // namespace tenon::operators
