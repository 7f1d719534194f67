// DepthToSpace and SpaceToDepth: blocks of pixels from channels and back.
#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status ReadBlock(const NodeView& node, const Shape& x, int64_t& block) {
  block = node.Int("blocksize", 0);
  if (block < 1 || block >= int64_t{1} << 31)
    return Invalid(node, "blocksize is ", std::to_string(block));
  if (x.has_rank() && x.rank() != 4)
    return Invalid(node, "input has shape ", x, " (expected [N, C, H, W])");
  return {};
}
// Sizes that divide; unknown ones stay unknown.
bool Divide(int64_t size, int64_t by, int64_t& result) {
  result = size < 0 ? kUnknownDim : size / by;
  return size < 0 || size % by == 0;
}
bool Multiply(int64_t size, int64_t by, int64_t& result) {
  result = kUnknownDim;
  return size < 0 || !__builtin_mul_overflow(size, by, &result);
}

Status InferDepthToSpace(const NodeView& node, std::span<const InferInput> inputs,
                         std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  int64_t block = 0;
  TENON_RETURN_IF_ERROR(ReadBlock(node, x, block));
  outputs[0].type = inputs[0].type;
  if (!x.has_rank()) return {};
  Shape& y = outputs[0].shape;
  y = x;
  if (!Divide(x[1], block * block, y[1]) || !Multiply(x[2], block, y[2]) ||
      !Multiply(x[3], block, y[3])) {
    return Invalid(node, "input has shape ", x, ", whose channels are no blocks of ", block, " x ",
                   block);
  }
  return {};
}
Status InferSpaceToDepth(const NodeView& node, std::span<const InferInput> inputs,
                         std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  int64_t block = 0;
  TENON_RETURN_IF_ERROR(ReadBlock(node, x, block));
  outputs[0].type = inputs[0].type;
  if (!x.has_rank()) return {};
  Shape& y = outputs[0].shape;
  y = x;
  if (!Multiply(x[1], block * block, y[1]) || !Divide(x[2], block, y[2]) ||
      !Divide(x[3], block, y[3])) {
    return Invalid(node, "input has shape ", x, ", whose pixels are no blocks of ", block, " x ",
                   block);
  }
  return {};
}

Status OnlyDcr(Rewriter& rewriter) {
  if (rewriter.node().String("mode", "DCR") != "DCR") return CannotSay(rewriter, "mode is not DCR");
  rewriter.RemoveAttribute("mode");
  return {};
}
constexpr Revision kDepthToSpace[] = {Since(1), Since(11, nullptr, OnlyDcr)};
constexpr Revision kSpaceToDepth[] = {Since(1), Since(28, nullptr, OnlyDcr)};
constexpr Operator kRows[] = {
    Define<InferDepthToSpace, Arity{1, 1}, kDepthToSpace>(
        {.name = "DepthToSpace", .cost = CopyCost}),
    Define<InferSpaceToDepth, Arity{1, 1}, kSpaceToDepth>(
        {.name = "SpaceToDepth", .cost = CopyCost}),
};

}  // namespace

Rows depth_to_space_rows() { return kRows; }

}  // namespace tenon::operators
