// Operators of two inputs (or any number) that are broadcast against each other.
#include "elementwise/binary.h"

#include <algorithm>

#include "support/definition.h"

namespace tenon::operators {

Status BroadcastFromAxis(Rewriter& rewriter) {
  const NodeView& node = rewriter.node();
  const AttributeView* axis = node.Find("axis");
  if (node.Int("broadcast", 0) != 0 && axis != nullptr) {
    const Shape a = rewriter.input(0).shape;
    const Shape b = rewriter.input(1).shape;
    if (!a.has_rank() || !b.has_rank()) {
      return CannotSay(rewriter, "attribute axis needs the ranks of both inputs to be known");
    }
    const int64_t first = axis->i < 0 ? axis->i + a.rank() : axis->i;
    if (first < 0 || first > a.rank() - b.rank()) {
      return Invalid(node, "B of shape ", b, " does not fit A of shape ", a, " at axis ",
                     std::to_string(axis->i));
    }
    if (first + b.rank() < a.rank()) {
      std::array<int64_t, kMaxRank> shape{};  // 0 keeps B's dimension
      const auto rank = static_cast<size_t>(a.rank() - first);
      for (auto i = static_cast<size_t>(b.rank()); i < rank; ++i) shape[i] = 1;
      rewriter.ReshapeInput(1, {shape.data(), rank});
    }
  }
  rewriter.RemoveAttribute("axis");
  rewriter.RemoveAttribute("broadcast");
  return {};
}

Status BroadcastToAxis(Rewriter& rewriter) {
  const Shape a = rewriter.input(0).shape;
  const Shape b = rewriter.input(1).shape;
  if (!a.has_rank() || !b.has_rank() || b.rank() > a.rank()) {
    return CannotSay(rewriter, "revision 1 broadcasts only B to A; the shapes are ", a, " and ", b);
  }
  const int lead = a.rank() - b.rank();
  for (int i = 0; i < b.rank(); ++i) {
    if (b[i] == kUnknownDim || b[i] != a[lead + i]) {
      return CannotSay(rewriter, "revision 1 broadcasts only leading dimensions; the shapes are ",
                       a, " and ", b);
    }
  }
  if (lead != 0) rewriter.SetInt("broadcast", 1);
  return {};
}

namespace {

constexpr Revision kAxisThenNumpy[] = {Since(1), Since(7, BroadcastFromAxis, BroadcastToAxis)};

// Min, Max, Sum and Mean took equal shapes only, then broadcast.
Status AllEqual(Rewriter& rewriter) {
  const Shape first = rewriter.input(0).shape;
  for (int i = 0; i < rewriter.input_count(); ++i) {
    const Shape shape = rewriter.input(i).shape;
    bool equal = shape.has_rank() && shape.rank() == first.rank();
    for (int d = 0; equal && d < shape.rank(); ++d)
      equal = shape[d] == first[d] && shape[d] != kUnknownDim;
    if (!equal) return CannotSay(rewriter, "revision 1 does not broadcast ", shape, " and ", first);
  }
  return {};
}
constexpr Revision kEqualThenNumpy[] = {Since(1), Since(8, nullptr, AllEqual)};

// PRelu's slope was one value or one a channel, then broadcast to X.
Status SlopePerChannel(Rewriter& rewriter) {
  const Shape x = rewriter.input(0).shape;
  const Shape slope = rewriter.input(1).shape;
  if (!x.has_rank() || !slope.has_rank())
    return CannotSay(rewriter, "the ranks of X and slope must be known");
  if (slope.rank() == 1 && slope[0] != 1 && x.rank() > 2) {
    std::array<int64_t, kMaxRank> shape{};
    for (size_t i = 1; i < kMaxRank; ++i) shape[i] = 1;
    rewriter.ReshapeInput(1, {shape.data(), static_cast<size_t>(x.rank() - 1)});
  }
  return {};
}
Status SlopeIsOne(Rewriter& rewriter) {
  if (rewriter.input(1).shape.ElementCount() == 1) return {};
  return CannotSay(rewriter, "slope has shape ", rewriter.input(1).shape,
                   " (revision 1 takes one value)");
}
constexpr Revision kSlope[] = {Since(1), Since(7, SlopePerChannel, SlopeIsOne)};

Status InferBinary(const NodeView& node, std::span<const InferInput> inputs,
                   std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, inputs.size()));
  outputs[0].type = inputs[0].type;
  return BroadcastInputs(node, inputs, 0, inputs.size(), outputs[0].shape);
}
// The exponent's type is its own.
Status InferPow(const NodeView& node, std::span<const InferInput> inputs,
                std::span<InferOutput> outputs) {
  outputs[0].type = inputs[0].type;
  return BroadcastInputs(node, inputs, 0, 2, outputs[0].shape);
}
Status InferCompare(const NodeView& node, std::span<const InferInput> inputs,
                    std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(InferBinary(node, inputs, outputs));
  outputs[0].type = DataType::kBool;
  return {};
}
Status InferPRelu(const NodeView& node, std::span<const InferInput> inputs,
                  std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, 2));
  outputs[0].type = inputs[0].type;
  outputs[0].shape = inputs[0].shape;
  Shape result = inputs[0].shape;
  const Shape& slope = inputs[1].shape;
  if (!BroadcastShape(slope, result) ||
      (inputs[0].shape.has_rank() && result.rank() > inputs[0].shape.rank())) {
    return Invalid(node, "slope has shape ", slope, ", which does not broadcast to X's ",
                   inputs[0].shape);
  }
  for (int i = 0; i < outputs[0].shape.rank(); ++i) {
    if (outputs[0].shape[i] == 1 && result[i] != 1) {
      return Invalid(node, "slope has shape ", slope, ", which does not broadcast to X's ",
                     inputs[0].shape);
    }
  }
  return {};
}

