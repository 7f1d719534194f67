// Attention: softmax(scale * Q K' + mask) V, with the past of a key-value cache before K and V.
#include "nn/attention.h"

#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

constexpr const char* kInputs[] = {
    "Q", "K", "V", "attn_mask", "past_key", "past_value", "nonpad_kv_seqlen"};

Status WrongShape(const NodeView& node, std::span<const InferInput> inputs, size_t index,
                  std::string_view expected) {
  return Invalid(node, kInputs[index], " has shape ", inputs[index].shape, " (expected ", expected,
                 ")");
}

// The sizes of one of Q, K and V: heads, sequence and head size.
Status ReadHeads(const NodeView& node, std::span<const InferInput> inputs, size_t index,
                 AttentionSizes& s, int64_t& heads, int64_t& sequence, int64_t& size) {
  const Shape& x = inputs[index].shape;
  if (!x.has_rank()) return {};
  if (x.rank() != (s.flat ? 3 : 4))
    return WrongShape(node, inputs, index,
                      s.flat ? "[B, S, heads * size] as Q" : "[B, heads, S, size] as Q");
  if (!MergeDim(s.batch, x[0], s.batch)) return WrongShape(node, inputs, index, "Q's batch");
  if (!s.flat) {
    if (!MergeDim(heads, x[1], heads) || !MergeDim(sequence, x[2], sequence) ||
        !MergeDim(size, x[3], size))
      return WrongShape(node, inputs, index, "the heads, sequence and size of the others");
    return {};
  }
  if (!MergeDim(sequence, x[1], sequence))
    return WrongShape(node, inputs, index, "the sequence of the others");
  if (x[2] < 0) return {};
  if (x[2] < heads || x[2] % heads != 0 || !MergeDim(size, x[2] / heads, size))
    return WrongShape(node, inputs, index, "a last dimension of heads times the head size");
  return {};
}

Status ReadPast(const NodeView& node, std::span<const InferInput> inputs, size_t index,
                AttentionSizes& s, int64_t& size) {
  const Shape& x = inputs[index].shape;
  if (!x.has_rank()) return {};
  if (x.rank() != 4 || !MergeDim(s.batch, x[0], s.batch) || !MergeDim(s.groups, x[1], s.groups) ||
      !MergeDim(s.past, x[2], s.past) || !MergeDim(size, x[3], size))
    return WrongShape(node, inputs, index, "[B, kv heads, past, size]");
  return {};
}

Status CheckMask(const NodeView& node, std::span<const InferInput> inputs,
                 const AttentionSizes& s) {
  if (!Has(inputs, 3)) return {};
  const InferInput& mask = inputs[3];
  if (mask.type != DataType::kBool && mask.type != inputs[0].type)
    return Invalid(node, "attn_mask is ", mask.type, " (expected bool or ", inputs[0].type,
                   " as Q)");
  const int64_t wanted[] = {s.batch, s.heads, s.queries, s.total()};
  const int rank = mask.shape.rank();
  if (rank > 4) return WrongShape(node, inputs, 3, "at most four dimensions");
  for (int i = 0; i < rank; ++i) {
    const int64_t dim = mask.shape[i], size = wanted[4 - rank + i];
    if (dim < 0 || size < 0 || dim == 1 || dim == size) continue;
    if (i == rank - 1 && dim < size) continue;  // what is missing is masked
    return WrongShape(node, inputs, 3, "to broadcast to [B, heads, queries, keys]");
  }
  return {};
}

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  AttentionSizes s;
  TENON_RETURN_IF_ERROR(ReadAttentionSizes(node, inputs, s));
  const auto product = [](int64_t a, int64_t b) { return a < 0 || b < 0 ? kUnknownDim : a * b; };
  const bool ranked = inputs[0].shape.has_rank();
  for (size_t i = 0; i < outputs.size(); ++i) outputs[i].type = inputs[i == 2 ? 2 : 0].type;
  if (ranked) {
    outputs[0].shape = s.flat ? Shape{s.batch, s.queries, product(s.heads, s.value_size)}
                              : Shape{s.batch, s.heads, s.queries, s.value_size};
  }
  if (outputs.size() > 1) outputs[1].shape = Shape{s.batch, s.groups, s.total(), s.head_size};
  if (outputs.size() > 2) outputs[2].shape = Shape{s.batch, s.groups, s.total(), s.value_size};
  if (outputs.size() > 3) outputs[3].shape = Shape{s.batch, s.heads, s.queries, s.total()};
  return {};
}

// Two products for each pair of query and key, and about 30 for its exponential.
Cost AttentionCost(const NodeView& node, std::span<const InferInput> inputs,
                   std::span<const InferOutput> outputs) {
  AttentionSizes s;
  if (!ReadAttentionSizes(node, inputs, s).ok()) return {};
  const double pairs = static_cast<double>(s.batch) * static_cast<double>(s.heads) *
                       static_cast<double>(s.queries) * static_cast<double>(s.total());
  return CostOf(
      pairs * (2 * (static_cast<double>(s.head_size) + static_cast<double>(s.value_size)) + 30),
      inputs, outputs);
}

