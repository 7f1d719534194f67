// Activation functions of recurrent operators, by name, applied to rows of values.
#pragma once

#include <vector>

#include "support/plan.h"

namespace tenon::operators {

class Activation {
 public:
  enum class Kind : uint8_t {
    kAffine,
    kElu,
    kHardSigmoid,
    kLeakyRelu,
    kRelu,
    kScaledTanh,
    kSigmoid,
    kSoftplus,
    kSoftsign,
    kTanh,
    kThresholdedRelu
  };
  Activation() = default;
  Activation(Kind kind, float alpha, float beta) : kind_(kind), alpha_(alpha), beta_(beta) {}

  // to[i] = f(from[i]), i in [0, count); both may be the same memory.
  template <typename T>
  void Apply(const T* from, int64_t count, T* to) const;

 private:
  Kind kind_ = Kind::kTanh;
  float alpha_ = 1, beta_ = 0;
};

// The activations of all directions, `defaults.size()` for each. activation_alpha and
// activation_beta hold values for those functions that have them, in order (ONNX Runtime's
// reading); what is left has its default.
Status ReadActivations(const NodeView& node, int64_t directions,
                       std::span<const Activation::Kind> defaults,
                       std::vector<Activation>& activations);

}  // namespace tenon::operators
