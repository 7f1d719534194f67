// Gemm: alpha * A' * B' + beta * C, A' [M, K] and B' [K, N] transposed where transA and transB say
// so.
#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const bool has_c = Has(inputs, 2);
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, has_c ? 3 : 2));
  const Shape& a = inputs[0].shape;
  const Shape& b = inputs[1].shape;
  outputs[0].type = inputs[0].type;
  if ((a.has_rank() && a.rank() != 2) || (b.has_rank() && b.rank() != 2)) {
    return Invalid(node, "A has shape ", a, ", B has ", b, " (expected two matrices)");
  }
  const bool trans_a = node.Int("transA", 0) != 0, trans_b = node.Int("transB", 0) != 0;
  int64_t merged = 0;
  if (a.has_rank() && b.has_rank() && !MergeDim(a[trans_a ? 0 : 1], b[trans_b ? 1 : 0], merged)) {
    return Invalid(node, "A has shape ", a, trans_a ? " transposed" : "", ", B has ", b,
                   trans_b ? " transposed" : "", " (expected A's columns to be B's rows)");
  }
  Shape& y = outputs[0].shape;
  y = Shape{a.has_rank() ? a[trans_a ? 1 : 0] : kUnknownDim,
            b.has_rank() ? b[trans_b ? 0 : 1] : kUnknownDim};
  if (!has_c || !inputs[2].shape.has_rank()) return {};
  const Shape& c = inputs[2].shape;
  bool fits = c.rank() <= 2;
  for (int i = 0; fits && i < c.rank(); ++i) {
    const int64_t size = c[c.rank() - 1 - i], wanted = y[1 - i];
    fits = size == 1 || size < 0 || wanted < 0 || size == wanted;
  }
  if (!fits) return Invalid(node, "C has shape ", c, ", which does not broadcast to ", y);
  return {};
}

Cost GemmCost(const NodeView& node, std::span<const InferInput> inputs,
              std::span<const InferOutput> outputs) {
  const Shape& a = inputs[0].shape;
  const auto depth = static_cast<double>(a[node.Int("transA", 0) != 0 ? 0 : 1]);
  return CostOf(2 * depth * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

// Revision 7 broadcasts C without being told.
Status RemoveBroadcast(Rewriter& rewriter) {
  rewriter.RemoveAttribute("broadcast");
  return {};
}
Status SetBroadcast(Rewriter& rewriter) {
  rewriter.SetInt("broadcast", 1);
  return {};
}
// Revision 11 may leave C out.
Status AddC(Rewriter& rewriter) {
  if (rewriter.input(2).present) return {};
  return SetScalarInput(rewriter, 2, rewriter.input(0).type, 0);
}

constexpr Revision kRevisions[] = {Since(1), Since(7, RemoveBroadcast, SetBroadcast),
                                   Since(11, nullptr, AddC)};
constexpr Operator kRows[] = {
    Define<Infer, Arity{2, 3}, kRevisions>({.name = "Gemm", .cost = GemmCost})};

}  // namespace

Rows gemm_rows() { return kRows; }

}  // namespace tenon::operators
