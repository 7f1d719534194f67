// GridSample: X [N, C, D1, ..., Dr] at the positions of grid [N, E1, ..., Er, r], -1 to 1 across X, the innermost dimension
// first. AffineGrid makes such a grid, theta [N, r, r + 1] applied to evenly spaced positions.
#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status CheckModes(const NodeView& node) {
  const bool old = node.revision < 20;
  const std::string_view mode = node.String("mode", old ? "bilinear" : "linear");
  const bool known = mode == "nearest" || mode == (old ? "bilinear" : "linear") ||
                     mode == (old ? "bicubic" : "cubic");
  if (!known)
    return Invalid(node, "attribute mode is \"", mode, "\" (expected ",
                   old ? "bilinear, nearest or bicubic)" : "linear, nearest or cubic)");
  const std::string_view padding = node.String("padding_mode", "zeros");
  if (padding == "zeros" || padding == "border" || padding == "reflection") return {};
  return Invalid(node, "attribute padding_mode is \"", padding,
                 "\" (expected zeros, border or reflection)");
}

Status InferSample(const NodeView& node, std::span<const InferInput> inputs,
                   std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(CheckModes(node));
  if (!Has(inputs, 1)) return Invalid(node, "grid is missing");
  TENON_RETURN_IF_ERROR(FloatTypes(node, inputs, 1, 2));
  const Shape& x = inputs[0].shape;
  const Shape& grid = inputs[1].shape;
  Shape& y = outputs[0].shape;
  outputs[0].type = inputs[0].type;
  const int rank = x.has_rank() ? x.rank() : grid.rank();
  if (rank < 0) return {};
  if (rank < 3 || (node.revision < 20 && rank != 4))
    return Invalid(node, "X has shape ", x, ", grid ", grid,
                   node.revision < 20 ? " (expected four dimensions)"
                                      : " (expected at least three dimensions)");
  y.Resize(rank);
  for (int i = 0; i < rank; ++i) y[i] = kUnknownDim;
  if (x.has_rank()) {
    y[0] = x[0];
    y[1] = x[1];
  }
  if (!grid.has_rank()) return {};
  int64_t last = 0;
  const bool fits = grid.rank() == rank && MergeDim(y[0], grid[0], y[0]) &&
                    MergeDim(grid[rank - 1], rank - 2, last);
  if (!fits)
    return Invalid(node, "grid has shape ", grid, ", X has ", x, " (expected [N, ..., ", rank - 2,
                   "])");
  for (int i = 2; i < rank; ++i) y[i] = grid[i - 1];
  return {};
}

Status InferAffine(const NodeView& node, std::span<const InferInput> inputs,
                   std::span<InferOutput> outputs) {
  const Shape& theta = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  SmallInts size;
  Known known;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 1, "size", size, known));
  int64_t rows = kUnknownDim, columns = kUnknownDim, batch = kUnknownDim;
  if (theta.has_rank()) {
    if (theta.rank() != 3)
      return Invalid(node, "theta has shape ", theta, " (expected [N, 2, 3] or [N, 3, 4])");
    batch = theta[0];
    rows = theta[1];
    columns = theta[2];
  }
  if (inputs[1].shape.rank() == 1 && inputs[1].shape[0] >= 0 &&
      (inputs[1].shape[0] < 2 || !MergeDim(rows, inputs[1].shape[0] - 2, rows)))
    return Invalid(node, "theta has shape ", theta, ", size has ", inputs[1].shape[0],
                   " elements (expected two more than theta has rows)");
  if (rows < 0 && columns > 0) rows = columns - 1;
  if (rows < 0) return {};
  if (rows < 2 || rows > 3 || (columns >= 0 && columns != rows + 1))
    return Invalid(node, "theta has shape ", theta, " (expected [N, 2, 3] or [N, 3, 4])");
  if (known == Known::kKnown) {
    if (size.count != rows + 2)
      return Invalid(node, "size has ", size.count, " elements (expected ", rows + 2, ")");
    for (int i = 0; i < size.count; ++i) {
      if (size[i] < 0) return Invalid(node, "size has ", std::to_string(size[i]));
    }
    if (!MergeDim(batch, size[0], batch))
      return Invalid(node, "theta has shape ", theta, ", size begins with ",
                     std::to_string(size[0]));
  }
  Shape& y = outputs[0].shape;
  y = Shape{batch};
  for (int64_t i = 0; i < rows; ++i)
    y.Append(known == Known::kKnown ? size[static_cast<int>(2 + i)] : kUnknownDim);
  y.Append(rows);
  return {};
}

Cost SampleCost(const NodeView& node, std::span<const InferInput> inputs,
                std::span<const InferOutput> outputs) {
  const std::string_view mode = node.String("mode", "linear");
  const double taps = mode == "cubic" ? 4 : mode == "linear" ? 2 : 1;
  double all = 2;
  for (int i = 2; i < inputs[0].shape.rank(); ++i) all *= taps;
  return CostOf(all * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}
Cost AffineCost(const NodeView&, std::span<const InferInput> inputs,
                std::span<const InferOutput> outputs) {
  return CostOf(6 * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

// Revision 20 takes any number of dimensions, and its modes are named without it.
Status NewNames(Rewriter& rewriter) {
  const std::string_view mode = rewriter.node().String("mode", "bilinear");
  if (mode == "bilinear") {
    rewriter.SetString("mode", "linear");
  } else if (mode == "bicubic") {
    rewriter.SetString("mode", "cubic");
  }
  return {};
}
Status OldNames(Rewriter& rewriter) {
  if (rewriter.input(0).shape.rank() != 4)
    return CannotSay(rewriter, "X has shape ", rewriter.input(0).shape,
                     " (revision 16 takes four dimensions)");
  const std::string_view mode = rewriter.node().String("mode", "linear");
  if (mode == "linear") {
    rewriter.SetString("mode", "bilinear");
  } else if (mode == "cubic") {
    rewriter.SetString("mode", "bicubic");
  }
  return {};
}

constexpr Revision kSample[] = {Since(16), Since(20, NewNames, OldNames)};
constexpr Operator kRows[] = {
    Define<InferAffine, Arity{2, 2}, kOnce<20>>(
        {.name = "AffineGrid", .cost = AffineCost, .shape_inputs = 0b10}),
    Define<InferSample, Arity{2, 2}, kSample>({.name = "GridSample", .cost = SampleCost}),
};

}  // namespace

Rows grid_sample_rows() { return kRows; }

}  // namespace tenon::operators
