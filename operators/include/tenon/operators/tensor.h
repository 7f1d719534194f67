// Plain views of tensors and nodes, through which operators are told about a graph. Views own
// nothing; whoever makes one keeps what it points to alive for the call. No protobuf, no graph
// classes, no ABI types.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tenon/operators/status.h"

namespace tenon {

// Element types. Numbers are those of ONNX's TensorProto.DataType and of `tenon_dtype` in
// backend.h.
enum class DataType : uint8_t {
  kUndefined = 0,
  kFloat32 = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kFloat64 = 11,
  kUint32 = 12,
  kUint64 = 13,
  kComplex64 = 14,
  kComplex128 = 15,
  kBfloat16 = 16,
  kFloat8E4M3FN = 17,
  kFloat8E4M3FNUZ = 18,
  kFloat8E5M2 = 19,
  kFloat8E5M2FNUZ = 20,
  kUint4 = 21,
  kInt4 = 22,
  kFloat4E2M1 = 23,
  kFloat8E8M0 = 24,
  kUint2 = 25,
  kInt2 = 26,
};

// What a value is. A sequence holds tensors of one element type, an optional at most one tensor or
// sequence; the element type is then that of the tensors within.
enum class ValueKind : uint8_t { kTensor, kSequence, kOptional, kOptionalSequence };
std::string_view ValueKindName(ValueKind kind);  // "tensor"

std::string_view DataTypeName(DataType type);  // "float32"; "undefined" for unknown numbers
// The element type with this number, as a model or a backend wrote it; kUndefined where there is none.
DataType DataTypeOf(int64_t number);
// Bits of one element as stored: 4 for int4, 8 for bool; 0 for string and unknown types.
uint32_t BitWidth(DataType type);

// A dimension: >= 0 is a size; -1 is unknown and equal to nothing, not even itself; <= -2 is a
// symbol of the graph (SymbolDim(id), SymbolId(dim)), equal to itself wherever it appears.
inline constexpr int64_t kUnknownDim = -1;
inline constexpr int64_t SymbolDim(uint32_t id) { return -2 - static_cast<int64_t>(id); }
inline constexpr uint32_t SymbolId(int64_t dim) { return static_cast<uint32_t>(-2 - dim); }

// Largest rank that Tenon accepts; models with more are refused when imported.
inline constexpr int kMaxRank = 8;

// Sizes of up to kMaxRank dimensions, held in place: a Shape is copied without allocation.
class Shape {
 public:
  Shape() = default;  // rank 0, a scalar
  explicit Shape(std::span<const int64_t> dims) { Assign(dims); }
  Shape(std::initializer_list<int64_t> dims) { Assign({dims.begin(), dims.size()}); }
  static Shape UnknownRank() {
    Shape s;
    s.rank_ = -1;
    return s;
  }

  bool has_rank() const { return rank_ >= 0; }
  int rank() const { return rank_; }  // -1 where the rank is unknown
  std::span<const int64_t> dims() const {
    return {dims_.data(), static_cast<size_t>(rank_ < 0 ? 0 : rank_)};
  }
  int64_t operator[](int axis) const { return dims_[static_cast<size_t>(axis)]; }
  int64_t& operator[](int axis) { return dims_[static_cast<size_t>(axis)]; }
  void Append(int64_t dim) {
    dims_[static_cast<size_t>(rank_++)] = dim;
  }  // requires rank() < kMaxRank
  void Resize(int rank) { rank_ = static_cast<int8_t>(rank); }
  bool IsStatic() const;  // rank known and every dimension >= 0
  // Number of elements; kUnknownDim unless static. Static shapes that overflow int64 are refused
  // before they get here.
  int64_t ElementCount() const;
  friend bool operator==(const Shape& a,
                         const Shape& b);  // representation equality: unknown equals unknown
  std::string ToString() const;            // "[1, 3, ?, s0]"

 private:
  void Assign(std::span<const int64_t> dims);
  std::array<int64_t, kMaxRank> dims_{};
  int8_t rank_ = 0;
};

// Product of non-negative dims with overflow check, or kInvalidArgument.
Result<int64_t> CheckedElementCount(std::span<const int64_t> dims);
// Whether a dense tensor of the widest element could have this shape. Zero and what is not known
// count as one: a view of an empty tensor must not become huge, and strides must not overflow.
bool FitsMemory(const Shape& shape);
// Bytes of `count` elements, packed (sub-byte types low bits first), or kInvalidArgument on
// overflow.
Result<int64_t> CheckedByteSize(DataType type, int64_t count);

// A dense row-major tensor in host memory. `data` is null only where the view says nothing about
// contents.
struct TensorView {
  DataType type = DataType::kUndefined;
  Shape shape;
  void* data = nullptr;

  template <typename T>
  T* as() const {
    return static_cast<T*>(data);
  }
};

// One attribute of a node, in one of ONNX's kinds. Graph attributes are seen by the runtime only.
struct AttributeView {
  enum class Kind : uint8_t { kInt, kFloat, kString, kInts, kFloats, kStrings, kTensor };
  std::string_view name;
  Kind kind = Kind::kInt;
  int64_t i = 0;
  float f = 0;
  std::string_view s;
  std::span<const int64_t> ints;
  std::span<const float> floats;
  std::span<const std::string> strings;
  TensorView tensor;
};

// What a node is, without its edges. `name` is for messages.
struct NodeView {
  std::string_view domain;  // "" is ONNX's own
  std::string_view op;
  std::string_view name;
  int revision = 1;  // semantic revision
  std::span<const AttributeView> attributes;

  const AttributeView* Find(std::string_view attribute) const;
  int64_t Int(std::string_view attribute, int64_t otherwise) const;
  float Float(std::string_view attribute, float otherwise) const;
  std::string_view String(std::string_view attribute, std::string_view otherwise) const;
  std::span<const int64_t> Ints(std::string_view attribute) const;  // empty where absent
  // An error about this node: `Conv "conv1": <what>`.
  Status Error(Code code, std::string_view what) const;
};

}  // namespace tenon
