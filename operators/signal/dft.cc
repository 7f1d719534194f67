// DFT: the Fourier transform along an axis; STFT: of overlapping frames of a signal. The last dimension holds real and
// imaginary parts.
#include "signal/dft.h"

#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

// A scalar input that decides shapes; kUnknownDim in `value` where it is not known.
Status ReadScalar(const NodeView& node, std::span<const InferInput> inputs, int index,
                  std::string_view name, Known& known, int64_t& value) {
  SmallInts values;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, index, name, values, known));
  value = kUnknownDim;
  if (const auto i = static_cast<size_t>(index);
      Has(inputs, i) && inputs[i].shape.IsStatic() && inputs[i].shape.ElementCount() != 1)
    return Invalid(node, name, " has shape ", inputs[i].shape, " (expected a scalar)");
  if (known != Known::kKnown) return {};
  if (values.count != 1) return Invalid(node, name, " has ", values.count, " values (expected 1)");
  value = values[0];
  return {};
}

Status CheckParts(const NodeView& node, const Shape& x, std::string_view name) {
  const int64_t parts = x[x.rank() - 1];
  if (parts < 0 || parts == 1 || parts == 2) return {};
  return Invalid(node, name, " has shape ", x,
                 " (expected a last dimension of 1, real, or 2, complex)");
}

Status InferDft(const NodeView& node, std::span<const InferInput> inputs,
                std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  Shape& y = outputs[0].shape;
  outputs[0].type = inputs[0].type;
  if (!x.has_rank()) return {};
  if (x.rank() < 2)
    return Invalid(node, "input has shape ", x, " (expected at least two dimensions)");
  TENON_RETURN_IF_ERROR(CheckParts(node, x, "input"));
  const bool onesided = node.Int("onesided", 0) != 0, inverse = node.Int("inverse", 0) != 0;
  const int64_t parts = x[x.rank() - 1];
  if (onesided && parts >= 0 && (parts == 2) != inverse)
    return Invalid(node, "is onesided",
                   inverse ? " and inverse, its input real (expected complex)"
                           : ", its input complex (expected real)");
  Known has_length, has_axis = Known::kAbsent;
  int64_t length = 0, axis = node.revision < 20 ? node.Int("axis", 1) : -2;
  TENON_RETURN_IF_ERROR(ReadScalar(node, inputs, 1, "dft_length", has_length, length));
  if (has_length == Known::kKnown && length < 1)
    return Invalid(node, "dft_length is ", std::to_string(length), " (expected at least 1)");
  if (node.revision >= 20 && Has(inputs, 2))
    TENON_RETURN_IF_ERROR(ReadScalar(node, inputs, 2, "axis", has_axis, axis));
  y = x;
  y[y.rank() - 1] = onesided && inverse ? 1 : 2;
  if (has_axis == Known::kUnknown) {
    for (int i = 0; i + 1 < y.rank(); ++i) y[i] = kUnknownDim;
    return {};
  }
  DftAxis resolved;
  TENON_RETURN_IF_ERROR(ResolveDft(node, x, axis, has_length != Known::kAbsent, length, resolved));
  int64_t& size = y[resolved.axis];
  size = resolved.length;
  if (onesided && !inverse) size = size < 0 ? kUnknownDim : size / 2 + 1;
  return {};
}

