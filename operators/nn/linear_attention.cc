// LinearAttention: attention whose past is one matrix for each head; CausalConvWithState: a depthwise convolution along time
// that keeps the last inputs. Both carry a state from call to call.
#include "nn/linear_attention.h"

#include "support/definition.h"

namespace tenon::operators {
namespace {

constexpr const char* kInputs[] = {"query", "key", "value", "past_state", "decay", "beta"};

Status WrongShape(const NodeView& node, std::span<const InferInput> inputs, size_t index,
                  std::string_view expected) {
  return Invalid(node, kInputs[index], " has shape ", inputs[index].shape, " (expected ", expected,
                 ")");
}

// [B, T, heads * size].
Status ReadPacked(const NodeView& node, std::span<const InferInput> inputs, size_t index,
                  int64_t heads, LinearAttentionSizes& s, int64_t& size) {
  if (!Has(inputs, index) || !inputs[index].shape.has_rank()) return {};
  const Shape& x = inputs[index].shape;
  const bool fits =
      x.rank() == 3 && MergeDim(s.batch, x[0], s.batch) && MergeDim(s.steps, x[1], s.steps) &&
      (x[2] < 0 || (x[2] >= heads && x[2] % heads == 0 && MergeDim(size, x[2] / heads, size)));
  return fits ? Status() : WrongShape(node, inputs, index, "[B, T, heads * size] as the others");
}

Status ReadRule(const NodeView& node, std::span<const InferInput> inputs, LinearAttentionSizes& s) {
  const std::string_view rule = node.String("update_rule", "gated_delta");
  s.decays = rule == "gated" || rule == "gated_delta";
  s.corrects = rule == "delta" || rule == "gated_delta";
  if (!s.decays && !s.corrects && rule != "linear")
    return Invalid(node, "attribute update_rule is \"", rule,
                   "\" (expected linear, gated, delta or gated_delta)");
  if (Has(inputs, 4) != s.decays)
    return Invalid(node, "has the update rule ", rule, s.decays ? " without" : " with", " decay");
  if (Has(inputs, 5) != s.corrects)
    return Invalid(node, "has the update rule ", rule, s.corrects ? " without" : " with", " beta");
  return {};
}

Status InferLinear(const NodeView& node, std::span<const InferInput> inputs,
                   std::span<InferOutput> outputs) {
  LinearAttentionSizes s;
  TENON_RETURN_IF_ERROR(ReadLinearAttention(node, inputs, s));
  outputs[0] = {inputs[0].type,
                {s.batch, s.steps, s.value_size < 0 ? kUnknownDim : s.heads * s.value_size}};
  if (outputs.size() > 1)
    outputs[1] = {inputs[Has(inputs, 3) ? 3 : 0].type,
                  {s.batch, s.groups, s.key_size, s.value_size}};
  return {};
}

Cost LinearCost(const NodeView& node, std::span<const InferInput> inputs,
                std::span<const InferOutput> outputs) {
  LinearAttentionSizes s;
  if (!ReadLinearAttention(node, inputs, s).ok()) return {};
  const auto state = static_cast<double>(s.key_size) * static_cast<double>(s.value_size);
  const double each =
      2 * static_cast<double>(s.heads) + (s.corrects ? 5 : 3) * static_cast<double>(s.groups);
  return CostOf(static_cast<double>(s.batch) * static_cast<double>(s.steps) * each * state, inputs,
                outputs);
}

Status InferConv(const NodeView& node, std::span<const InferInput> inputs,
                 std::span<InferOutput> outputs) {
  const std::string_view activation = node.String("activation", "none");
  if (activation != "none" && activation != "silu" && activation != "swish")
    return Invalid(node, "attribute activation is \"", activation,
                   "\" (expected none, silu or swish)");
  const Shape& x = inputs[0].shape;
  const Shape& w = inputs[1].shape;
  if (x.has_rank() && x.rank() != 3)
    return Invalid(node, "input has shape ", x, " (expected [B, C, length])");
  int64_t batch = kUnknownDim, channels = kUnknownDim, kernel = kUnknownDim, one = 0;
  if (x.has_rank()) {
    batch = x[0];
    channels = x[1];
  }
  if (w.has_rank()) {
    if (w.rank() != 3 || !MergeDim(channels, w[0], channels) || !MergeDim(w[1], 1, one) ||
        w[2] == 0)
      return Invalid(node, "weight has shape ", w, " (expected [", channels, ", 1, k])");
    kernel = w[2];
  }
  int64_t kept = kernel < 0 ? kUnknownDim : kernel - 1;
  if (Has(inputs, 2) && inputs[2].shape.has_rank() &&
      (inputs[2].shape.rank() != 1 || !MergeDim(channels, inputs[2].shape[0], channels)))
    return Invalid(node, "bias has shape ", inputs[2].shape, " (expected [", channels, "])");
  if (Has(inputs, 3) && inputs[3].shape.has_rank()) {
    const Shape& past = inputs[3].shape;
    if (past.rank() != 3 || !MergeDim(batch, past[0], batch) ||
        !MergeDim(channels, past[1], channels) || !MergeDim(kept, past[2], kept))
      return Invalid(node, "past_state has shape ", past, " (expected ",
                     Shape{batch, channels, kept}, ")");
  }
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, {0, 1, 2, 3}));
  outputs[0] = {inputs[0].type, {batch, channels, x.has_rank() ? x[2] : kUnknownDim}};
  if (outputs.size() > 1) outputs[1] = {inputs[0].type, {batch, channels, kept}};
  return {};
}

