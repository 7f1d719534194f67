// Adagrad, Adam and Momentum, element by element, as the operators' texts write them down.
#include <cmath>
#include <vector>

#include "support/plan.h"

namespace tenon::operators {
namespace {

// What R and T make of the attributes; the same for all elements.
struct Adagrad {
  static constexpr size_t kStates = 1;
  double rate, norm, epsilon;
  Adagrad(const NodeView& node, double r, int64_t t)
      : rate(r / (1 + static_cast<double>(t) * node.Float("decay_factor", 0))),
        norm(node.Float("norm_coefficient", 0)),
        epsilon(node.Float("epsilon", 1e-6F)) {}
  double Step(double x, double g, double* states) const {
    g += norm * x;
    states[0] += g * g;
    return x - rate * g / (std::sqrt(states[0]) + epsilon);
  }
};
struct Adam {
  static constexpr size_t kStates = 2;
  double rate, norm, after, epsilon, alpha, beta;
  Adam(const NodeView& node, double r, int64_t t)
      : rate(r),
        norm(node.Float("norm_coefficient", 0)),
        after(1 - static_cast<double>(node.Float("norm_coefficient_post", 0))),
        epsilon(node.Float("epsilon", 1e-6F)),
        alpha(node.Float("alpha", 0.9F)),
        beta(node.Float("beta", 0.999F)) {
    const auto step = static_cast<double>(t);
    if (t > 0) rate *= std::sqrt(1 - std::pow(beta, step)) / (1 - std::pow(alpha, step));
  }
  double Step(double x, double g, double* states) const {
    g += norm * x;
    states[0] = alpha * states[0] + (1 - alpha) * g;
    states[1] = beta * states[1] + (1 - beta) * g * g;
    return after * (x - rate * states[0] / (std::sqrt(states[1]) + epsilon));
  }
};
struct Momentum {
  static constexpr size_t kStates = 1;
  double rate, norm, alpha, beta;
  bool nesterov;
  Momentum(const NodeView& node, double r, int64_t t)
      : rate(r),
        norm(node.Float("norm_coefficient", 0)),
        alpha(node.Float("alpha", 0)),
        beta(t > 0 ? node.Float("beta", 0) : 1),
        nesterov(node.String("mode", "standard") == "nesterov") {}
  double Step(double x, double g, double* states) const {
    g += norm * x;
    states[0] = alpha * states[0] + beta * g;
    return x - rate * (nesterov ? g + alpha * states[0] : states[0]);
  }
};

template <typename T, typename Optimizer>
class OptimizerPlan final : public KernelPlan {
 public:
  OptimizerPlan(const NodeView& node, Specs inputs) : node_(node), rate_type_(inputs[0].type) {
    const size_t tensors = (inputs.size() - 2) / (2 + Optimizer::kStates);
    for (size_t i = 0; i < tensors; ++i) counts_.push_back(inputs[2 + i].shape.ElementCount());
  }
  Status Run(const KernelArguments& arguments) const override {
    const void* rate = arguments.inputs[0];
    const double r = rate_type_ == DataType::kFloat64
                         ? *static_cast<const double*>(rate)
                         : static_cast<double>(*static_cast<const float*>(rate));
    const Optimizer optimizer(node_, r, *static_cast<const int64_t*>(arguments.inputs[1]));
    for (size_t i = 0; i < counts_.size(); ++i) Update(arguments, optimizer, i);
    return {};
  }

 private:
  void Update(const KernelArguments& arguments, const Optimizer& optimizer, size_t tensor) const {
    const auto input = [&](size_t kind) {
      return static_cast<const T*>(arguments.inputs[2 + kind * counts_.size() + tensor]);
    };
    const auto output = [&](size_t kind) {
      return static_cast<T*>(arguments.outputs[kind * counts_.size() + tensor]);
    };
    ForElements(arguments.parallel, counts_[tensor], [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        std::array<double, Optimizer::kStates> states;
        for (size_t s = 0; s < states.size(); ++s) states[s] = static_cast<double>(input(2 + s)[i]);
        const double x = optimizer.Step(static_cast<double>(input(0)[i]),
                                        static_cast<double>(input(1)[i]), states.data());
        if (output(0) != nullptr) output(0)[i] = static_cast<T>(x);
        for (size_t s = 0; s < states.size(); ++s) {
          if (output(1 + s) != nullptr) output(1 + s)[i] = static_cast<T>(states[s]);
        }
      }
    });
  }

  NodeView node_;
  DataType rate_type_;
  std::vector<int64_t> counts_;
};

template <typename Optimizer>
PlanResult PlanOptimizer(const NodeView& node, Specs inputs, Specs) {
  for (const TensorSpec& input : inputs.first(2)) {
    if (input.shape.ElementCount() != 1)
      return Invalid(node, "R or T has shape ", input.shape, " (expected a scalar)");
  }
  return PlanForType(node, Floats{}, inputs[2].type, [&]<typename T>() {
    return std::make_unique<OptimizerPlan<T, Optimizer>>(node, inputs);
  });
}

template <typename Optimizer>
constexpr Kernel Row(std::string_view name) {
  return {"ai.onnx.preview.training", name, 1, 1, Floats::kMask, PlanOptimizer<Optimizer>, 1e-6};
}
constexpr Kernel kRows[] = {Row<Adagrad>("Adagrad"), Row<Adam>("Adam"), Row<Momentum>("Momentum")};

}  // namespace

KernelRows ref_optimizer_rows() { return kRows; }

}  // namespace tenon::operators
