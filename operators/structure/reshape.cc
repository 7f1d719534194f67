// Reshape: the same elements under the dimensions in `shape`; 0 keeps the input's (unless
// allowzero), -1 is what is left.
#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

// A product of sizes and symbols.
struct Product {
  int64_t size = 1;
  SmallInts symbols;
  bool unknown = false;
  bool overflow = false;

  void Multiply(int64_t dim) {
    if (dim >= 0) {
      overflow = __builtin_mul_overflow(size, dim, &size) || overflow;
    } else if (dim == kUnknownDim) {
      unknown = true;
    } else {
      symbols[symbols.count++] = dim;
    }
  }
  // Takes `symbol` out; false where it isn't in.
  bool Divide(int64_t symbol) {
    for (int i = 0; i < symbols.count; ++i) {
      if (symbols[i] != symbol) continue;
      symbols[i] = symbols[--symbols.count];
      return true;
    }
    return false;
  }
};

// The dimension that makes `output` times it equal `input`; -1 where that can't be said.
Status Remainder(const NodeView& node, const Shape& x, const Shape& y, int skip, int64_t& dim) {
  Product input, output;
  for (const int64_t d : x.dims()) input.Multiply(d);
  for (int i = 0; i < y.rank(); ++i) {
    if (i != skip && (y[i] >= -1 || !input.Divide(y[i]))) output.Multiply(y[i]);
  }
  dim = kUnknownDim;
  if (input.overflow || output.overflow)
    return Invalid(node, "the sizes of ", x, " or ", y, " overflow");
  if (input.unknown || output.unknown || output.symbols.count > 0) return {};
  if (input.symbols.count == 1 && input.size == output.size && input.size != 0)
    dim = input.symbols[0];
  if (input.symbols.count > 0) return {};
  if (output.size == 0 || input.size % output.size != 0) {
    return Invalid(node, "data has shape ", x, ", which is no multiple of the other dimensions of ",
                   y);
  }
  dim = input.size / output.size;
  return {};
}

Status CheckCount(const NodeView& node, const Shape& x, const Shape& y) {
  if (!x.IsStatic() || !y.IsStatic()) return {};
  int64_t from = 0, to = 0;
  if (MultiplyDims(x.dims(), from) && MultiplyDims(y.dims(), to) && from == to) return {};
  return Invalid(node, "data has shape ", x, " with another number of elements than ", y);
}

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  Shape& y = outputs[0].shape;
  outputs[0].type = inputs[0].type;
  const bool zero_is_zero = node.Int("allowzero", 0) != 0;
  SmallInts shape;
  Known known;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 1, "shape", shape, known));
  if (known != Known::kKnown) {
    const int64_t rank = inputs[1].shape.rank() == 1 ? inputs[1].shape[0] : kUnknownDim;
    if (rank > kMaxRank)
      return Invalid(node, "shape has ", rank, " elements (expected at most ", kMaxRank, ")");
    if (rank < 0) return {};
    y.Resize(static_cast<int>(rank));
    const Shape* sizes = inputs[1].sizes;
    for (int i = 0; i < y.rank(); ++i) {
      y[i] = kUnknownDim;
      if (sizes == nullptr || sizes->rank() != y.rank()) continue;
      // An open size may be 0.
      const bool keeps = (*sizes)[i] <= 0 && !zero_is_zero;
      if (!keeps || (i < x.rank() && x[i] == (*sizes)[i])) y[i] = (*sizes)[i];
    }
    return CheckCount(node, x, y);
  }
  if (shape.count > kMaxRank)
    return Invalid(node, "shape has ", shape.count, " elements (expected at most ", kMaxRank, ")");
  int rest = -1;
  y.Resize(shape.count);
  for (int i = 0; i < shape.count; ++i) {
    y[i] = shape[i];
    if (shape[i] == 0 && !zero_is_zero) {
      if (x.has_rank() && i >= x.rank())
        return Invalid(node, "shape keeps dimension ", i, ", data has shape ", x);
      y[i] = x.has_rank() ? x[i] : kUnknownDim;
    } else if (shape[i] == -1) {
      if (rest >= 0) return Invalid(node, "shape has more than one -1");
      rest = i;
    } else if (shape[i] < 0) {
      return Invalid(node, "shape has the value ", std::to_string(shape[i]),
                     " (expected -1 or more)");
    }
  }
  if (rest >= 0 && !x.has_rank()) {
    y[rest] = kUnknownDim;
  } else if (rest >= 0) {
    TENON_RETURN_IF_ERROR(Remainder(node, x, y, rest, y[rest]));
  }
  return CheckCount(node, x, y);
}

// Revision 14 can mean a zero by 0.
Status ZeroKeeps(Rewriter& rewriter) {
  if (rewriter.node().Int("allowzero", 0) != 0) {
    std::vector<int64_t> shape;
    TENON_RETURN_IF_ERROR(ConstantInts(rewriter, 1, "shape", shape));
    for (const int64_t dim : shape) {
      if (dim == 0)
        return CannotSay(rewriter,
                         "shape has a 0 that means zero (revision 1 keeps the dimension)");
    }
  }
  rewriter.RemoveAttribute("allowzero");
  return {};
}

constexpr Revision kRevisions[] = {Since(1), Since(14, nullptr, ZeroKeeps)};
constexpr Operator kRows[] = {
    Define<Infer, Arity{2, 2}, kRevisions>({.name = "Reshape",
                                            .cost = CopyCost,
                                            .flags = kView | kHostArithmetic,
                                            .in_place = kFirstInPlace,
                                            .shape_inputs = 1u << 1})};

}  // namespace

Rows reshape_rows() { return kRows; }

}  // namespace tenon::operators
