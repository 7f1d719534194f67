// OneHot: a new axis of `depth` positions, the indexed one `on`, the others `off`.
#include "support/definition.h"
#include "support/half_types.h"

namespace tenon::operators {
namespace {

// The depth, which may be of any number type; -1 where it is no size.
int64_t ReadDepth(const TensorView& depth) {
  return Dispatch(
      AllNumbers{}, depth.type,
      [&]<typename T>() -> int64_t {
        const T value = *depth.as<const T>();
        if constexpr (std::is_integral_v<T>) {
          return value < T(0) || static_cast<uint64_t>(value) > uint64_t{1} << 62
                     ? -1
                     : static_cast<int64_t>(value);
        } else {
          const auto number = static_cast<double>(value);
          return number >= 0 && number < 0x1p62 ? static_cast<int64_t>(number) : -1;
        }
      },
      []() -> int64_t { return -1; });
}

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& indices = inputs[0].shape;
  const Shape& values = inputs[2].shape;
  outputs[0].type = inputs[2].type;
  int64_t merged = 0;
  if (values.has_rank() && (values.rank() != 1 || !MergeDim(values[0], 2, merged)))
    return Invalid(node, "values has shape ", values, " (expected [2]: off, on)");
  int64_t depth = kUnknownDim;
  if (const TensorView* value = inputs[1].value; value != nullptr && value->data != nullptr) {
    if (value->shape.ElementCount() != 1)
      return Invalid(node, "depth has shape ", value->shape, " (expected one number)");
    depth = ReadDepth(*value);
    if (depth < 0) return Invalid(node, "depth is no size");
  }
  if (!indices.has_rank()) return {};
  const int rank = indices.rank() + 1;
  if (rank > kMaxRank)
    return Invalid(node, "makes ", rank, " dimensions (expected at most ", kMaxRank, ")");
  int axis = 0;
  TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", -1), rank, axis));
  Shape y;
  for (int i = 0; i < rank; ++i) y.Append(i == axis ? depth : indices[i < axis ? i : i - 1]);
  outputs[0].shape = y;
  return {};
}

constexpr Operator kRows[] = {Define<Infer, Arity{3, 3}, kOnce<9>>(
    {.name = "OneHot", .cost = CopyCost, .shape_inputs = 1u << 1})};

}  // namespace

Rows one_hot_rows() { return kRows; }

}  // namespace tenon::operators
