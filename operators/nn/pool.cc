// MaxPool, AveragePool, LpPool and their global kin: windows over the spatial dimensions of X [N,
// C, spatial...].
#include "nn/window.h"
#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status InferPool(const NodeView& node, std::span<const InferInput> inputs,
                 std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  if (outputs.size() > 1) outputs[1] = {DataType::kInt64, Shape::UnknownRank()};
  if (node.Ints("kernel_shape").empty())
    return Invalid(node, "has no attribute kernel_shape, or an empty one");
  if (!x.has_rank()) return {};
  Window window;
  Padding padding;
  TENON_RETURN_IF_ERROR(ReadWindow(node, x, {}, window, padding));
  const bool ceil_mode = node.Int("ceil_mode", 0) != 0;
  Shape& y = outputs[0].shape;
  y.Resize(x.rank());
  y[0] = x[0];
  y[1] = x[1];
  for (int i = 0; i < window.rank; ++i) {
    WindowAxis& axis = window.axes[static_cast<size_t>(i)];
    if (padding == Padding::kExplicit && std::max(axis.pad_begin, axis.pad_end) >= axis.extent()) {
      return Invalid(node, "pads ", axis.pad_begin, " and ", axis.pad_end, " of spatial axis ", i,
                     " leave windows without input (expected less than the kernel's ",
                     axis.extent(), ")");
    }
    TENON_RETURN_IF_ERROR(WindowOutput(node, i, x[2 + i], ceil_mode, padding, axis, y[2 + i]));
  }
  if (outputs.size() > 1) outputs[1].shape = y;
  return {};
}

Status InferGlobal(const NodeView& node, std::span<const InferInput> inputs,
                   std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  if (!x.has_rank()) return {};
  if (x.rank() < 2) return Invalid(node, "X has shape ", x, " (expected [N, C, D1, ...])");
  outputs[0].shape = x;
  for (int i = 2; i < x.rank(); ++i) outputs[0].shape[i] = 1;
  return {};
}

// Every output element looks at the whole kernel.
Cost PoolCost(const NodeView& node, std::span<const InferInput> inputs,
              std::span<const InferOutput> outputs) {
  double taps = 1;
  for (const int64_t size : node.Ints("kernel_shape")) taps *= static_cast<double>(size);
  return CostOf(taps * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

// The rules downward: what the older revision doesn't have must have its default.
Status DropDefault(Rewriter& rewriter, std::string_view name) {
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, name, 0, 0));
  rewriter.RemoveAttribute(name);
  return {};
}
Status DropDilations(Rewriter& rewriter) {
  for (const int64_t dilation : rewriter.node().Ints("dilations")) {
    if (dilation != 1)
      return CannotSay(rewriter, "dilations has ", dilation, " (the older revision has none)");
  }
  rewriter.RemoveAttribute("dilations");
  return {};
}
Status DropIndices(Rewriter& rewriter) {
  if (rewriter.OutputUsed(1))
    return CannotSay(rewriter, "Indices is used (revision 1 has one output)");
  TENON_RETURN_IF_ERROR(DropDefault(rewriter, "storage_order"));
  if (rewriter.output_count() > 1) rewriter.RemoveOutputs(1);
  return {};
}
Status DropCeilAndDilations(Rewriter& rewriter) {
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, "ceil_mode", 0, 0));
  TENON_RETURN_IF_ERROR(DropDilations(rewriter));
  return DropDefault(rewriter, "ceil_mode");
}
Status DropCeil(Rewriter& rewriter) { return DropDefault(rewriter, "ceil_mode"); }
Status DropCountPads(Rewriter& rewriter) { return DropDefault(rewriter, "count_include_pad"); }

constexpr Revision kMaxPool[] = {Since(1), Since(8, nullptr, DropIndices),
                                 Since(10, nullptr, DropCeilAndDilations)};
constexpr Revision kAveragePool[] = {Since(1), Since(7, nullptr, DropCountPads),
                                     Since(10, nullptr, DropCeil),
                                     Since(19, nullptr, DropDilations)};
constexpr Revision kLpPool[] = {Since(1), Since(18, nullptr, DropCeilAndDilations)};

constexpr Operator kRows[] = {
    Define<InferPool, Arity{1, 1, 1, 2}, kMaxPool>({.name = "MaxPool", .cost = PoolCost}),
    Define<InferPool, Arity{1, 1}, kAveragePool>({.name = "AveragePool", .cost = PoolCost}),
    Define<InferPool, Arity{1, 1}, kLpPool>({.name = "LpPool", .cost = PoolCost}),
    Define<InferGlobal, Arity{1, 1}, kOnce<1>>({.name = "GlobalMaxPool", .cost = InputElementCost}),
    Define<InferGlobal, Arity{1, 1}, kOnce<1>>(
        {.name = "GlobalAveragePool", .cost = InputElementCost}),
    Define<InferGlobal, Arity{1, 1}, kOnce<1>>({.name = "GlobalLpPool", .cost = InputElementCost}),
};

}  // namespace

Rows pool_rows() { return kRows; }

}  // namespace tenon::operators
