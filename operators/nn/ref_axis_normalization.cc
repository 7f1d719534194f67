// LRN, LpNormalization and MeanVarianceNormalization.
#include <cmath>

#include "support/widened.h"

namespace tenon::operators {
namespace {

// A block of positions of one sample and channel: squares are summed over the channels around.
template <typename T>
class LrnPlan final : public KernelPlan {
 public:
  LrnPlan(const NodeView& node, Specs inputs, Specs)
      : before_((node.Int("size", 1) - 1) / 2),
        after_(node.Int("size", 1) / 2),
        scale_(static_cast<T>(node.Float("alpha", 1e-4F)) / static_cast<T>(node.Int("size", 1))),
        beta_(static_cast<T>(node.Float("beta", 0.75F))),
        bias_(static_cast<T>(node.Float("bias", 1.0F))) {
    const Shape& x = inputs[0].shape;
    channels_ = x[1];
    planes_ = x[0] * x[1];
    for (const int64_t dim : x.dims().subspan(2)) size_ *= dim;
  }

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    arguments.parallel(planes_, 1, [=, this](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) Plane(x, i, y + i * size_);
    });
    return {};
  }

 private:
  static constexpr int64_t kBlock = 256;

  void Plane(const T* x, int64_t plane, T* y) const {
    const int64_t c = plane % channels_;
    const int64_t first = std::max<int64_t>(0, c - before_);
    const int64_t last = std::min(channels_ - 1, c + std::min(after_, channels_));
    for (int64_t at = 0; at < size_; at += kBlock) {
      const int64_t count = std::min(kBlock, size_ - at);
      T sums[kBlock] = {};
      for (int64_t k = first; k <= last; ++k) {
        const T* from = x + (plane - c + k) * size_ + at;
        for (int64_t j = 0; j < count; ++j) sums[j] += from[j] * from[j];
      }
      const T* from = x + plane * size_ + at;
      for (int64_t j = 0; j < count; ++j)
        y[at + j] = from[j] / std::pow(bias_ + scale_ * sums[j], beta_);
    }
  }

  int64_t before_, after_;
  T scale_, beta_, bias_;
  int64_t channels_, planes_, size_ = 1;
};

// Norms along one axis; where a norm is zero the output is.
template <typename T>
class LpPlan final : public KernelPlan {
 public:
  LpPlan(const NodeView& node, Specs inputs, Specs) : squares_(node.Int("p", 2) == 2) {
    const Shape& x = inputs[0].shape;
    const int64_t from = node.Int("axis", -1);
    const auto axis = static_cast<int>(from < 0 ? from + x.rank() : from);
    for (int i = 0; i < axis; ++i) outer_ *= x[i];
    size_ = x[axis];
    for (int i = axis + 1; i < x.rank(); ++i) inner_ *= x[i];
  }

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    const int64_t blocks = (inner_ + kBlock - 1) / kBlock;
    arguments.parallel(outer_ * blocks, 16, [=, this](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t column = i % blocks * kBlock, at = i / blocks * size_ * inner_ + column;
        Columns(x + at, std::min(kBlock, inner_ - column), y + at);
      }
    });
    return {};
  }

 private:
  static constexpr int64_t kBlock = 64;

  void Columns(const T* x, int64_t width, T* y) const {
    T norms[kBlock] = {};
    for (int64_t i = 0; i < size_; ++i) {
      const T* row = x + i * inner_;
      for (int64_t j = 0; j < width; ++j)
        norms[j] += squares_ ? row[j] * row[j] : std::fabs(row[j]);
    }
    for (int64_t j = 0; j < width && squares_; ++j) norms[j] = std::sqrt(norms[j]);
    for (int64_t i = 0; i < size_; ++i) {
      for (int64_t j = 0; j < width; ++j)
        y[i * inner_ + j] = norms[j] == 0 ? T(0) : x[i * inner_ + j] / norms[j];
    }
  }

  bool squares_;
  int64_t outer_ = 1, size_ = 1, inner_ = 1;
};

// Mean and deviation over any axes; the sums in float64.
template <typename T>
class MeanVariancePlan final : public KernelPlan {
 public:
  MeanVariancePlan(const NodeView& node, Specs inputs, Specs) {
    const Shape& x = inputs[0].shape;
    constexpr int64_t kDefault[] = {0, 2, 3};
    const bool given = node.Find("axes") != nullptr;
    uint32_t reduced = 0;
    for (const int64_t axis : given ? node.Ints("axes") : std::span<const int64_t>(kDefault))
      reduced |= 1u << (axis < 0 ? axis + x.rank() : axis);
    int64_t stride = 1;
    for (int i = x.rank() - 1; i >= 0; --i) {
      Part& part = (reduced >> i & 1) != 0 ? over_ : kept_;
      part.dims[part.rank] = x[i];
      part.strides[part.rank++] = stride;
      part.count *= x[i];
      stride *= x[i];
    }
  }

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    if (x == nullptr) return {};  // no elements
    arguments.parallel(kept_.count, 1, [=, this](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t base = kept_.Offset(i);
        Normalize(x + base, y + base);
      }
    });
    return {};
  }

 private:
  // Some of the dimensions, the innermost first.
  struct Part {
    std::array<int64_t, kMaxRank> dims{}, strides{};
    size_t rank = 0;
    int64_t count = 1;

    int64_t Offset(int64_t index) const {
      int64_t offset = 0;
      for (size_t i = 0; i < rank; ++i) {
        offset += index % dims[i] * strides[i];
        index /= dims[i];
      }
      return offset;
    }
    template <typename F>
    void ForEach(const F& f) const {
      if (rank == 0) return f(int64_t{0});
      for (int64_t i = 0; i < count; i += dims[0]) {
        const int64_t offset = Offset(i);
        for (int64_t j = 0; j < dims[0]; ++j) f(offset + j * strides[0]);
      }
    }
  };

  void Normalize(const T* x, T* y) const {
    double sum = 0, squares = 0;
    over_.ForEach([&](int64_t at) { sum += static_cast<double>(x[at]); });
    const double mean = sum / static_cast<double>(over_.count);
    over_.ForEach([&](int64_t at) {
      const double difference = static_cast<double>(x[at]) - mean;
      squares += difference * difference;
    });
    const double deviation = std::sqrt(squares / static_cast<double>(over_.count)) + kEpsilon;
    over_.ForEach([&](int64_t at) {
      y[at] = static_cast<T>((static_cast<double>(x[at]) - mean) / deviation);
    });
  }

  static constexpr double kEpsilon = 1e-9;  // as in ONNX's function body
  Part kept_, over_;
};

constexpr uint64_t kTypes = Floats::kMask | kHalves;
constexpr Kernel kRows[] = {
    {"", "LRN", 1, 1, kTypes, Widened<PlanByType<LrnPlan, Floats>>, 1e-5},
    {"", "LpNormalization", 1, 1, kTypes, Widened<PlanByType<LpPlan, Floats>>, 1e-5},
    {"", "MeanVarianceNormalization", 9, 9, kTypes, Widened<PlanByType<MeanVariancePlan, Floats>>,
     1e-5},
};

}  // namespace

KernelRows ref_axis_normalization_rows() { return kRows; }

}  // namespace tenon::operators
