// CumSum and CumProd. 16-bit floats add up in float, integers wrap.
#include "support/half_types.h"
#include "support/plan.h"

namespace tenon::operators {
namespace {

template <typename T>
struct Add {
  static constexpr int kStart = 0;
  static T Apply(T a, T b) { return static_cast<T>(a + b); }
};
template <typename T>
struct Multiply {
  static constexpr int kStart = 1;
  static T Apply(T a, T b) { return static_cast<T>(a * b); }
};

// The output may be the input: each element is read before it is written.
template <typename T, template <typename> class Op>
class ScanPlan final : public KernelPlan {
 public:
  ScanPlan(const NodeView& node, Specs inputs)
      : node_(node),
        x_(inputs[0].shape),
        type_(inputs[1].type),
        exclusive_(node.Int("exclusive", 0) != 0),
        reverse_(node.Int("reverse", 0) != 0) {}

  Status Run(const KernelArguments& arguments) const override {
    int axis = 0;
    const int64_t given = IntAt({type_, Shape(), arguments.inputs[1]}, 0);
    TENON_RETURN_IF_ERROR(NormalizeAxis(node_, given, x_.rank(), axis));
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < x_.rank(); ++i) (i < axis ? outer : inner) *= x_[i];
    const int64_t size = x_[axis];
    if (size == 0) return {};
    inner /= size;
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    ForElements(
        arguments.parallel, outer * inner,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const int64_t first = i / inner * size * inner + i % inner;
            const int64_t last = first + (size - 1) * inner;
            Scan(x, y, reverse_ ? last : first, reverse_ ? -inner : inner, size);
          }
        },
        std::max<int64_t>(1, kElementChunk / size));
    return {};
  }

 private:
  using State = Arithmetic<T>;

  void Scan(const T* x, T* y, int64_t at, int64_t stride, int64_t count) const {
    auto sum = static_cast<State>(Op<State>::kStart);
    for (int64_t i = 0; i < count; ++i, at += stride) {
      const State next = Op<State>::Apply(sum, static_cast<State>(x[at]));
      y[at] = static_cast<T>(exclusive_ ? sum : next);
      sum = next;
    }
  }

  NodeView node_;
  Shape x_;
  DataType type_;
  bool exclusive_, reverse_;
};

using Types = Join<AllFloats, TypeList<int32_t, int64_t, uint32_t, uint64_t>>::Type;

template <template <typename> class Op>
PlanResult PlanScan(const NodeView& node, Specs inputs, Specs) {
  return PlanForType(node, Types{}, inputs[0].type,
                     [&]<typename T>() { return std::make_unique<ScanPlan<T, Op>>(node, inputs); });
}

constexpr Kernel kRows[] = {
    {"", "CumProd", 26, 26, Types::kMask, PlanScan<Multiply>, 1e-5},
    {"", "CumSum", 11, 11, Types::kMask, PlanScan<Add>, 1e-5},
};

}  // namespace

KernelRows ref_scan_rows() { return kRows; }

}  // namespace tenon::operators
