// Shape and Size: a tensor's dimensions as a vector, and their product.
#include <algorithm>

#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status InferShape(const NodeView& node, std::span<const InferInput> inputs,
                  std::span<InferOutput> outputs) {
  outputs[0].type = DataType::kInt64;
  outputs[0].shape = Shape{kUnknownDim};
  if (!inputs[0].shape.has_rank()) return {};
  const int64_t rank = inputs[0].shape.rank();
  const auto clamp = [rank](int64_t axis) {
    return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  const int64_t start = clamp(node.Int("start", 0)), end = clamp(node.Int("end", rank));
  outputs[0].shape = Shape{std::max<int64_t>(0, end - start)};
  return {};
}

Status InferSize(const NodeView&, std::span<const InferInput>, std::span<InferOutput> outputs) {
  outputs[0].type = DataType::kInt64;
  outputs[0].shape = Shape();
  return {};
}

// Revision 15 can take a slice of the shape.
Status WholeShape(Rewriter& rewriter) {
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, "start", 0, 0));
  if (rewriter.node().Find("end") != nullptr) return CannotSay(rewriter, "has the attribute end");
  rewriter.RemoveAttribute("start");
  return {};
}

constexpr Revision kShape[] = {Since(1), Since(15, nullptr, WholeShape)};
constexpr Operator kRows[] = {
    Define<InferShape, Arity{1, 1}, kShape>(
        {.name = "Shape", .cost = NoCost, .flags = kHostArithmetic}),
    Define<InferSize, Arity{1, 1}, kOnce<1>>(
        {.name = "Size", .cost = NoCost, .flags = kHostArithmetic}),
};

}  // namespace

Rows shape_rows() { return kRows; }

}  // namespace tenon::operators
