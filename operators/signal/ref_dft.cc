// DFT and STFT: one line or frame after the other, in float64.
#include <algorithm>
#include <vector>

#include "signal/dft.h"
#include "signal/fft.h"
#include "support/widened.h"

namespace tenon::operators {
namespace {

constexpr int64_t kTasks = 16;  // that lines are spread over, each with its scratch

// Of a workspace: the roots, and for each task a line in and out, and scratch.
constexpr int64_t kLines = 1 + 3 * kTasks;
int64_t WorkspaceFor(int64_t length) { return kLines * length * int64_t{sizeof(Complex)}; }
struct Lines {
  Complex *in, *out, *scratch;
  Lines(void* workspace, int64_t length, int64_t task) {
    in = static_cast<Complex*>(workspace) + (1 + 3 * task) * length;
    out = in + length;
    scratch = out + length;
  }
};

// Runs f(line, task) over `count` lines.
template <typename F>
void ForLines(const ParallelFor& parallel, int64_t count, const F& f) {
  const int64_t chunk = std::max<int64_t>(1, (count + kTasks - 1) / kTasks);
  parallel(count, chunk, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) f(i, i / chunk);
  });
}

int64_t ScalarAt(const KernelArguments& arguments, Specs specs, size_t index, int64_t otherwise) {
  if (index >= arguments.inputs.size() || arguments.inputs[index] == nullptr) return otherwise;
  return IntAt({specs[index].type, specs[index].shape, arguments.inputs[index]}, 0);
}

template <typename T>
class DftPlan final : public KernelPlan {
 public:
  DftPlan(const NodeView& node, Specs inputs, Specs outputs)
      : node_(node),
        inputs_(inputs.begin(), inputs.end()),
        x_(inputs[0].shape),
        y_(outputs[0].shape),
        inverse_(node.Int("inverse", 0) != 0),
        onesided_(node.Int("onesided", 0) != 0) {
    for (int i = 0; i + 1 < y_.rank(); ++i) longest_ = std::max(longest_, 2 * y_[i]);
  }

  int64_t workspace_bytes() const override { return WorkspaceFor(longest_); }

  Status Run(const KernelArguments& arguments) const override {
    const bool has_length = arguments.inputs.size() > 1 && arguments.inputs[1] != nullptr;
    DftAxis axis;
    TENON_RETURN_IF_ERROR(ResolveDft(node_, x_, ScalarAt(arguments, inputs_, 2, -2), has_length,
                                     ScalarAt(arguments, inputs_, 1, 0), axis));
    const int64_t size = onesided_ && !inverse_ ? axis.length / 2 + 1 : axis.length;
    if (axis.length < 1 || size != y_[axis.axis])
      return Invalid(node_, "transforms to ", size, " values in axis ", axis.axis,
                     " (planned with ", y_, ")");
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < axis.axis; ++i) outer *= x_[i];
    for (int i = axis.axis + 1; i + 1 < x_.rank(); ++i) inner *= x_[i];
    const Fft fft(axis.length, inverse_, static_cast<Complex*>(arguments.workspace));
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<T*>(arguments.outputs[0]);
    ForLines(arguments.parallel, outer * inner, [&](int64_t line, int64_t task) {
      const Lines lines(arguments.workspace, axis.length, task);
      const int64_t from = line / inner * axis.size * inner + line % inner;
      const int64_t to = line / inner * size * inner + line % inner;
      Read(x, from, inner, axis, lines.in);
      fft.Run(lines.in, lines.out, lines.scratch);
      const double scale = inverse_ ? 1 / static_cast<double>(axis.length) : 1;
      const int64_t parts = y_[y_.rank() - 1];
      for (int64_t k = 0; k < size; ++k) {
        T* const value = y + (to + k * inner) * parts;
        value[0] = static_cast<T>(lines.out[k].real() * scale);
        if (parts == 2) value[1] = static_cast<T>(lines.out[k].imag() * scale);
      }
    });
    return {};
  }

 private:
  // A line, cut or filled with zeros; half a spectrum is mirrored.
  void Read(const T* x, int64_t from, int64_t stride, const DftAxis& axis, Complex* to) const {
    const int64_t parts = x_[x_.rank() - 1];
    const auto value = [&](int64_t k) -> Complex {
      if (k >= axis.size) return 0;
      const T* const at = x + (from + k * stride) * parts;
      return {static_cast<double>(at[0]), parts == 2 ? static_cast<double>(at[1]) : 0};
    };
    const bool half = onesided_ && inverse_;
    for (int64_t k = 0; k < axis.length; ++k)
      to[k] = half && 2 * k > axis.length ? std::conj(value(axis.length - k)) : value(k);
  }

  NodeView node_;
  std::vector<TensorSpec> inputs_;
  Shape x_, y_;
  bool inverse_, onesided_;
  int64_t longest_ = 1;
};

