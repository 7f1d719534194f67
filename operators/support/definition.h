// Writing an operator's row: Define<Infer, arity, revisions>({.name = "Relu", ...}).
#pragma once

#include "support/infer.h"
#include "support/rows.h"
#include "tenon/operators/operator.h"

namespace tenon::operators {

constexpr Revision Since(int version, RewriteFunction from_previous = nullptr,
                         RewriteFunction to_previous = nullptr) {
  return {version, version, from_previous, to_previous};
}
// For Revision::to_previous (and from_previous) where the node reads the same in both.
inline Status Unchanged(Rewriter&) { return {}; }

// Operators that never changed since the version in which they came (1: they stood in opset 6).
template <int version>
inline constexpr Revision kOnce[] = {Since(version)};

// The row's shape function: checks argument counts before and sizes after `infer`.
template <InferFunction infer, Arity arity, const auto& revisions>
Status CheckedInfer(const NodeView& node, std::span<const InferInput> inputs,
                    std::span<InferOutput> outputs) {
  constexpr int newest = revisions[std::size(revisions) - 1].number;
  constexpr uint8_t any = arity.max_inputs == kVariadic ? kVariadic : kVariadic - 1;
  constexpr Arity older = {arity.min_inputs > 0 ? uint8_t{1} : uint8_t{0}, any, 1, kVariadic};
  TENON_RETURN_IF_ERROR(
      CheckArity(node, node.revision >= newest ? arity : older, inputs, outputs.size()));
  TENON_RETURN_IF_ERROR(infer(node, inputs, outputs));
  return CheckSizes(node, outputs);
}

template <InferFunction infer, Arity arity, const auto& revisions>
consteval Operator Define(Operator row) {
  row.arity = arity;
  row.revisions = revisions;
  row.infer = CheckedInfer<infer, arity, revisions>;
  return row;
}

inline constexpr InPlace kFirstInPlace[] = {{0, 0}};
inline constexpr InPlace kFirstTwoInPlace[] = {{0, 0}, {1, 0}};

}  // namespace tenon::operators
