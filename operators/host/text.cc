// Operators on strings alone. Strings never cross to a backend: the host runs these.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status WantStrings(const NodeView& node, std::span<const InferInput> inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].type != DataType::kString)
      return Invalid(node, "input ", static_cast<int>(i), " has type ", inputs[i].type,
                     ", expected string");
  }
  return {};
}

// What stop words leave is data; an empty result is one empty string.
Status InferNormalizer(const NodeView& node, std::span<const InferInput> inputs,
                       std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(WantStrings(node, inputs));
  const Shape& x = inputs[0].shape;
  outputs[0].type = DataType::kString;
  if (!x.has_rank()) return {};
  const bool row = x.rank() == 2 && (x[0] == 1 || x[0] < 0);
  if (x.rank() != 1 && !row)
    return Invalid(node, "input 0 has shape ", x, ", expected [C] or [1, C]");
  outputs[0].shape = x.rank() == 1 ? Shape{kUnknownDim} : Shape{1, kUnknownDim};
  return {};
}

Status InferConcat(const NodeView& node, std::span<const InferInput> inputs,
                   std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(WantStrings(node, inputs));
  outputs[0].type = DataType::kString;
  return BroadcastInputs(node, inputs, 0, 2, outputs[0].shape);
}

// The pieces of each string, padded with empty ones to the most, and how many there are.
Status InferSplit(const NodeView& node, std::span<const InferInput> inputs,
                  std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(WantStrings(node, inputs));
  const Shape& x = inputs[0].shape;
  if (x.rank() == kMaxRank) return Unsupported(node, "its result has rank 9");
  outputs[0].type = DataType::kString;
  outputs[0].shape = x;
  if (x.has_rank()) outputs[0].shape.Append(kUnknownDim);
  if (outputs.size() > 1) outputs[1] = {DataType::kInt64, x};
  return {};
}

constexpr Operator kRows[] = {
    Define<InferNormalizer, Arity{1, 1}, kOnce<10>>(
        {.name = "StringNormalizer", .cost = CopyCost, .flags = kOnHost}),
    Define<InferConcat, Arity{2, 2}, kOnce<20>>(
        {.name = "StringConcat", .cost = CopyCost, .flags = kOnHost}),
    Define<InferSplit, Arity{1, 1, 1, 2}, kOnce<20>>(
        {.name = "StringSplit", .cost = CopyCost, .flags = kOnHost}),
};

}  // namespace

Rows text_rows() { return kRows; }

}  // namespace tenon::operators
