// Sequences of tensors. The host keeps them; a sequence's tensors are host memory.
#include "support/definition.h"

namespace tenon::operators {
namespace {

// The shape that all have, as far as they agree.
Shape Common(const Shape& a, const Shape& b) {
  if (!a.has_rank() || !b.has_rank() || a.rank() != b.rank()) return Shape::UnknownRank();
  Shape shape = a;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] != b[axis]) shape[axis] = kUnknownDim;
  }
  return shape;
}

Status Want(const NodeView& node, std::span<const InferInput> inputs, int index, ValueKind kind) {
  const InferInput& input = inputs[static_cast<size_t>(index)];
  if (input.kind == kind) return {};
  return Invalid(node, "input ", index, " is a ", ValueKindName(input.kind), ", expected a ",
                 ValueKindName(kind));
}

Status WantType(const NodeView& node, DataType got, DataType wants) {
  if (got == wants || wants == DataType::kUndefined || got == DataType::kUndefined) return {};
  return Invalid(node, "a tensor of type ", got, " does not go into a sequence of ", wants);
}

Status InferEmpty(const NodeView& node, std::span<const InferInput>,
                  std::span<InferOutput> outputs) {
  const int64_t number = node.Int("dtype", static_cast<int>(DataType::kFloat32));
  const auto type = DataTypeOf(number);
  if (type == DataType::kUndefined)
    return Invalid(node, "attribute dtype is ", number, ", which is no element type");
  outputs[0] = {type, Shape::UnknownRank(), ValueKind::kSequence};
  return {};
}

Status InferConstruct(const NodeView& node, std::span<const InferInput> inputs,
                      std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, inputs.size()));
  Shape shape = inputs[0].shape;
  for (size_t i = 0; i < inputs.size(); ++i) {
    TENON_RETURN_IF_ERROR(Want(node, inputs, static_cast<int>(i), ValueKind::kTensor));
    shape = Common(shape, inputs[i].shape);
  }
  outputs[0] = {inputs[0].type, shape, ValueKind::kSequence};
  return {};
}

Status InferInsert(const NodeView& node, std::span<const InferInput> inputs,
                   std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(Want(node, inputs, 0, ValueKind::kSequence));
  TENON_RETURN_IF_ERROR(Want(node, inputs, 1, ValueKind::kTensor));
  TENON_RETURN_IF_ERROR(WantType(node, inputs[1].type, inputs[0].type));
  const bool known = inputs[0].type != DataType::kUndefined;
  outputs[0] = {known ? inputs[0].type : inputs[1].type, Shape::UnknownRank(),
                ValueKind::kSequence};
  return {};
}

Status InferErase(const NodeView& node, std::span<const InferInput> inputs,
                  std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(Want(node, inputs, 0, ValueKind::kSequence));
  outputs[0] = {inputs[0].type, inputs[0].shape, ValueKind::kSequence};
  return {};
}

Status InferAt(const NodeView& node, std::span<const InferInput> inputs,
               std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(Want(node, inputs, 0, ValueKind::kSequence));
  outputs[0] = {inputs[0].type, inputs[0].shape};
  return {};
}

Status InferLength(const NodeView& node, std::span<const InferInput> inputs,
                   std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(Want(node, inputs, 0, ValueKind::kSequence));
  outputs[0] = {DataType::kInt64, Shape{}};
  return {};
}

Status InferSplit(const NodeView& node, std::span<const InferInput> inputs,
                  std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(Want(node, inputs, 0, ValueKind::kTensor));
  TENON_RETURN_IF_ERROR(IndexType(node, inputs, 1));
  Shape shape = inputs[0].shape;
  if (shape.has_rank()) {
    int axis = 0;
    TENON_RETURN_IF_ERROR(NormalizeAxis(node, node.Int("axis", 0), shape.rank(), axis));
    const bool drops = !Has(inputs, 1) && node.Int("keepdims", 1) == 0;
    if (drops) {
      for (int i = axis; i + 1 < shape.rank(); ++i) shape[i] = shape[i + 1];
      shape.Resize(shape.rank() - 1);
    } else {
      shape[axis] = Has(inputs, 1) ? kUnknownDim : 1;
    }
  }
  outputs[0] = {inputs[0].type, shape, ValueKind::kSequence};
  return {};
}

