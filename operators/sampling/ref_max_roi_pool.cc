// MaxRoiPool: regions end at whole elements, as in Girshick, "Fast R-CNN" (2015), and ONNX Runtime; bins may overlap by one.
#include <cmath>
#include <limits>

#include "support/math.h"
#include "support/widened.h"

namespace tenon::operators {
namespace {

template <typename T>
class MaxRoiPoolPlan final : public KernelPlan {
 public:
  MaxRoiPoolPlan(const NodeView& node, Specs inputs, Specs outputs)
      : node_(node),
        x_(inputs[0].shape),
        y_(outputs[0].shape),
        scale_(static_cast<T>(node.Float("spatial_scale", 1))) {}

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    const auto* rois = static_cast<const T*>(arguments.inputs[1]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    for (int64_t i = 0; i < y_[0]; ++i) {
      const T batch = rois[5 * i];
      if (!(batch >= 0 && batch < static_cast<T>(x_[0])))
        return Invalid(node_, "region ", i, " is of sample ", std::to_string(batch),
                       " (expected 0 to ", x_[0] - 1, ")");
    }
    const int64_t planes = x_[1], bins = y_[2] * y_[3];
    arguments.parallel(y_[0] * planes, 1, [=, this](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const T* roi = rois + i / planes * 5;
        const int64_t plane = static_cast<int64_t>(roi[0]) * planes + i % planes;
        Pool(x + plane * x_[2] * x_[3], roi, y + i * bins);
      }
    });
    return {};
  }

 private:
  struct Range {
    int64_t begin, end;
  };
  // The elements of bin `index` of `count` between the coordinates `from` and `to`.
  Range BinOf(T from, T to, int64_t index, int64_t count, int64_t size) const {
    const int64_t first = SaturateCast<int32_t>(std::round(from * scale_));
    const int64_t last = SaturateCast<int32_t>(std::round(to * scale_));
    const T step = static_cast<T>(std::max<int64_t>(last - first + 1, 1)) / static_cast<T>(count);
    const auto at = [&](T place) {
      return std::clamp<int64_t>(first + SaturateCast<int64_t>(place), 0, size);
    };
    return {at(std::floor(static_cast<T>(index) * step)),
            at(std::ceil(static_cast<T>(index + 1) * step))};
  }

  void Pool(const T* x, const T* roi, T* y) const {
    for (int64_t i = 0; i < y_[2]; ++i) {
      const Range rows = BinOf(roi[2], roi[4], i, y_[2], x_[2]);
      for (int64_t j = 0; j < y_[3]; ++j) {
        const Range columns = BinOf(roi[1], roi[3], j, y_[3], x_[3]);
        const bool empty = rows.begin >= rows.end || columns.begin >= columns.end;
        T most = empty ? T(0) : std::numeric_limits<T>::lowest();
        for (int64_t h = rows.begin; h < rows.end; ++h) {
          for (int64_t w = columns.begin; w < columns.end; ++w)
            most = std::max(most, x[h * x_[3] + w]);
        }
        y[i * y_[3] + j] = most;
      }
    }
  }

  NodeView node_;
  Shape x_, y_;
  T scale_;
};

constexpr Kernel kRows[] = {{"", "MaxRoiPool", 1, 1, Floats::kMask | kHalves,
                             Widened<PlanByType<MaxRoiPoolPlan, Floats>>, 0}};

}  // namespace

KernelRows ref_max_roi_pool_rows() { return kRows; }

}  // namespace tenon::operators
