// Cast and CastLike: another element type.
#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status InferCast(const NodeView& node, std::span<const InferInput> inputs,
                 std::span<InferOutput> outputs) {
  const int64_t to = node.Int("to", 0);
  outputs[0].type = DataTypeOf(to);
  if (outputs[0].type == DataType::kUndefined) {
    return Invalid(node, "attribute to is ", std::to_string(to), ", which is no element type");
  }
  outputs[0].shape = inputs[0].shape;
  return {};
}
Status InferCastLike(const NodeView&, std::span<const InferInput> inputs,
                     std::span<InferOutput> outputs) {
  outputs[0] = {inputs[1].type, inputs[0].shape};
  return {};
}

// What newer revisions add for float8 types only.
Status Saturates(Rewriter& rewriter) {
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, "saturate", 1, 1));
  rewriter.RemoveAttribute("saturate");
  return {};
}
Status RoundsUp(Rewriter& rewriter) {
  if (rewriter.node().String("round_mode", "up") != "up")
    return CannotSay(rewriter, "round_mode is not \"up\"");
  rewriter.RemoveAttribute("round_mode");
  return {};
}
constexpr Revision kCast[] = {Since(1), Since(19, nullptr, Saturates),
                              Since(24, nullptr, RoundsUp)};
constexpr Revision kCastLike[] = {Since(15), Since(19, nullptr, Saturates),
                                  Since(24, nullptr, RoundsUp)};
constexpr Operator kRows[] = {
    Define<InferCast, Arity{1, 1}, kCast>(
        {.name = "Cast", .flags = kHostArithmetic, .in_place = kFirstInPlace}),
    Define<InferCastLike, Arity{2, 2}, kCastLike>({.name = "CastLike", .in_place = kFirstInPlace}),
};

}  // namespace

Rows cast_rows() { return kRows; }

}  // namespace tenon::operators
