// If, Loop, Scan and SequenceMap: nodes with subgraphs. What they make is found by looking into the
// subgraphs, which the runtime does; here stands only how they are called.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status InferNothing(const NodeView&, std::span<const InferInput>, std::span<InferOutput>) {
  return {};
}

constexpr Revision kLoop[] = {Since(1)};
// Scan-8 has a batch dimension, lengths of sequences as its first input and no axes; no newer one
// can say that in general.
Status ToScan8(Rewriter& rewriter) {
  rewriter.SetOperator("ai.tenon", "Scan8", 1);
  return {};
}
constexpr Revision kScan[] = {Since(8), Since(9, ToScan8)};
constexpr Operator kRows[] = {
    Define<InferNothing, Arity{1, kVariadic, 1, kVariadic}, kOnce<1>>(
        {.name = "If", .cost = NoCost, .flags = kOnHost}),
    Define<InferNothing, Arity{0, kVariadic, 1, kVariadic}, kLoop>(
        {.name = "Loop", .cost = NoCost, .flags = kOnHost}),
    Define<InferNothing, Arity{1, kVariadic, 1, kVariadic}, kScan>(
        {.name = "Scan", .cost = NoCost, .flags = kOnHost}),
    Define<InferNothing, Arity{0, kVariadic, 1, kVariadic}, kOnce<1>>(
        {.domain = "ai.tenon", .name = "Scan8", .cost = NoCost, .flags = kOnHost}),
    Define<InferNothing, Arity{1, kVariadic, 1, kVariadic}, kOnce<17>>(
        {.name = "SequenceMap", .cost = NoCost, .flags = kOnHost}),
};

}  // namespace

Rows control_rows() { return kRows; }

}  // namespace tenon::operators