Status InferStft(const NodeView& node, std::span<const InferInput> inputs,
                 std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  const Shape window = Has(inputs, 2) ? inputs[2].shape : Shape::UnknownRank();
  outputs[0].type = inputs[0].type;
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, {0, 2}));
  // [B, length] is real, too: PyTorch's older exporter writes it.
  if (x.has_rank() && x.rank() != 3 && x.rank() != 2)
    return Invalid(node, "signal has shape ", x, " (expected [B, length, 1 or 2] or [B, length])");
  if (window.has_rank() && window.rank() != 1)
    return Invalid(node, "window has shape ", window, " (expected a vector)");
  Known has_step, has_length;
  int64_t step = 0, length = 0;
  TENON_RETURN_IF_ERROR(ReadScalar(node, inputs, 1, "frame_step", has_step, step));
  TENON_RETURN_IF_ERROR(ReadScalar(node, inputs, 3, "frame_length", has_length, length));
  if (has_step == Known::kKnown && step < 1)
    return Invalid(node, "frame_step is ", std::to_string(step), " (expected at least 1)");
  if (has_length == Known::kKnown && length < 1)
    return Invalid(node, "frame_length is ", std::to_string(length), " (expected at least 1)");
  if (window.rank() == 1 && !MergeDim(length, window[0], length))
    return Invalid(node, "window has ", window[0], " values, frame_length is ", length);
  const int64_t signal = x.has_rank() ? x[1] : kUnknownDim;
  if (has_length == Known::kAbsent && !Has(inputs, 2)) length = signal;
  const bool onesided = node.Int("onesided", 1) != 0;
  if (x.rank() == 3) {
    TENON_RETURN_IF_ERROR(CheckParts(node, x, "signal"));
    if (onesided && x[2] == 2)
      return Invalid(node, "is onesided, its signal complex (expected real)");
  }
  int64_t frames = kUnknownDim;
  if (signal >= 0 && length >= 0 && step > 0) {
    if (length > signal || length == 0)
      return Invalid(node, "frames have ", length, " samples, the signal has ", signal);
    frames = (signal - length) / step + 1;
  }
  outputs[0].shape = Shape{x.has_rank() ? x[0] : kUnknownDim, frames,
                           !onesided    ? length
                           : length < 0 ? kUnknownDim
                                        : length / 2 + 1,
                           2};
  return {};
}

// 5 N log2 N for every transform of length N, here by the axis' size.
Cost FourierCost(const NodeView&, std::span<const InferInput> inputs,
                 std::span<const InferOutput> outputs) {
  const auto count = static_cast<double>(outputs[0].shape.ElementCount());
  return CostOf(50 * count, inputs, outputs);
}

// Revision 20 has the axis as an input, -2 where it is absent.
Status AxisToInput(Rewriter& rewriter) {
  const int64_t axis = rewriter.node().Int("axis", 1);
  rewriter.RemoveAttribute("axis");
  rewriter.SetConstantInput(2, DataType::kInt64, Shape(), &axis);
  return {};
}
Status AxisToAttribute(Rewriter& rewriter) {
  std::vector<int64_t> axis = {-2};
  if (rewriter.input(2).present) {
    TENON_RETURN_IF_ERROR(ConstantInts(rewriter, 2, "axis", axis));
    if (axis.size() != 1) return CannotSay(rewriter, "axis is no scalar");
    rewriter.RemoveInput(2);
  }
  rewriter.SetInt("axis", axis[0]);
  return {};
}

constexpr Revision kDft[] = {Since(17), Since(20, AxisToInput, AxisToAttribute)};
constexpr Operator kRows[] = {
    Define<InferDft, Arity{1, 3}, kDft>(
        {.name = "DFT", .cost = FourierCost, .shape_inputs = 0b110}),
    Define<InferStft, Arity{2, 4}, kOnce<17>>(
        {.name = "STFT", .cost = FourierCost, .shape_inputs = 0b1010}),
};

}  // namespace

Status ResolveDft(const NodeView& node, const Shape& x, int64_t axis, bool has_length,
                  int64_t given_length, DftAxis& result) {
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, axis, x.rank(), result.axis));
  if (result.axis == x.rank() - 1)
    return Invalid(node, "axis is the last one, which holds real and imaginary parts");
  result.size = x[result.axis];
  const bool half = node.Int("onesided", 0) != 0 && node.Int("inverse", 0) != 0;
  if (has_length) {
    result.length = given_length;
  } else if (half && result.size >= 0) {
    if (result.size == 0 || __builtin_mul_overflow(2, result.size - 1, &result.length))
      return Invalid(node, "input has ", result.size, " values in the axis of the transform");
  } else if (half) {
    result.length = kUnknownDim;
  } else {
    result.length = result.size;
  }
  if (result.length == 0 || (has_length && given_length < kUnknownDim))
    return Invalid(node, "the transform's length is ", std::to_string(result.length),
                   " (expected at least 1)");
  return {};
}

Rows dft_rows() { return kRows; }

}  // namespace tenon::operators
