// Flatten: a matrix of the dimensions before `axis` and those from it on.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = inputs[0].type;
  outputs[0].shape = Shape{kUnknownDim, kUnknownDim};
  if (!x.has_rank()) return {};
  int64_t axis = node.Int("axis", 1);
  if (axis < -x.rank() || axis > x.rank()) {
    return Invalid(node, "axis ", std::to_string(axis), " is out of range (expected ",
                   std::to_string(-x.rank()), " to ", x.rank(), ")");
  }
  if (axis < 0) axis += x.rank();
  const auto split = static_cast<size_t>(axis);
  // Products of 1 and a symbol stay the symbol.
  const auto product = [](std::span<const int64_t> dims, int64_t& out) {
    int64_t symbol = 0, sizes = 1;
    bool fits = true;
    for (const int64_t dim : dims) {
      if (dim >= 0) {
        fits = !__builtin_mul_overflow(sizes, dim, &sizes) && fits;
      } else {
        symbol = symbol == 0 ? dim : kUnknownDim;
      }
    }
    out = symbol == 0 || sizes == 0 ? sizes : sizes == 1 ? symbol : kUnknownDim;
    return fits;
  };
  Shape& y = outputs[0].shape;
  if (!product(x.dims().first(split), y[0]) || !product(x.dims().subspan(split), y[1])) {
    return Invalid(node, "the size of ", x, " overflows");
  }
  return {};
}

constexpr Operator kRows[] = {Define<Infer, Arity{1, 1}, kOnce<1>>(
    {.name = "Flatten", .cost = CopyCost, .flags = kView, .in_place = kFirstInPlace})};

}  // namespace

Rows flatten_rows() { return kRows; }

}  // namespace tenon::operators
