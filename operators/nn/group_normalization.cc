// GroupNormalization: mean and variance over each sample's groups of channels. Before revision 21 scale and bias had one
// value a group; where they are not constant, that lives on in the domain ai.tenon.
#include <algorithm>
#include <vector>

#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

bool OneEachGroup(const NodeView& node) { return node.domain == "ai.tenon" || node.revision < 21; }

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  for (size_t i = 1; i < 3; ++i) {
    if (!Has(inputs, i)) return Invalid(node, i == 1 ? "scale" : "bias", " is missing");
  }
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, 3));
  const int64_t groups = node.Int("num_groups", 0);
  if (groups < 1)
    return Invalid(node, "attribute num_groups is ", std::to_string(groups),
                   " (expected at least 1)");
  TENON_RETURN_IF_ERROR(InferSame(node, inputs, outputs));
  const Shape& x = inputs[0].shape;
  if (!x.has_rank()) return {};
  if (x.rank() < 2) return Invalid(node, "X has shape ", x, " (expected [N, C, ...])");
  if (x[1] >= 0 && x[1] % groups != 0)
    return Invalid(node, "X has ", x[1], " channels in ", groups, " groups (expected a multiple)");
  const int64_t wanted = OneEachGroup(node) ? groups : x[1];
  for (size_t i = 1; i < 3; ++i) {
    int64_t merged = 0;
    const Shape& shape = inputs[i].shape;
    if (shape.has_rank() && (shape.rank() != 1 || !MergeDim(shape[0], wanted, merged)))
      return Invalid(node, i == 1 ? "scale" : "bias", " has shape ", shape, " (expected [", wanted,
                     "])");
  }
  return {};
}

Cost GroupCost(const NodeView&, std::span<const InferInput> inputs,
               std::span<const InferOutput> outputs) {
  return CostOf(6 * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

// Strings have no width, and smaller ones share bytes.
bool HasBytes(DataType type) { return BitWidth(type) >= 8; }

// Repeats constant input `index`, one value a group, for every channel.
void Repeat(Rewriter& rewriter, int index, int64_t each) {
  const TensorView from = *rewriter.input(index).value;
  const int64_t groups = from.shape[0], size = BitWidth(from.type) / 8;
  std::vector<std::byte> values(static_cast<size_t>(groups * each * size));
  for (int64_t i = 0; i < groups * each; ++i)
    std::copy_n(from.as<std::byte>() + i / each * size, size, values.data() + i * size);
  rewriter.SetConstantInput(index, from.type, Shape{groups * each}, values.data());
}

Status OneEachChannel(Rewriter& rewriter) {
  const NodeView& node = rewriter.node();
  const Shape x = rewriter.input(0).shape;
  const int64_t groups = node.Int("num_groups", 0);
  constexpr int64_t kMostChannels = int64_t{1} << 24;
  bool repeats =
      x.rank() >= 2 && x[1] > 0 && x[1] <= kMostChannels && groups > 0 && x[1] % groups == 0;
  for (int i = 1; i < 3; ++i) {
    const InferInput input = rewriter.input(i);
    repeats = repeats && input.value != nullptr && input.value->data != nullptr &&
              HasBytes(input.value->type) && input.shape == Shape{groups};
  }
  if (!repeats) {
    rewriter.SetOperator("ai.tenon", "GroupNormalization", 1);
    return {};
  }
  for (int i = 1; i < 3; ++i) Repeat(rewriter, i, x[1] / groups);
  return {};
}
Status SameInGroup(Rewriter& rewriter) {
  const NodeView& node = rewriter.node();
  TENON_RETURN_IF_ERROR(RequireInt(rewriter, "stash_type", 1, 1));
  const int64_t groups = node.Int("num_groups", 0);
  std::array<std::vector<std::byte>, 2> values;
  for (int i = 1; i < 3; ++i) {
    const InferInput input = rewriter.input(i);
    if (input.value == nullptr || input.value->data == nullptr)
      return CannotSay(rewriter,
                       "scale or bias is not constant (revision 18 has one value a group)");
    if (!HasBytes(input.type)) return CannotSay(rewriter, "scale or bias is ", input.type);
    const int64_t channels = input.shape.ElementCount(), size = BitWidth(input.type) / 8;
    if (groups < 1 || channels < groups || channels % groups != 0)
      return CannotSay(rewriter, "scale has ", channels, " values for ", groups, " groups");
    const int64_t each = channels / groups;
    const auto* from = input.value->as<const std::byte>();
    for (int64_t c = 0; c < channels; ++c) {
      if (!std::equal(from + c * size, from + (c + 1) * size, from + c / each * each * size))
        return CannotSay(rewriter,
                         "scale or bias differs within a group (revision 18 has one value)");
      if (c % each == 0)
        values[static_cast<size_t>(i - 1)].insert(values[static_cast<size_t>(i - 1)].end(),
                                                  from + c * size, from + (c + 1) * size);
    }
  }
  for (int i = 1; i < 3; ++i)
    rewriter.SetConstantInput(i, rewriter.input(i).type, Shape{groups},
                              values[static_cast<size_t>(i - 1)].data());
  rewriter.RemoveAttribute("stash_type");
  return {};
}

constexpr Revision kRevisions[] = {Since(18), Since(21, OneEachChannel, SameInGroup)};
constexpr Operator kRows[] = {
    Define<Infer, Arity{3, 3}, kRevisions>({.name = "GroupNormalization", .cost = GroupCost}),
    Define<Infer, Arity{3, 3}, kOnce<1>>(
        {.domain = "ai.tenon", .name = "GroupNormalization", .cost = GroupCost}),
};

}  // namespace

Rows group_normalization_rows() { return kRows; }

}  // namespace tenon::operators
