// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss. Sums are taken in double, by chunk and then
// over the chunks.
#include <algorithm>
#include <cmath>

#include "support/plan.h"
#include "support/widened.h"

namespace tenon::operators {
namespace {

enum class Reduction { kNone, kSum, kMean };

template <typename T, bool kSoftmax>
class LossPlan final : public KernelPlan {
 public:
  LossPlan(const NodeView& node, Specs inputs, Specs outputs)
      : node_(node),
        ignores_(node.Find("ignore_index") != nullptr),
        ignored_(node.Int("ignore_index", 0)),
        type_(inputs[1].type),
        count_(inputs[1].shape.ElementCount()),
        classes_(inputs[0].shape[1]),
        wants_logs_(outputs.size() > 1 && outputs[1].present) {
    const std::string_view reduction = node.String("reduction", "mean");
    reduction_ = reduction == "none"  ? Reduction::kNone
                 : reduction == "sum" ? Reduction::kSum
                                      : Reduction::kMean;
    for (int i = 2; i < inputs[0].shape.rank(); ++i) inner_ *= inputs[0].shape[i];
  }
  int64_t workspace_bytes() const override {
    const int64_t logs = kSoftmax && !wants_logs_ ? count_ * classes_ * int64_t{sizeof(T)} : 0;
    return PartBytes() + logs;
  }

  Status Run(const KernelArguments& arguments) const override {
    const TensorView labels = {type_, Shape(), arguments.inputs[1]};
    for (int64_t i = 0; i < count_; ++i) {
      const int64_t label = IntAt(labels, i);
      if (IsIgnored(label) || (label >= 0 && label < classes_)) continue;
      return Invalid(node_, "input 1 has the label ", std::to_string(label), " for ", classes_,
                     " classes");
    }
    const T* logs = Logs(arguments);
    const T* weights =
        arguments.inputs.size() > 2 ? static_cast<const T*>(arguments.inputs[2]) : nullptr;
    auto* parts = static_cast<Sums*>(arguments.workspace);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    ForElements(arguments.parallel, count_, [=, this](int64_t begin, int64_t end) {
      Sums sums;
      for (int64_t i = begin; i < end; ++i) {
        const int64_t label = IntAt(labels, i);
        const T weight = IsIgnored(label) ? T(0) : weights == nullptr ? T(1) : weights[label];
        const T loss = IsIgnored(label) ? T(0) : -logs[At(i, label)] * weight;
        if (reduction_ == Reduction::kNone) y[i] = loss;
        sums.loss += static_cast<double>(loss);
        sums.weight += static_cast<double>(weight);
      }
      parts[begin / kElementChunk] = sums;
    });
    if (reduction_ != Reduction::kNone) *y = static_cast<T>(Total(parts));
    return {};
  }

 private:
  struct Sums {
    double loss = 0, weight = 0;
  };

  int64_t Parts() const { return (count_ + kElementChunk - 1) / kElementChunk; }
  int64_t PartBytes() const { return Parts() * int64_t{sizeof(Sums)}; }
  bool IsIgnored(int64_t label) const { return ignores_ && label == ignored_; }
  // Element (n, label, rest) of input 0, for label i = (n, rest).
  int64_t At(int64_t i, int64_t label) const {
    return (i / inner_ * classes_ + label) * inner_ + i % inner_;
  }
  double Total(const Sums* parts) const {
    Sums sums;
    for (int64_t i = 0; i < Parts(); ++i) {
      sums.loss += parts[i].loss;
      sums.weight += parts[i].weight;
    }
    return reduction_ == Reduction::kSum ? sums.loss : sums.loss / sums.weight;
  }

  // Logarithms of probabilities: the input, or its logarithmic softmax over the classes.
  const T* Logs(const KernelArguments& arguments) const {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    if (!kSoftmax || classes_ == 0) return x;
    T* logs =
        wants_logs_
            ? static_cast<T*>(arguments.outputs[1])
            : reinterpret_cast<T*>(static_cast<std::byte*>(arguments.workspace) + PartBytes());
    ForElements(
        arguments.parallel, count_,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) LogSoftmax(x + At(i, 0), logs + At(i, 0));
        },
        std::max<int64_t>(1, kElementChunk / std::max<int64_t>(1, classes_)));
    return logs;
  }
  void LogSoftmax(const T* x, T* y) const {
    T largest = x[0];
    for (int64_t c = 1; c < classes_; ++c) largest = std::max(largest, x[c * inner_]);
    double sum = 0;
    for (int64_t c = 0; c < classes_; ++c)
      sum += std::exp(static_cast<double>(x[c * inner_] - largest));
    const auto shift = static_cast<T>(std::log(sum));
    for (int64_t c = 0; c < classes_; ++c) y[c * inner_] = x[c * inner_] - largest - shift;
  }

  NodeView node_;
  bool ignores_;
  int64_t ignored_;
  DataType type_;
  int64_t count_, classes_, inner_ = 1;
  bool wants_logs_;
  Reduction reduction_;
};

template <typename T>
using Nll = LossPlan<T, false>;
template <typename T>
using CrossEntropy = LossPlan<T, true>;

constexpr uint64_t kTypes = Floats::kMask | kHalves;
constexpr Kernel kRows[] = {
    {"", "NegativeLogLikelihoodLoss", 12, 12, kTypes, Widened<PlanByType<Nll, Floats>>, 1e-5},
    {"", "SoftmaxCrossEntropyLoss", 12, 12, kTypes, Widened<PlanByType<CrossEntropy, Floats>>,
     1e-5},
};

}  // namespace

KernelRows ref_loss_rows() { return kRows; }

}  // namespace tenon::operators