// Mod of floats was C's fmod only.
Status FloatsAsC(Rewriter& rewriter) {
  constexpr DataType kReal[] = {DataType::kFloat32, DataType::kFloat64, DataType::kFloat16,
                                DataType::kBfloat16};
  if (rewriter.node().Int("fmod", 0) != 0 ||
      std::ranges::find(kReal, rewriter.input(0).type) == std::end(kReal))
    return {};
  return CannotSay(rewriter, "fmod is 0 for ", rewriter.input(0).type,
                   " (revision 10 then takes integers)");
}
constexpr Revision kMod[] = {Since(10), Since(28, nullptr, FloatsAsC)};

template <InferFunction infer, const auto& revisions>
consteval Operator Binary(std::string_view name, uint32_t flags = kHostArithmetic) {
  return Define<infer, Arity{2, 2}, revisions>(
      {.name = name, .flags = flags, .in_place = kFirstTwoInPlace});
}
// Comparisons change the element size: never in place.
template <const auto& revisions>
consteval Operator Compare(std::string_view name) {
  return Define<InferCompare, Arity{2, 2}, revisions>({.name = name, .flags = kHostArithmetic});
}
Cost VariadicCost(const NodeView&, std::span<const InferInput> inputs,
                  std::span<const InferOutput> outputs) {
  return CostOf(
      static_cast<double>(outputs[0].shape.ElementCount()) * static_cast<double>(inputs.size()),
      inputs, outputs);
}
consteval Operator Variadic(std::string_view name, uint32_t flags) {
  return Define<InferBinary, Arity{1, kVariadic}, kEqualThenNumpy>(
      {.name = name, .cost = VariadicCost, .flags = flags});
}

constexpr Operator kRows[] = {
    Binary<InferBinary, kAxisThenNumpy>("Add"),
    Binary<InferBinary, kAxisThenNumpy>("And"),
    Binary<InferBinary, kOnce<11>>("BitShift"),
    Binary<InferBinary, kOnce<18>>("BitwiseAnd"),
    Binary<InferBinary, kOnce<18>>("BitwiseOr"),
    Binary<InferBinary, kOnce<18>>("BitwiseXor"),
    Binary<InferBinary, kAxisThenNumpy>("Div"),
    Compare<kAxisThenNumpy>("Equal"),
    Compare<kAxisThenNumpy>("Greater"),
    Compare<kOnce<12>>("GreaterOrEqual"),
    Compare<kAxisThenNumpy>("Less"),
    Compare<kOnce<12>>("LessOrEqual"),
    Variadic("Max", kHostArithmetic),
    Variadic("Mean", 0),
    Variadic("Min", kHostArithmetic),
    Binary<InferBinary, kMod>("Mod"),
    Binary<InferBinary, kAxisThenNumpy>("Mul"),
    Binary<InferBinary, kAxisThenNumpy>("Or"),
    Define<InferPRelu, Arity{2, 2}, kSlope>({.name = "PRelu", .in_place = kFirstInPlace}),
    Binary<InferPow, kAxisThenNumpy>("Pow"),
    Binary<InferBinary, kAxisThenNumpy>("Sub"),
    Variadic("Sum", kHostArithmetic),
    Binary<InferBinary, kAxisThenNumpy>("Xor"),
};

}  // namespace

Rows binary_rows() { return kRows; }

}  // namespace tenon::operators
