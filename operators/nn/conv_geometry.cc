#include "nn/ref_conv.h"

namespace tenon::operators {
namespace {

// Consecutive output positions of one output row, and where their windows begin in the input.
struct Segment {
  int64_t z, y, x;  // of the first position's window, pads taken off
  int64_t count, to;
};
struct Segments {
  std::array<Segment, kGemmPanel> data;
  int count = 0;
};

Segments SplitRows(const ConvGeometry& g, int64_t column, int64_t count) {
  Segments segments;
  for (int64_t done = 0; done < count;) {
    const int64_t position = column + done;
    const int64_t x = position % g.out[2], y = position / g.out[2] % g.out[1],
                  z = position / (g.out[2] * g.out[1]);
    const int64_t length = std::min(g.out[2] - x, count - done);
    segments.data[static_cast<size_t>(segments.count++)] = {
        z * g.axes[0].stride - g.axes[0].pad_begin, y * g.axes[1].stride - g.axes[1].pad_begin,
        x * g.axes[2].stride - g.axes[2].pad_begin, length, done};
    done += length;
  }
  return segments;
}

}  // namespace

bool ConvGeometry::pointwise() const {
  return std::ranges::all_of(axes, [](const WindowAxis& axis) {
    return axis.kernel == 1 && axis.stride == 1 && axis.pad_begin == 0 && axis.pad_end == 0;
  });
}

Status ReadConvGeometry(const NodeView& node, std::span<const TensorSpec> inputs,
                        std::span<const TensorSpec> outputs, ConvGeometry& geometry) {
  const Shape& x = inputs[0].shape;
  const Shape& w = inputs[1].shape;
  Window window;
  Padding padding;
  TENON_RETURN_IF_ERROR(ReadWindow(node, x, w.dims().subspan(2), window, padding));
  if (window.rank > 3) {
    return Unsupported(node, "has ", window.rank,
                       " spatial dimensions (the reference kernel has at most 3)");
  }
  geometry = {x[0], x[1], outputs[0].shape[1], node.Int("group", 1), {1, 1, 1}, {1, 1, 1}, {}};
  for (int i = 0; i < window.rank; ++i) {
    const auto from = static_cast<size_t>(i), to = static_cast<size_t>(i + 3 - window.rank);
    int64_t size = 0;
    TENON_RETURN_IF_ERROR(WindowOutput(node, i, x[2 + i], false, padding, window.axes[from], size));
    geometry.in[to] = x[2 + i];
    geometry.out[to] = outputs[0].shape[2 + i];
    geometry.axes[to] = window.axes[from];
  }
  return {};
}

void CopyWindowRow(const float* from, int64_t size, int64_t start, int64_t step, int64_t count,
                   float* to) {
  // The first and the last element that lie inside, by position in `to`.
  const int64_t begin =
      start >= 0 ? 0 : std::min(count, step == 1 ? -start : (-start + step - 1) / step);
  const int64_t room = size - start;
  const int64_t end =
      room <= 0 ? begin
                : std::max(begin, std::min(count, step == 1 ? room : (room - 1) / step + 1));
  for (int64_t i = 0; i < begin; ++i) to[i] = 0;
  if (step == 1) {
    for (int64_t i = begin; i < end; ++i) to[i] = from[start + i];
  } else if (step == 2) {
    for (int64_t i = begin; i < end; ++i) to[i] = from[start + i * 2];
  } else {
    for (int64_t i = begin; i < end; ++i) to[i] = from[start + i * step];
  }
  for (int64_t i = end; i < count; ++i) to[i] = 0;
}

void PackWindows(const ConvGeometry& g, const float* x, int64_t k, int64_t k_end, int64_t column,
                 int64_t count, float* to) {
  const Segments segments = SplitRows(g, column, count);
  int64_t kx = k % g.axes[2].kernel, ky = k / g.axes[2].kernel % g.axes[1].kernel;
  int64_t kz = k / (g.axes[2].kernel * g.axes[1].kernel) % g.axes[0].kernel;
  const float* channel = x + k / g.taps() * g.in_size();
  for (; k < k_end; ++k, to += kGemmPanel) {
    for (int s = 0; s < segments.count; ++s) {
      const Segment& segment = segments.data[static_cast<size_t>(s)];
      const int64_t z = segment.z + kz * g.axes[0].dilation,
                    y = segment.y + ky * g.axes[1].dilation;
      const int64_t start = segment.x + kx * g.axes[2].dilation;
      if (z < 0 || z >= g.in[0] || y < 0 || y >= g.in[1]) {
        for (int64_t i = 0; i < segment.count; ++i) to[segment.to + i] = 0;
      } else {
        const float* row = channel + (z * g.in[1] + y) * g.in[2];
        if (segment.count == kGemmPanel && g.axes[2].stride == 1 && start >= 0 &&
            start + kGemmPanel <= g.in[2]) {
          for (int64_t i = 0; i < kGemmPanel; ++i) to[i] = row[start + i];
        } else {
          CopyWindowRow(row, g.in[2], start, g.axes[2].stride, segment.count, to + segment.to);
        }
      }
    }
    for (int64_t i = count; i < kGemmPanel; ++i) to[i] = 0;
    if (++kx < g.axes[2].kernel) continue;
    kx = 0;
    if (++ky < g.axes[1].kernel) continue;
    ky = 0;
    if (++kz < g.axes[0].kernel) continue;
    kz = 0;
    channel += g.in_size();
  }
}

}  // namespace tenon::operators
