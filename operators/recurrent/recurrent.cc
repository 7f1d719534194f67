// LSTM, GRU and RNN: X, W [D, G*H, I], R [D, G*H, H], B [D, 2*G*H], sequence_lens [N], initial_h [D, N, H], and for LSTM
// initial_c [D, N, H], P [D, 3*H] -> Y [S, D, N, H], Y_h [D, N, H], Y_c [D, N, H].
#include "recurrent/recurrent.h"

#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

constexpr const char* kInputs[] = {"X",         "W",         "R", "B", "sequence_lens",
                                   "initial_h", "initial_c", "P"};

// Input `index` has the dimensions `wanted`; those that are unknown there are filled from it.
Status Merge(const NodeView& node, std::span<const InferInput> inputs, size_t index,
             std::span<int64_t* const> wanted) {
  if (!Has(inputs, index) || !inputs[index].shape.has_rank()) return {};
  const Shape& shape = inputs[index].shape;
  bool fits = shape.rank() == static_cast<int>(wanted.size());
  for (int i = 0; fits && i < shape.rank(); ++i) {
    int64_t& dim = *wanted[static_cast<size_t>(i)];
    fits = MergeDim(dim, shape[i], dim);
  }
  if (fits) return {};
  Shape expected;
  for (const int64_t* dim : wanted) expected.Append(*dim);
  return Invalid(node, kInputs[index], " has shape ", shape, " (expected ", expected, ")");
}

int64_t Times(int64_t dim, int64_t factor) { return dim < 0 ? kUnknownDim : dim * factor; }

Status ReadDirection(const NodeView& node, RecurrentSizes& sizes) {
  const std::string_view direction = node.String("direction", "forward");
  // GRU 1 has a slip of the pen as its default.
  if (direction == "forward" || (direction == "foward" && node.revision < 7)) return {};
  if (direction == "reverse") {
    sizes.reverse = true;
  } else if (direction == "bidirectional") {
    sizes.directions = 2;
  } else {
    return Invalid(node, "attribute direction is \"", direction,
                   "\" (expected forward, reverse or bidirectional)");
  }
  return {};
}

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  RecurrentSizes s;
  TENON_RETURN_IF_ERROR(ReadRecurrentSizes(node, inputs, s));
  for (size_t i = 0; i < outputs.size(); ++i) {
    outputs[i].type = inputs[0].type;
    if (i == 0) {
      outputs[i].shape = s.batch_first ? Shape{s.batch, s.steps, s.directions, s.hidden}
                                       : Shape{s.steps, s.directions, s.batch, s.hidden};
    } else {
      outputs[i].shape = s.batch_first ? Shape{s.batch, s.directions, s.hidden}
                                       : Shape{s.directions, s.batch, s.hidden};
    }
  }
  return {};
}

// Both matrix products of every step, and about 30 for the activations of a gate.
Cost RecurrentCost(const NodeView& node, std::span<const InferInput> inputs,
                   std::span<const InferOutput> outputs) {
  RecurrentSizes s;
  if (!ReadRecurrentSizes(node, inputs, s).ok()) return {};
  const auto gates = static_cast<double>(s.directions * GatesOf(node.op) * s.hidden);
  const double depth = static_cast<double>(s.input) + static_cast<double>(s.hidden);
  const double rows = static_cast<double>(s.steps) * static_cast<double>(s.batch);
  return CostOf(rows * gates * (2 * depth + 30), inputs, outputs);
}

// Before 7 an attribute said that Y is wanted, which the graph says too.
Status DropOutputSequence(Rewriter& rewriter) {
  if (rewriter.node().String("direction", "") == "foward")
    rewriter.SetString("direction", "forward");
  rewriter.RemoveAttribute("output_sequence");
  return {};
}
Status AddOutputSequence(Rewriter& rewriter) {
  if (rewriter.output_count() > 0 && rewriter.OutputUsed(0)) rewriter.SetInt("output_sequence", 1);
  return {};
}
Status TimeFirst(Rewriter& rewriter) {
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, "layout", 0, 0));
  rewriter.RemoveAttribute("layout");
  return {};
}

