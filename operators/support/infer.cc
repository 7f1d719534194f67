#include "support/infer.h"

#include <algorithm>
#include <cstring>

namespace tenon::operators {

void AppendPart(std::string& text, std::string_view part) { text += part; }
void AppendPart(std::string& text, int64_t part) {
  if (part == kUnknownDim) {
    text += '?';
  } else if (part < 0) {
    text.append(1, 's').append(std::to_string(SymbolId(part)));
  } else {
    text += std::to_string(part);
  }
}
void AppendPart(std::string& text, const Shape& part) { text += part.ToString(); }
void AppendPart(std::string& text, DataType part) { text += DataTypeName(part); }

Status CheckArity(const NodeView& node, Arity arity, std::span<const InferInput> inputs,
                  size_t outputs) {
  // Of a list each part is there; lists of operators that need no input are those of subgraphs.
  const bool list = arity.max_inputs == kVariadic && arity.min_inputs > 0;
  const size_t needed = list ? std::max<size_t>(arity.min_inputs, inputs.size()) : arity.min_inputs;
  for (size_t i = 0; i < needed; ++i) {
    if (!Has(inputs, i)) return Invalid(node, "input ", static_cast<int>(i), " is missing");
  }
  if (inputs.size() > arity.max_inputs && arity.max_inputs != kVariadic) {
    return Invalid(node, "has ", static_cast<int>(inputs.size()), " inputs (expected at most ",
                   int{arity.max_inputs}, ")");
  }
  if (outputs < arity.min_outputs ||
      (outputs > arity.max_outputs && arity.max_outputs != kVariadic)) {
    return Invalid(node, "has ", static_cast<int>(outputs), " outputs (expected ",
                   int{arity.min_outputs}, " to ", int{arity.max_outputs}, ")");
  }
  return {};
}

Status CheckSizes(const NodeView& node, std::span<const InferOutput> outputs) {
  for (const InferOutput& output : outputs) {
    if (!FitsMemory(output.shape))
      return Invalid(node, "the output's shape ", output.shape, " is larger than any memory");
  }
  return {};
}

bool BroadcastShape(const Shape& other, Shape& result) {
  if (!result.has_rank()) return true;
  if (!other.has_rank()) {
    result = other;
    return true;
  }
  if (other.rank() > result.rank()) {
    Shape wider = other;
    if (!BroadcastShape(result, wider)) return false;
    result = wider;
    return true;
  }
  const int lead = result.rank() - other.rank();
  for (int i = 0; i < other.rank(); ++i) {
    if (!BroadcastDim(result[lead + i], other[i], result[lead + i])) return false;
  }
  return true;
}

Status BroadcastInputs(const NodeView& node, std::span<const InferInput> inputs, size_t first,
                       size_t last, Shape& result) {
  result = inputs[first].shape;
  for (size_t i = first + 1; i < last; ++i) {
    const InferInput& input = inputs[i];
    if (!input.present) return Invalid(node, "input ", static_cast<int>(i), " is missing");
    if (!BroadcastShape(input.shape, result)) {
      return Invalid(node, "input ", static_cast<int>(i), " has shape ", input.shape,
                     ", which does not broadcast with ", result,
                     " (expected equal dimensions or 1, from the last on)");
    }
  }
  return {};
}

Status NormalizeAxis(const NodeView& node, int64_t axis, int rank, int& normalized) {
  if (axis < -rank || axis >= rank) {
    return Invalid(node, "axis ", std::to_string(axis), " is out of range (expected ",
                   std::to_string(-rank), " to ", rank - 1, ")");
  }
  normalized = static_cast<int>(axis < 0 ? axis + rank : axis);
  return {};
}

Status SameTypes(const NodeView& node, std::span<const InferInput> inputs, size_t first,
                 size_t last) {
  for (size_t i = first + 1; i < last; ++i) {
    if (inputs[i].type == DataType::kUndefined) continue;
    if (inputs[first].type == DataType::kUndefined) {
      first = i;
    } else if (inputs[i].type != inputs[first].type) {
      return Invalid(node, "input ", static_cast<int>(i), " is ", inputs[i].type, " (expected ",
                     inputs[first].type, " as input ", static_cast<int>(first), ")");
    }
  }
  return {};
}

Status OneOf(const NodeView& node, std::span<const InferInput> inputs, size_t index,
             std::initializer_list<DataType> types) {
  if (!Has(inputs, index) || std::ranges::find(types, inputs[index].type) != types.end()) return {};
  std::string names;
  for (const DataType& type : types) {
    if (&type != types.begin()) names += &type + 1 == types.end() ? " or " : ", ";
    names += DataTypeName(type);
  }
  return Invalid(node, "input ", static_cast<int>(index), " is ", inputs[index].type, " (expected ",
                 names, ")");
}

Status SameTypes(const NodeView& node, std::span<const InferInput> inputs,
                 std::initializer_list<size_t> which) {
  const InferInput* first = nullptr;
  for (const size_t i : which) {
    if (first == nullptr && Has(inputs, i)) first = &inputs[i];
    if (first != nullptr) TENON_RETURN_IF_ERROR(OneOf(node, inputs, i, {first->type}));
  }
  return {};
}

Status FloatTypes(const NodeView& node, std::span<const InferInput> inputs, size_t first,
                  size_t last) {
  for (size_t i = first; i < std::min(last, inputs.size()); ++i) {
    if (inputs[i].type == DataType::kUndefined) continue;
    TENON_RETURN_IF_ERROR(
        OneOf(node, inputs, i,
              {DataType::kFloat16, DataType::kBfloat16, DataType::kFloat32, DataType::kFloat64}));
  }
  return {};
}

Status IndexType(const NodeView& node, std::span<const InferInput> inputs, size_t index) {
  return OneOf(node, inputs, index, {DataType::kInt32, DataType::kInt64});
}

int64_t IntAt(const TensorView& tensor, int64_t index) {
  return tensor.type == DataType::kInt32 ? tensor.as<const int32_t>()[index]
                                         : tensor.as<const int64_t>()[index];
}

Status ReadInts(const NodeView& node, std::span<const InferInput> inputs, int index,
                std::string_view name, SmallInts& values, Known& known) {
  values.count = 0;
  known = Known::kAbsent;
  const auto position = static_cast<size_t>(index);
  if (index >= 0 && Has(inputs, position)) {
    const InferInput& input = inputs[position];
    if (input.type != DataType::kInt64 && input.type != DataType::kInt32) {
      return Invalid(node, name, " is ", input.type, " (expected int64)");
    }
    if (input.shape.rank() > 1)
      return Invalid(node, name, " has shape ", input.shape, " (expected a vector)");
    known = Known::kUnknown;
    const int64_t count = input.shape.ElementCount();
    if (count > static_cast<int64_t>(values.data.size())) {
      return Invalid(node, name, " has ", count, " elements (expected at most ", kMaxRank,
                     " dimensions)");
    }
    const bool given = input.value != nullptr && input.value->data != nullptr;
    if (count < 0 || (count > 0 && !given)) return {};
    known = Known::kKnown;  // also where there is nothing to know
    values.count = static_cast<int>(count);
    for (int i = 0; i < values.count; ++i) values[i] = IntAt(*input.value, i);
    return {};
  }
  const AttributeView* attribute = node.Find(name);
  if (attribute == nullptr) return {};
  known = Known::kKnown;
  if (attribute->kind == AttributeView::Kind::kInt) {
    values[0] = attribute->i;
    values.count = 1;
    return {};
  }
  if (attribute->ints.size() > values.data.size()) {
    return Invalid(node, name, " has ", static_cast<int>(attribute->ints.size()),
                   " elements (expected at most ", kMaxRank, " dimensions)");
  }
  std::ranges::copy(attribute->ints, values.data.begin());
  values.count = static_cast<int>(attribute->ints.size());
  return {};
}

bool MultiplyDims(std::span<const int64_t> dims, int64_t& product) {
  product = 1;
  bool unknown = false;
  for (const int64_t dim : dims) {
    if (dim == 0) return product = 0, true;
    if (dim < 0) {
      unknown = true;
    } else if (__builtin_mul_overflow(product, dim, &product)) {
      return false;
    }
  }
  if (unknown) product = dims.size() == 1 ? dims[0] : kUnknownDim;
  return true;
}

Status InferSame(const NodeView&, std::span<const InferInput> inputs,
                 std::span<InferOutput> outputs) {
  outputs[0].type = inputs[0].type;
  outputs[0].shape = inputs[0].shape;
  return {};
}

double ArgumentBytes(std::span<const InferInput> inputs, std::span<const InferOutput> outputs) {
  double bytes = 0;
  for (const InferInput& input : inputs) {
    if (input.present && input.shape.IsStatic()) {
      bytes += static_cast<double>(input.shape.ElementCount()) * BitWidth(input.type) / 8;
    }
  }
  for (const InferOutput& output : outputs) {
    if (output.shape.IsStatic()) {
      bytes += static_cast<double>(output.shape.ElementCount()) * BitWidth(output.type) / 8;
    }
  }
  return bytes;
}

Cost CopyCost(const NodeView&, std::span<const InferInput> inputs,
              std::span<const InferOutput> outputs) {
  return CostOf(0, inputs, outputs);
}
Cost NoCost(const NodeView&, std::span<const InferInput>, std::span<const InferOutput>) {
  return {};
}
Cost InputElementCost(const NodeView&, std::span<const InferInput> inputs,
                      std::span<const InferOutput> outputs) {
  return CostOf(static_cast<double>(inputs[0].shape.ElementCount()), inputs, outputs);
}

}  // namespace tenon::operators