Cost ConvCost(const NodeView&, std::span<const InferInput> inputs,
              std::span<const InferOutput> outputs) {
  const auto taps = static_cast<double>(inputs[1].shape[2]);
  return CostOf(2 * taps * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<InferConv, Arity{2, 4, 1, 2}, kOnce<27>>(
        {.name = "CausalConvWithState", .cost = ConvCost}),
    Define<InferLinear, Arity{3, 6, 1, 2}, kOnce<27>>(
        {.name = "LinearAttention", .cost = LinearCost}),
};

}  // namespace

Status ReadLinearAttention(const NodeView& node, std::span<const InferInput> inputs,
                           LinearAttentionSizes& s) {
  s.heads = node.Int("q_num_heads", 0);
  s.groups = node.Int("kv_num_heads", 0);
  if (s.groups < 1 || s.heads < 1 || s.heads % s.groups != 0)
    return Invalid(node, "attribute q_num_heads is ", std::to_string(s.heads), ", kv_num_heads is ",
                   std::to_string(s.groups), " (expected a multiple)");
  TENON_RETURN_IF_ERROR(ReadRule(node, inputs, s));
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, {0, 1, 2, 4, 5}));
  TENON_RETURN_IF_ERROR(ReadPacked(node, inputs, 0, s.heads, s, s.key_size));
  TENON_RETURN_IF_ERROR(ReadPacked(node, inputs, 1, s.groups, s, s.key_size));
  TENON_RETURN_IF_ERROR(ReadPacked(node, inputs, 2, s.groups, s, s.value_size));
  TENON_RETURN_IF_ERROR(
      OneOf(node, inputs, 3, {DataType::kFloat16, DataType::kBfloat16, DataType::kFloat32}));
  if (Has(inputs, 3) && inputs[3].shape.has_rank()) {
    const Shape& past = inputs[3].shape;
    int64_t groups = 0;
    if (past.rank() != 4 || !MergeDim(s.batch, past[0], s.batch) ||
        !MergeDim(s.groups, past[1], groups) || !MergeDim(s.key_size, past[2], s.key_size) ||
        !MergeDim(s.value_size, past[3], s.value_size))
      return WrongShape(node, inputs, 3, "[B, kv heads, key size, value size]");
  }
  // One value a head, or one for each of its key's; beta may also have one for all heads.
  for (size_t i = 4; i < 6; ++i) {
    int64_t each = kUnknownDim;
    if (!Has(inputs, i)) continue;
    const Shape& x = inputs[i].shape;
    const bool shared = i == 5 && x.rank() == 3 && x[2] == 1;
    TENON_RETURN_IF_ERROR(ReadPacked(node, inputs, i, shared ? 1 : s.groups, s, each));
    if (each >= 0 && each != 1 && (i == 5 || (s.key_size >= 0 && each != s.key_size)))
      return WrongShape(
          node, inputs, i,
          i == 4 ? "one value a head, or one for each of its key's" : "one value a head, or one");
  }
  return {};
}

Rows linear_attention_rows() { return kRows; }

}  // namespace tenon::operators