Status InferConcat(const NodeView& node, std::span<const InferInput> inputs,
                   std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(Want(node, inputs, 0, ValueKind::kSequence));
  Shape shape = inputs[0].shape;
  if (shape.has_rank()) {
    const bool adds = node.Int("new_axis", 0) != 0;
    if (adds && shape.rank() == kMaxRank) return Unsupported(node, "its result has rank 9");
    int axis = 0;
    TENON_RETURN_IF_ERROR(
        NormalizeAxis(node, node.Int("axis", 0), shape.rank() + (adds ? 1 : 0), axis));
    if (adds) {
      shape.Append(kUnknownDim);
      for (int i = shape.rank() - 1; i > axis; --i) shape[i] = shape[i - 1];
    }
    shape[axis] = kUnknownDim;
  }
  outputs[0] = {inputs[0].type, shape};
  return {};
}

// Without an element its type is an attribute: {kind, element type}.
Status InferOptional(const NodeView& node, std::span<const InferInput> inputs,
                     std::span<InferOutput> outputs) {
  if (!Has(inputs, 0)) {
    const auto type = node.Ints("type");
    if (type.size() != 2) return Invalid(node, "it needs an input or the attribute type");
    const bool sequence = type[0] == static_cast<int64_t>(ValueKind::kSequence);
    outputs[0] = {DataTypeOf(type[1]), Shape::UnknownRank(),
                  sequence ? ValueKind::kOptionalSequence : ValueKind::kOptional};
    return {};
  }
  const bool sequence = inputs[0].kind == ValueKind::kSequence;
  if (!sequence) TENON_RETURN_IF_ERROR(Want(node, inputs, 0, ValueKind::kTensor));
  outputs[0] = {inputs[0].type, inputs[0].shape,
                sequence ? ValueKind::kOptionalSequence : ValueKind::kOptional};
  return {};
}

Status InferElement(const NodeView&, std::span<const InferInput> inputs,
                    std::span<InferOutput> outputs) {
  const ValueKind kind = inputs[0].kind;
  const bool sequence = kind == ValueKind::kSequence || kind == ValueKind::kOptionalSequence;
  outputs[0] = {inputs[0].type, inputs[0].shape,
                sequence ? ValueKind::kSequence : ValueKind::kTensor};
  return {};
}

Status InferHasElement(const NodeView&, std::span<const InferInput>,
                       std::span<InferOutput> outputs) {
  outputs[0] = {DataType::kBool, Shape{}};
  return {};
}

constexpr Revision kHasElement[] = {Since(15), Since(18, Unchanged, Unchanged)};
constexpr Operator kRows[] = {
    Define<InferEmpty, Arity{0, 0}, kOnce<11>>(
        {.name = "SequenceEmpty", .cost = NoCost, .flags = kOnHost}),
    Define<InferConstruct, Arity{1, kVariadic}, kOnce<11>>(
        {.name = "SequenceConstruct", .cost = CopyCost, .flags = kOnHost}),
    Define<InferInsert, Arity{2, 3}, kOnce<11>>(
        {.name = "SequenceInsert", .cost = CopyCost, .flags = kOnHost}),
    Define<InferErase, Arity{1, 2}, kOnce<11>>(
        {.name = "SequenceErase", .cost = NoCost, .flags = kOnHost}),
    Define<InferAt, Arity{2, 2}, kOnce<11>>(
        {.name = "SequenceAt", .cost = CopyCost, .flags = kOnHost}),
    Define<InferLength, Arity{1, 1}, kOnce<11>>(
        {.name = "SequenceLength", .cost = NoCost, .flags = kOnHost}),
    Define<InferSplit, Arity{1, 2}, kOnce<11>>(
        {.name = "SplitToSequence", .cost = CopyCost, .flags = kOnHost}),
    Define<InferConcat, Arity{1, 1}, kOnce<11>>(
        {.name = "ConcatFromSequence", .cost = CopyCost, .flags = kOnHost}),
    Define<InferOptional, Arity{0, 1}, kOnce<15>>(
        {.name = "Optional", .cost = NoCost, .flags = kOnHost}),
    Define<InferElement, Arity{1, 1}, kHasElement>(
        {.name = "OptionalGetElement", .cost = CopyCost, .flags = kOnHost}),
    Define<InferHasElement, Arity{0, 1}, kHasElement>(
        {.name = "OptionalHasElement", .cost = NoCost, .flags = kOnHost}),
};

}  // namespace

Rows sequence_rows() { return kRows; }

}  // namespace tenon::operators