// Revision 24 knows caches that are filled outside, and masks that are shorter than the keys.
Status NoOutsideCache(Rewriter& rewriter) {
  if (rewriter.input(6).present)
    return CannotSay(rewriter, "nonpad_kv_seqlen is given (revision 23 has no such input)");
  const InferInput mask = rewriter.input(3);
  if (!mask.present) return {};
  std::array<InferInput, 6> inputs;
  for (int i = 0; i < 6; ++i) inputs[static_cast<size_t>(i)] = rewriter.input(i);
  AttentionSizes s;
  TENON_RETURN_IF_ERROR(ReadAttentionSizes(rewriter.node(), inputs, s));
  const int rank = mask.shape.rank();
  if (rank > 0 && mask.shape[rank - 1] >= 0 && s.total() >= 0 &&
      mask.shape[rank - 1] != s.total() && mask.shape[rank - 1] != 1)
    return CannotSay(rewriter, "attn_mask is shorter than the keys");
  return {};
}
// Revision 25 has windows.
Status NoWindow(Rewriter& rewriter) {
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, "left_window_size", -1, -1));
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, "right_window_size", -1, -1));
  rewriter.RemoveAttribute("left_window_size");
  rewriter.RemoveAttribute("right_window_size");
  return {};
}

constexpr Revision kRevisions[] = {Since(23), Since(24, nullptr, NoOutsideCache),
                                   Since(25, nullptr, NoWindow)};
constexpr Operator kRows[] = {
    Define<Infer, Arity{3, 7, 1, 4}, kRevisions>({.name = "Attention", .cost = AttentionCost})};

}  // namespace

Status ReadAttentionSizes(const NodeView& node, std::span<const InferInput> inputs,
                          AttentionSizes& s) {
  for (size_t i = 1; i < 3; ++i) {
    if (!Has(inputs, i)) return Invalid(node, kInputs[i], " is missing");
  }
  if (Has(inputs, 4) != Has(inputs, 5))
    return Invalid(node, "has only one of past_key and past_value (expected both or none)");
  if (Has(inputs, 6) && Has(inputs, 4))
    return Invalid(node, "has nonpad_kv_seqlen and past_key (expected one of the two)");
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, {0, 1, 4}));
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, {2, 5}));
  for (const char* name : {"left_window_size", "right_window_size"}) {
    if (node.Int(name, -1) < -1)
      return Invalid(node, "attribute ", name, " is ", std::to_string(node.Int(name, -1)),
                     " (expected at least -1)");
  }
  const int rank = inputs[0].shape.rank();
  if (rank >= 0 && rank != 3 && rank != 4)
    return WrongShape(node, inputs, 0, "[B, heads, S, size] or [B, S, heads * size]");
  s.flat = rank == 3;
  if (rank < 0) s.flat = node.Find("q_num_heads") != nullptr;
  if (s.flat) {
    s.heads = node.Int("q_num_heads", 0);
    s.groups = node.Int("kv_num_heads", 0);
    if (s.heads < 1 || s.groups < 1)
      return Invalid(node, "has three-dimensional inputs without q_num_heads and kv_num_heads");
  }
  if (Has(inputs, 4)) s.past = kUnknownDim;
  TENON_RETURN_IF_ERROR(ReadHeads(node, inputs, 0, s, s.heads, s.queries, s.head_size));
  TENON_RETURN_IF_ERROR(ReadHeads(node, inputs, 1, s, s.groups, s.keys, s.head_size));
  TENON_RETURN_IF_ERROR(ReadHeads(node, inputs, 2, s, s.groups, s.keys, s.value_size));
  if (Has(inputs, 4)) {
    TENON_RETURN_IF_ERROR(ReadPast(node, inputs, 4, s, s.head_size));
    TENON_RETURN_IF_ERROR(ReadPast(node, inputs, 5, s, s.value_size));
  }
  if (s.heads > 0 && s.groups >= 0 && (s.groups == 0 || s.heads % s.groups != 0))
    return Invalid(node, "has ", s.heads, " query heads, ", s.groups,
                   " key heads (expected a multiple)");
  if (Has(inputs, 6)) {
    const InferInput& lengths = inputs[6];
    int64_t batch = 0;
    if (lengths.type != DataType::kInt64 ||
        (lengths.shape.has_rank() &&
         (lengths.shape.rank() != 1 || !MergeDim(lengths.shape[0], s.batch, batch))))
      return Invalid(node, "nonpad_kv_seqlen is ", lengths.type, lengths.shape,
                     " (expected int64 [B])");
  }
  return CheckMask(node, inputs, s);
}

Rows attention_rows() { return kRows; }

}  // namespace tenon::operators