template <typename T>
class StftPlan final : public KernelPlan {
 public:
  StftPlan(const NodeView& node, Specs inputs, Specs outputs)
      : node_(node),
        inputs_(inputs.begin(), inputs.end()),
        x_(inputs[0].shape),
        y_(outputs[0].shape),
        onesided_(node.Int("onesided", 1) != 0) {}

  int64_t workspace_bytes() const override { return WorkspaceFor(2 * y_[2]); }

  Status Run(const KernelArguments& arguments) const override {
    const bool has_window = Has(Specs(inputs_), 2);
    const int64_t step = ScalarAt(arguments, inputs_, 1, 1);
    const int64_t length =
        ScalarAt(arguments, inputs_, 3, has_window ? inputs_[2].shape[0] : x_[1]);
    const int64_t bins = onesided_ ? length / 2 + 1 : length, frames = y_[1];
    if (step < 1 || length < 1 || length > x_[1] || bins != y_[2] ||
        (has_window && length != inputs_[2].shape[0]) || (x_[1] - length) / step + 1 != frames)
      return Invalid(node_, "has frames of ", std::to_string(length), " every ",
                     std::to_string(step), " samples (planned with ", y_, ")");
    const Fft fft(length, false, static_cast<Complex*>(arguments.workspace));
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    const auto* window = has_window ? static_cast<const T*>(arguments.inputs[2]) : nullptr;
    auto* y = static_cast<T*>(arguments.outputs[0]);
    const int64_t parts = x_.rank() == 3 ? x_[2] : 1;
    ForLines(arguments.parallel, x_[0] * frames, [&](int64_t frame, int64_t task) {
      const Lines lines(arguments.workspace, length, task);
      const T* from = x + (frame / frames * x_[1] + frame % frames * step) * parts;
      for (int64_t i = 0; i < length; ++i) {
        const double weight = window == nullptr ? 1 : static_cast<double>(window[i]);
        lines.in[i] = {weight * static_cast<double>(from[i * parts]),
                       parts == 2 ? weight * static_cast<double>(from[i * parts + 1]) : 0};
      }
      fft.Run(lines.in, lines.out, lines.scratch);
      for (int64_t k = 0; k < bins; ++k) {
        y[(frame * bins + k) * 2] = static_cast<T>(lines.out[k].real());
        y[(frame * bins + k) * 2 + 1] = static_cast<T>(lines.out[k].imag());
      }
    });
    return {};
  }

 private:
  NodeView node_;
  std::vector<TensorSpec> inputs_;
  Shape x_, y_;
  bool onesided_;
};

// A transform that gives n values is shorter than 2 n.
template <template <typename> class P>
PlanResult PlanTransforms(const NodeView& node, Specs inputs, Specs outputs) {
  for (const int64_t dim : outputs[0].shape.dims())
    TENON_RETURN_IF_ERROR(CheckWorkspace(node, {kLines, 2, dim, sizeof(Complex)}));
  return PlanByType<P, Floats>(node, inputs, outputs);
}

constexpr uint64_t kTypes = Floats::kMask | kHalves;
constexpr Kernel kRows[] = {
    {"", "DFT", 20, 20, kTypes, Widened<PlanTransforms<DftPlan>>, 1e-6},
    {"", "STFT", 17, 17, kTypes, Widened<PlanTransforms<StftPlan>>, 1e-6},
};

}  // namespace

KernelRows ref_dft_rows() { return kRows; }

}  // namespace tenon::operators