constexpr Revision kRevisions[] = {Since(1), Since(7, DropOutputSequence, AddOutputSequence),
                                   Since(14, nullptr, TimeFirst)};
constexpr Operator kRows[] = {
    Define<Infer, Arity{3, 6, 0, 2}, kRevisions>({.name = "GRU", .cost = RecurrentCost}),
    Define<Infer, Arity{3, 8, 0, 3}, kRevisions>({.name = "LSTM", .cost = RecurrentCost}),
    Define<Infer, Arity{3, 6, 0, 2}, kRevisions>({.name = "RNN", .cost = RecurrentCost}),
};

}  // namespace

int GatesOf(std::string_view op) { return op == "LSTM" ? 4 : op == "GRU" ? 3 : 1; }

Status ReadRecurrentSizes(const NodeView& node, std::span<const InferInput> inputs,
                          RecurrentSizes& s) {
  for (size_t i = 1; i <= 2; ++i) {
    if (!Has(inputs, i)) return Invalid(node, kInputs[i], " is missing");
  }
  TENON_RETURN_IF_ERROR(ReadDirection(node, s));
  const int64_t layout = node.Int("layout", 0);
  if (layout != 0 && layout != 1)
    return Invalid(node, "attribute layout is ", std::to_string(layout), " (expected 0 or 1)");
  s.batch_first = layout == 1;
  if (node.Find("hidden_size") != nullptr) {
    s.hidden = node.Int("hidden_size", 0);
    if (s.hidden < 1 || s.hidden >= int64_t{1} << 31)
      return Invalid(node, "attribute hidden_size is ", std::to_string(s.hidden),
                     " (expected at least 1)");
  }
  int64_t* const x[] = {s.batch_first ? &s.batch : &s.steps, s.batch_first ? &s.steps : &s.batch,
                        &s.input};
  int64_t* const state[] = {s.batch_first ? &s.batch : &s.directions,
                            s.batch_first ? &s.directions : &s.batch, &s.hidden};
  int64_t* const lengths[] = {&s.batch};
  int64_t gates = kUnknownDim;
  int64_t* const r[] = {&s.directions, &gates, &s.hidden};
  TENON_RETURN_IF_ERROR(Merge(node, inputs, 0, x));
  TENON_RETURN_IF_ERROR(Merge(node, inputs, 2, r));
  TENON_RETURN_IF_ERROR(Merge(node, inputs, 5, state));
  TENON_RETURN_IF_ERROR(Merge(node, inputs, 6, state));
  TENON_RETURN_IF_ERROR(Merge(node, inputs, 4, lengths));
  const int count = GatesOf(node.op);
  if (s.hidden < 0 && gates >= 0 && gates % count == 0) s.hidden = gates / count;
  if (s.hidden >= int64_t{1} << 31)
    return Invalid(node, "has ", s.hidden, " hidden values (expected below 2^31)");
  gates = Times(s.hidden, count);
  int64_t biases = Times(s.hidden, 2 * count), peepholes = Times(s.hidden, 3);
  int64_t* const w[] = {&s.directions, &gates, &s.input};
  int64_t* const b[] = {&s.directions, &biases};
  int64_t* const p[] = {&s.directions, &peepholes};
  TENON_RETURN_IF_ERROR(Merge(node, inputs, 1, w));
  TENON_RETURN_IF_ERROR(Merge(node, inputs, 2, r));
  TENON_RETURN_IF_ERROR(Merge(node, inputs, 3, b));
  TENON_RETURN_IF_ERROR(Merge(node, inputs, 7, p));
  if (Has(inputs, 4) && inputs[4].type != DataType::kInt32)
    return Invalid(node, "sequence_lens is ", inputs[4].type, " (expected int32)");
  for (const size_t i : {size_t{1}, size_t{2}, size_t{3}, size_t{5}, size_t{6}, size_t{7}}) {
    if (Has(inputs, i) && inputs[i].type != inputs[0].type)
      return Invalid(node, kInputs[i], " is ", inputs[i].type, ", X is ", inputs[0].type);
  }
  return {};
}

Rows recurrent_rows() { return kRows; }

}  // namespace tenon::operators
