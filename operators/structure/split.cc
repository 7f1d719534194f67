// Split: pieces along `axis`, of the sizes in `split` or as equal as can be (the last one smaller).
#include <algorithm>

#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  const auto count = static_cast<int64_t>(outputs.size());
  int axis = 0;
  if (x.has_rank()) TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", 0), x.rank(), axis));
  const int64_t size = x.has_rank() ? x[axis] : kUnknownDim;
  const TensorView* value = Has(inputs, 1) ? inputs[1].value : nullptr;
  const auto listed = node.Ints("split");
  const bool equal = !Has(inputs, 1) && listed.empty();
  if (Has(inputs, 1) && inputs[1].type != DataType::kInt64)
    return Invalid(node, "split is ", inputs[1].type);
  if (value != nullptr && value->shape.ElementCount() != count) {
    return Invalid(node, "split has ", value->shape.ElementCount(), " sizes for ", count,
                   " outputs");
  }
  if (!listed.empty() && static_cast<int64_t>(listed.size()) != count) {
    return Invalid(node, "split has ", static_cast<int64_t>(listed.size()), " sizes for ", count,
                   " outputs");
  }
  const int64_t pieces = node.Int("num_outputs", count);
  if (pieces != count)
    return Invalid(node, "num_outputs is ", std::to_string(pieces), " for ", count, " outputs");
  const int64_t piece = size < 0 ? kUnknownDim : size / count + (size % count != 0);
  if (equal && node.revision < 18 && size >= 0 && size % count != 0) {
    return Invalid(node, "the axis has ", size, " elements for ", count, " equal pieces");
  }
  int64_t sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    InferOutput& output = outputs[static_cast<size_t>(i)];
    output.type = inputs[0].type;
    if (!x.has_rank()) continue;
    output.shape = x;
    int64_t part = kUnknownDim;
    if (!listed.empty()) {
      part = listed[static_cast<size_t>(i)];
    } else if (value != nullptr && value->data != nullptr) {
      part = value->as<const int64_t>()[i];
    } else if (equal) {
      part = size < 0 ? kUnknownDim : std::clamp<int64_t>(size - i * piece, 0, piece);
    }
    if (part < -1 || (part == -1 && !equal && (value != nullptr || !listed.empty())) ||
        (part > 0 && __builtin_add_overflow(sum, part, &sum))) {
      return Invalid(node, "split has the size ", std::to_string(part));
    }
    output.shape[axis] = part;
  }
  if (size >= 0 && (value != nullptr || !listed.empty()) && sum != size) {
    return Invalid(node, "split adds up to ", sum, ", the axis has ", size);
  }
  return {};
}

Status SizesToInput(Rewriter& rewriter) {
  AttributeToInput(rewriter, "split", 1);
  return {};
}
Status SizesToAttribute(Rewriter& rewriter) { return InputToAttribute(rewriter, 1, "split"); }

// Revision 18 says how many equal pieces there are, and the last may be smaller.
Status CountPieces(Rewriter& rewriter) {
  if (!rewriter.input(1).present) rewriter.SetInt("num_outputs", rewriter.output_count());
  return {};
}
Status ListPieces(Rewriter& rewriter) {
  if (rewriter.input(1).present) return {};
  const Shape x = rewriter.input(0).shape;
  const int64_t count = rewriter.output_count();
  int axis = 0;
  if (!x.has_rank()) return CannotSay(rewriter, "the rank of input is not known");
  TENON_RETURN_IF_ERROR(
      NormalizeAxis(rewriter.node(), rewriter.node().Int("axis", 0), x.rank(), axis));
  if (x[axis] < 0)
    return CannotSay(rewriter, "whether ", x[axis], " divides by ", count, " is not known");
  rewriter.RemoveAttribute("num_outputs");
  if (x[axis] % count != 0) {
    const int64_t piece = x[axis] / count + 1;
    std::vector<int64_t> sizes;
    for (int64_t i = 0; i < count; ++i)
      sizes.push_back(std::clamp<int64_t>(x[axis] - i * piece, 0, piece));
    rewriter.SetConstantInput(1, DataType::kInt64, Shape{count}, sizes.data());
  }
  return {};
}

constexpr Revision kRevisions[] = {Since(1), Since(13, SizesToInput, SizesToAttribute),
                                   Since(18, CountPieces, ListPieces)};
constexpr Operator kRows[] = {Define<Infer, Arity{1, 2, 1, kVariadic}, kRevisions>(
    {.name = "Split", .cost = CopyCost, .flags = kHostArithmetic, .shape_inputs = 1u << 1})};

}  // namespace

Rows split_rows() { return kRows; }

}  // namespace tenon::operators
