// Col2Im: one image plane after the other.
#include "sampling/col2im.h"
#include "support/widened.h"

namespace tenon::operators {
namespace {

template <typename T>
class Col2ImPlan final : public KernelPlan {
 public:
  Col2ImPlan(const NodeView& node, Specs inputs, Specs outputs)
      : node_(node), x_(inputs[0].shape), y_(outputs[0].shape), block_type_(inputs[2].type) {}

  Status Run(const KernelArguments& arguments) const override {
    std::array<int64_t, kMaxRank> block{};
    const auto rank = static_cast<size_t>(y_.rank() - 2);
    for (size_t i = 0; i < rank; ++i)
      block[i] = IntAt({block_type_, Shape(), arguments.inputs[2]}, static_cast<int64_t>(i));
    Col2ImSizes sizes;
    TENON_RETURN_IF_ERROR(
        ReadCol2Im(node_, y_.dims().subspan(2), std::span(block).first(rank), sizes));
    if (sizes.blocks != x_[2] || sizes.block * y_[1] != x_[1])
      return Invalid(node_, "input has shape ", x_, " (expected [N, ", y_[1], " * ", sizes.block,
                     ", ", sizes.blocks, "])");
    int64_t size = 1;
    for (const int64_t dim : y_.dims().subspan(2)) size *= dim;
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    arguments.parallel(y_[0] * y_[1], 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        Plane(sizes, x + i * sizes.block * sizes.blocks, y + i * size, size);
    });
    return {};
  }

 private:
  static void Plane(const Col2ImSizes& sizes, const T* x, T* y, int64_t size) {
    std::fill_n(y, size, T(0));
    for (int64_t k = 0; k < sizes.block; ++k) {
      for (int64_t l = 0; l < sizes.blocks; ++l, ++x) {
        const int64_t at = Place(sizes, k, l);
        if (at >= 0) y[at] += *x;
      }
    }
  }
  // Where element k of block l lies; -1 in the pads.
  static int64_t Place(const Col2ImSizes& sizes, int64_t k, int64_t l) {
    int64_t at = 0, stride = 1;
    for (int d = sizes.rank - 1; d >= 0; --d) {
      const Col2ImAxis& axis = sizes.axes[static_cast<size_t>(d)];
      const int64_t position =
          l % axis.count * axis.stride + k % axis.block * axis.dilation - axis.pad;
      if (position < 0 || position >= axis.image) return -1;
      at += position * stride;
      stride *= axis.image;
      k /= axis.block;
      l /= axis.count;
    }
    return at;
  }

  NodeView node_;
  Shape x_, y_;
  DataType block_type_;
};

constexpr Kernel kRows[] = {
    {"", "Col2Im", 18, 18, Floats::kMask | kHalves, Widened<PlanByType<Col2ImPlan, Floats>>, 1e-6}};

}  // namespace

KernelRows ref_col2im_rows() { return kRows; }

}  // namespace tenon::operators
