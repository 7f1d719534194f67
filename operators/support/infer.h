// What shape functions share: errors, dimension algebra with symbols, reading axes and small
// integer inputs.
#pragma once

#include <array>
#include <initializer_list>

#include "tenon/operators/operator.h"

namespace tenon::operators {

void AppendPart(std::string& text, std::string_view part);
void AppendPart(std::string& text, int64_t part);
void AppendPart(std::string& text, const Shape& part);
void AppendPart(std::string& text, DataType part);
inline void AppendPart(std::string& text, int part) {
  AppendPart(text, static_cast<int64_t>(part));
}
inline void AppendPart(std::string& text, const char* part) {
  AppendPart(text, std::string_view(part));
}

// A kInvalidArgument about `node`, its message put together from strings, numbers, shapes and
// types.
template <typename... Parts>
[[gnu::cold, gnu::noinline]] Status Invalid(const NodeView& node, const Parts&... parts) {
  std::string text;
  (AppendPart(text, parts), ...);
  return node.Error(Code::kInvalidArgument, text);
}
template <typename... Parts>
[[gnu::cold, gnu::noinline]] Status Unsupported(const NodeView& node, const Parts&... parts) {
  std::string text;
  (AppendPart(text, parts), ...);
  return node.Error(Code::kUnsupported, text);
}

Status CheckArity(const NodeView& node, Arity arity, std::span<const InferInput> inputs,
                  size_t outputs);
// Refuses outputs whose bytes would not fit 63 bits.
Status CheckSizes(const NodeView& node, std::span<const InferOutput> outputs);

inline bool Has(std::span<const InferInput> inputs, size_t index) {
  return index < inputs.size() && inputs[index].present;
}

// The dimension that two equal dimensions have; false where both are sizes and differ.
inline bool MergeDim(int64_t a, int64_t b, int64_t& merged) {
  if (a == b || b == kUnknownDim) return merged = a, true;
  if (a == kUnknownDim) return merged = b, true;
  if (a >= 0 && b >= 0) return false;
  merged = a > b ? a : b;  // a size before a symbol, the older symbol before the newer
  return true;
}

// One dimension of a broadcast result; false where it can't be.
inline bool BroadcastDim(int64_t a, int64_t b, int64_t& result) {
  if (a == b || b == 1) return result = a, true;
  if (a == 1) return result = b, true;
  if (a >= 0 && b >= 0) return false;
  result = a >= 0   ? a
           : b >= 0 ? b
                    : kUnknownDim;  // a size other than 1 wins over what is not known
  return true;
}
// result = broadcast of result and other, from the last dimension; false where they don't fit.
bool BroadcastShape(const Shape& other, Shape& result);
// All inputs in [first, last) broadcast, or an error that names the two that don't fit.
Status BroadcastInputs(const NodeView& node, std::span<const InferInput> inputs, size_t first,
                       size_t last, Shape& result);

// The axis in [0, rank), or an error.
Status NormalizeAxis(const NodeView& node, int64_t axis, int rank, int& normalized);
// All of inputs [first, last) have one element type, but those whose type is not known yet.
Status SameTypes(const NodeView& node, std::span<const InferInput> inputs, size_t first,
                 size_t last);
// Those of inputs `which` that are present have one element type.
Status SameTypes(const NodeView& node, std::span<const InferInput> inputs,
                 std::initializer_list<size_t> which);
// Input `index` is absent or of one of these types.
Status OneOf(const NodeView& node, std::span<const InferInput> inputs, size_t index,
             std::initializer_list<DataType> types);
// Each of inputs [first, last) is a float of 16 bits or more, of any type, or not known yet.
Status FloatTypes(const NodeView& node, std::span<const InferInput> inputs, size_t first,
                  size_t last);
// Input `index` is absent, int32 or int64: indices, sizes, labels.
Status IndexType(const NodeView& node, std::span<const InferInput> inputs, size_t index);

// Up to kMaxRank (twice, for pads) small integers, in place.
struct SmallInts {
  std::array<int64_t, 2 * kMaxRank> data{};
  int count = 0;
  std::span<const int64_t> span() const { return {data.data(), static_cast<size_t>(count)}; }
  int64_t operator[](int index) const { return data[static_cast<size_t>(index)]; }
  int64_t& operator[](int index) { return data[static_cast<size_t>(index)]; }
};
enum class Known { kAbsent, kUnknown, kKnown };
// Integers that are an attribute in old revisions and an input in new ones. `index` < 0: never an
// input. `known` is kUnknown where the input is there but its contents are not.
Status ReadInts(const NodeView& node, std::span<const InferInput> inputs, int index,
                std::string_view name, SmallInts& values, Known& known);
// Element `index` of an int32 or int64 tensor.
int64_t IntAt(const TensorView& tensor, int64_t index);

// A dimension product with overflow giving false; unknown where one is unknown (and none is 0).
bool MultiplyDims(std::span<const int64_t> dims, int64_t& product);

// Shape functions that many operators use.
Status InferSame(const NodeView& node, std::span<const InferInput> inputs,
                 std::span<InferOutput> outputs);

// Sum of the bytes of all arguments.
double ArgumentBytes(std::span<const InferInput> inputs, std::span<const InferOutput> outputs);
// A cost with the arguments' bytes.
inline Cost CostOf(double flops, std::span<const InferInput> inputs,
                   std::span<const InferOutput> outputs) {
  return {flops, ArgumentBytes(inputs, outputs)};
}
// Cost functions: no arithmetic; nothing at all (views and shapes).
Cost CopyCost(const NodeView& node, std::span<const InferInput> inputs,
              std::span<const InferOutput> outputs);
Cost NoCost(const NodeView& node, std::span<const InferInput> inputs,
            std::span<const InferOutput> outputs);
// One FLOP an input element.
Cost InputElementCost(const NodeView& node, std::span<const InferInput> inputs,
                      std::span<const InferOutput> outputs);

}  // namespace tenon::operators
