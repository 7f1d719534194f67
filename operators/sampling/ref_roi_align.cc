// RoiAlign: samples by bilinear interpolation, evenly spaced in each bin of a region.
#include <cmath>
#include <limits>

#include "support/widened.h"

namespace tenon::operators {
namespace {

template <typename T>
class RoiAlignPlan final : public KernelPlan {
 public:
  RoiAlignPlan(const NodeView& node, Specs inputs, Specs outputs)
      : node_(node),
        x_(inputs[0].shape),
        y_(outputs[0].shape),
        averages_(node.String("mode", "avg") == "avg"),
        shifts_(node.String("coordinate_transformation_mode", "half_pixel") == "half_pixel"),
        ratio_(node.Int("sampling_ratio", 0)),
        scale_(static_cast<T>(node.Float("spatial_scale", 1))) {}

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    const auto* rois = static_cast<const T*>(arguments.inputs[1]);
    const auto* batches = static_cast<const int64_t*>(arguments.inputs[2]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    for (int64_t i = 0; i < y_[0]; ++i) {
      if (batches[i] < 0 || batches[i] >= x_[0])
        return Invalid(node_, "batch_indices has ", std::to_string(batches[i]), " (expected 0 to ",
                       x_[0] - 1, ")");
      const Region region(*this, rois + 4 * i);
      // Either may be 0 and the other beyond any integer.
      if (!(region.rows <= kMostSamples && region.columns <= kMostSamples &&
            region.rows * region.columns <= kMostSamples))
        return Invalid(node_, "region ", std::to_string(i),
                       " needs too many samples (is it in X's coordinates?)");
    }
    arguments.parallel(y_[0], 1, [=, this](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const Region region(*this, rois + 4 * i);
        Pool(region, x + batches[i] * x_[1] * x_[2] * x_[3], y + i * y_[1] * y_[2] * y_[3]);
      }
    });
    return {};
  }

 private:
  static constexpr double kMostSamples = 0x1p24;  // of a bin

  struct Region {
    T top, left, bin_height, bin_width;
    double rows, columns;  // samples of a bin

    Region(const RoiAlignPlan& plan, const T* roi) {
      const T shift = plan.shifts_ ? T(0.5) : T(0);
      left = roi[0] * plan.scale_ - shift;
      top = roi[1] * plan.scale_ - shift;
      T width = roi[2] * plan.scale_ - shift - left, height = roi[3] * plan.scale_ - shift - top;
      if (!plan.shifts_) {  // a region that is not one is one pixel
        width = std::max(width, T(1));
        height = std::max(height, T(1));
      }
      bin_height = height / static_cast<T>(plan.y_[2]);
      bin_width = width / static_cast<T>(plan.y_[3]);
      const auto ratio = static_cast<double>(plan.ratio_);
      rows = plan.ratio_ > 0 ? ratio : std::max(0.0, std::ceil(static_cast<double>(bin_height)));
      columns = plan.ratio_ > 0 ? ratio : std::max(0.0, std::ceil(static_cast<double>(bin_width)));
    }
  };

  // The four elements around a position; weights 0 outside.
  struct Corners {
    std::array<int64_t, 4> at{};
    std::array<T, 4> weights{};
  };
  Corners Around(T y, T x) const {
    const int64_t height = x_[2], width = x_[3];
    Corners corners;
    const bool inside = y >= -1 && y <= static_cast<T>(height) && x >= -1 &&
                        x <= static_cast<T>(width) && height > 0 && width > 0;
    if (!inside) return corners;
    const auto split = [](T value, int64_t size, int64_t& low, int64_t& high, T& rest) {
      value = std::max(value, T(0));
      low = static_cast<int64_t>(value);
      if (low >= size - 1) {
        low = high = size - 1;
        rest = 0;
      } else {
        high = low + 1;
        rest = value - static_cast<T>(low);
      }
    };
    int64_t top, bottom, left, right;
    T dy, dx;
    split(y, height, top, bottom, dy);
    split(x, width, left, right, dx);
    corners.at = {top * width + left, top * width + right, bottom * width + left,
                  bottom * width + right};
    corners.weights = {(1 - dy) * (1 - dx), (1 - dy) * dx, dy * (1 - dx), dy * dx};
    return corners;
  }

  void Pool(const Region& region, const T* x, T* y) const {
    const auto rows = static_cast<int64_t>(region.rows);
    const auto columns = static_cast<int64_t>(region.columns);
    const int64_t size = x_[2] * x_[3], bins = y_[2] * y_[3];
    const T start = averages_ ? T(0) : -std::numeric_limits<T>::infinity();
    for (int64_t bin = 0; bin < bins; ++bin) {
      for (int64_t c = 0; c < x_[1]; ++c) y[c * bins + bin] = start;
      for (int64_t i = 0; i < rows * columns; ++i) {
        const T py =
            region.top + static_cast<T>(bin / y_[3]) * region.bin_height +
            (static_cast<T>(i / columns) + T(0.5)) * region.bin_height / static_cast<T>(rows);
        const T px =
            region.left + static_cast<T>(bin % y_[3]) * region.bin_width +
            (static_cast<T>(i % columns) + T(0.5)) * region.bin_width / static_cast<T>(columns);
        const Corners corners = Around(py, px);
        for (int64_t c = 0; c < x_[1]; ++c) {
          T& to = y[c * bins + bin];
          const T* from = x + c * size;
          if (averages_) {
            for (size_t k = 0; k < 4; ++k) to += corners.weights[k] * from[corners.at[k]];
          } else {  // of the weighted elements, as ONNX has it
            for (size_t k = 0; k < 4; ++k)
              to = std::max(to, corners.weights[k] * from[corners.at[k]]);
          }
        }
      }
      const T count = static_cast<T>(std::max<int64_t>(1, rows * columns));
      for (int64_t c = 0; c < x_[1]; ++c) {
        T& to = y[c * bins + bin];
        if (averages_) to /= count;
        if (rows * columns == 0) to = 0;
      }
    }
  }

  NodeView node_;
  Shape x_, y_;
  bool averages_, shifts_;
  int64_t ratio_;
  T scale_;
};

constexpr Kernel kRows[] = {{"", "RoiAlign", 16, 16, Floats::kMask | kHalves,
                             Widened<PlanByType<RoiAlignPlan, Floats>>, 1e-5}};

}  // namespace

KernelRows ref_roi_align_rows() { return kRows; }

}  // namespace tenon::operators
