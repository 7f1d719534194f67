// ReverseSequence: the first sequence_lens[b] steps of each batch entry in reverse. Time and batch
// are the first two axes, either way round.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  const Shape& lens = inputs[1].shape;
  const int64_t batch = node.Int("batch_axis", 1), time = node.Int("time_axis", 0);
  if (batch < 0 || batch > 1 || time != 1 - batch) {
    return Invalid(node, "batch_axis is ", std::to_string(batch), ", time_axis is ",
                   std::to_string(time), " (expected 0 and 1, or 1 and 0)");
  }
  if (inputs[1].type != DataType::kInt64)
    return Invalid(node, "sequence_lens is ", inputs[1].type, " (expected int64)");
  if (x.has_rank() && x.rank() < 2)
    return Invalid(node, "input has shape ", x, " (expected time, batch, ...)");
  int64_t merged = 0;
  if (x.has_rank() && lens.has_rank() &&
      (lens.rank() != 1 || !MergeDim(lens[0], x[static_cast<int>(batch)], merged))) {
    return Invalid(node, "sequence_lens has shape ", lens, ", input has ", x,
                   " (expected one for each batch entry)");
  }
  return InferSame(node, inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<Infer, Arity{2, 2}, kOnce<10>>({.name = "ReverseSequence", .cost = CopyCost})};

}  // namespace

Rows reverse_sequence_rows() { return kRows; }

}  // namespace tenon::operators
