#include "nn/window.h"

namespace tenon::operators {
namespace {

constexpr int64_t kLargest = int64_t{1}
                             << 31;  // of a size in an attribute: products stay below 2^62

Status ReadPadding(const NodeView& node, std::string_view name, Padding& padding) {
  if (name == "NOTSET") {
    padding = Padding::kExplicit;
  } else if (name == "VALID") {
    padding = Padding::kValid;
  } else if (name == "SAME_UPPER") {
    padding = Padding::kSameUpper;
  } else if (name == "SAME_LOWER") {
    padding = Padding::kSameLower;
  } else {
    return Invalid(node, "attribute auto_pad is \"", name,
                   "\" (expected NOTSET, VALID, SAME_UPPER or SAME_LOWER)");
  }
  return {};
}

// What is wrong with an attribute that has one value an axis.
[[gnu::cold, gnu::noinline]] Status BadInts(const NodeView& node, std::string_view name,
                                            std::span<const int64_t> values, size_t count,
                                            int64_t least) {
  if (values.size() != count) {
    return Invalid(node, "attribute ", name, " has ", static_cast<int>(values.size()),
                   " values (expected ", static_cast<int>(count), ")");
  }
  int64_t bad = 0;
  for (const int64_t value : values) {
    if (value < least || value >= kLargest) bad = value;
  }
  return Invalid(node, "attribute ", name, " has the value ", std::to_string(bad),
                 " (expected at least ", least, " and below 2^31)");
}
inline bool Fits(std::span<const int64_t> values, size_t count, int64_t least) {
  if (values.empty()) return true;
  bool fits = values.size() == count;
  for (const int64_t value : values) fits = fits && value >= least && value < kLargest;
  return fits;
}

// The attributes of a window, found in one pass.
struct Attributes {
  std::span<const int64_t> sizes, strides, dilations, pads;
  std::string_view padding = "NOTSET";

  explicit Attributes(const NodeView& node) {
    for (const AttributeView& attribute : node.attributes) {
      if (attribute.name == "kernel_shape") sizes = attribute.ints;
      if (attribute.name == "strides") strides = attribute.ints;
      if (attribute.name == "dilations") dilations = attribute.ints;
      if (attribute.name == "pads") pads = attribute.ints;
      if (attribute.name == "auto_pad") padding = attribute.s;
    }
  }
  Status Check(const NodeView& node, size_t count) const {
    if (!Fits(sizes, count, 1)) return BadInts(node, "kernel_shape", sizes, count, 1);
    if (!Fits(strides, count, 1)) return BadInts(node, "strides", strides, count, 1);
    if (!Fits(dilations, count, 1)) return BadInts(node, "dilations", dilations, count, 1);
    if (!Fits(pads, 2 * count, 0)) return BadInts(node, "pads", pads, 2 * count, 0);
    return {};
  }
};

}  // namespace

Status ReadWindow(const NodeView& node, const Shape& x, std::span<const int64_t> kernel,
                  Window& window, Padding& padding) {
  const int rank = x.rank() - 2;
  if (rank < 1) return Invalid(node, "X has shape ", x, " (expected [N, C, D1, ...])");
  const auto count = static_cast<size_t>(rank);
  const Attributes attributes(node);
  TENON_RETURN_IF_ERROR(attributes.Check(node, count));
  TENON_RETURN_IF_ERROR(ReadPadding(node, attributes.padding, padding));
  const auto &sizes = attributes.sizes, &strides = attributes.strides;
  const auto &dilations = attributes.dilations, &pads = attributes.pads;
  window.rank = rank;
  for (size_t i = 0; i < count; ++i) {
    WindowAxis& axis = window.axes[i];
    axis.kernel = i < kernel.size() ? kernel[i] : sizes.empty() ? kUnknownDim : sizes[i];
    if (!sizes.empty() && axis.kernel != sizes[i]) {
      if (axis.kernel >= 0) {
        return Invalid(node, "attribute kernel_shape has ", sizes[i], " where W has ", axis.kernel,
                       " in spatial axis ", static_cast<int>(i));
      }
      axis.kernel = sizes[i];
    }
    if (axis.kernel == 0 || axis.kernel >= kLargest) {
      return Invalid(node, "the kernel's size in spatial axis ", static_cast<int>(i), " is ",
                     axis.kernel, " (expected 1 to 2^31)");
    }
    axis.stride = strides.empty() ? 1 : strides[i];
    axis.dilation = dilations.empty() ? 1 : dilations[i];
    const bool explicit_pads = padding == Padding::kExplicit && !pads.empty();
    axis.pad_begin = explicit_pads ? pads[i] : 0;
    axis.pad_end = explicit_pads ? pads[i + count] : 0;
  }
  return {};
}

Status WindowOutput(const NodeView& node, int axis, int64_t input, bool ceil_mode, Padding padding,
                    WindowAxis& window, int64_t& output) {
  const bool same = padding == Padding::kSameUpper || padding == Padding::kSameLower;
  if (window.kernel < 0) {
    output = same && window.stride == 1 ? input : kUnknownDim;
    return {};
  }
  const int64_t extent = window.extent();
  if (input < 0) {
    const bool keeps =
        window.stride == 1 && (same || window.pad_begin + window.pad_end == extent - 1);
    output = keeps ? input : kUnknownDim;
    return {};
  }
  if (input >= int64_t{1} << 61) return Invalid(node, "X has a spatial dimension of ", input);
  if (same) {
    output = (input + window.stride - 1) / window.stride;
    const int64_t pads = std::max<int64_t>(0, (output - 1) * window.stride + extent - input);
    window.pad_begin = padding == Padding::kSameUpper ? pads / 2 : pads - pads / 2;
    window.pad_end = pads - window.pad_begin;
    return {};
  }
  const int64_t room = input + window.pad_begin + window.pad_end - extent;
  if (room < 0) {
    return Invalid(node, "the kernel spans ", extent, " elements of spatial axis ", axis,
                   ", X has ", input + window.pad_begin + window.pad_end, " with its pads");
  }
  output = room / window.stride + 1;
  // A last window that starts beyond the input and its first pads does not count.
  if (ceil_mode && room % window.stride != 0 && output * window.stride < input + window.pad_begin)
    ++output;
  return {};
}

}  // namespace tenon::operators
