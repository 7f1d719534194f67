#include "tenon/operators/tensor.h"

#include <algorithm>
#include <limits>

namespace tenon {
namespace {

struct TypeFacts {
  std::string_view name;
  uint32_t bits;
};

constexpr TypeFacts kTypes[] = {
    {"undefined", 0},      {"float32", 32},     {"uint8", 8},          {"int8", 8},
    {"uint16", 16},        {"int16", 16},       {"int32", 32},         {"int64", 64},
    {"string", 0},         {"bool", 8},         {"float16", 16},       {"float64", 64},
    {"uint32", 32},        {"uint64", 64},      {"complex64", 64},     {"complex128", 128},
    {"bfloat16", 16},      {"float8e4m3fn", 8}, {"float8e4m3fnuz", 8}, {"float8e5m2", 8},
    {"float8e5m2fnuz", 8}, {"uint4", 4},        {"int4", 4},           {"float4e2m1", 4},
    {"float8e8m0", 8},     {"uint2", 2},        {"int2", 2},
};

const TypeFacts& FactsOf(DataType type) {
  const auto index = static_cast<size_t>(type);
  return kTypes[index < std::size(kTypes) ? index : 0];
}

}  // namespace

std::string_view ValueKindName(ValueKind kind) {
  switch (kind) {
    case ValueKind::kTensor:
      return "tensor";
    case ValueKind::kSequence:
      return "sequence";
    case ValueKind::kOptional:
      return "optional tensor";
    case ValueKind::kOptionalSequence:
      return "optional sequence";
  }
  return "?";
}

std::string_view DataTypeName(DataType type) { return FactsOf(type).name; }
uint32_t BitWidth(DataType type) { return FactsOf(type).bits; }

DataType DataTypeOf(int64_t number) {
  const bool known = number > 0 && number < static_cast<int64_t>(std::size(kTypes));
  return known ? static_cast<DataType>(number) : DataType::kUndefined;
}

void Shape::Assign(std::span<const int64_t> dims) {
  assert(dims.size() <= kMaxRank);
  rank_ = static_cast<int8_t>(std::min<size_t>(dims.size(), kMaxRank));
  std::copy_n(dims.begin(), rank_, dims_.begin());
}

bool Shape::IsStatic() const {
  return has_rank() && std::ranges::all_of(dims(), [](int64_t dim) { return dim >= 0; });
}

int64_t Shape::ElementCount() const {
  if (!has_rank()) return kUnknownDim;
  int64_t count = 1;
  for (const int64_t dim : dims()) {
    if (dim < 0) return kUnknownDim;
    if (__builtin_mul_overflow(count, dim, &count)) count = std::numeric_limits<int64_t>::max();
  }
  return count;
}

bool operator==(const Shape& a, const Shape& b) {
  return a.rank_ == b.rank_ && std::ranges::equal(a.dims(), b.dims());
}

std::string Shape::ToString() const {
  if (!has_rank()) return "[...]";
  std::string text = "[";
  for (const int64_t dim : dims()) {
    if (text.size() > 1) text += ", ";
    if (dim >= 0) {
      text += std::to_string(dim);
    } else if (dim == kUnknownDim) {
      text += '?';
    } else {
      text.append(1, 's').append(std::to_string(SymbolId(dim)));
    }
  }
  return text += ']';
}

Result<int64_t> CheckedElementCount(std::span<const int64_t> dims) {
  // A zero anywhere makes the count zero, whatever the others multiply to.
  if (std::ranges::find(dims, 0) != dims.end()) return int64_t{0};
  int64_t count = 1;
  for (const int64_t dim : dims) {
    if (dim < 0)
      return Status(Code::kInvalidArgument, "dimension " + std::to_string(dim) + " is negative");
    if (__builtin_mul_overflow(count, dim, &count)) {
      return Status(Code::kInvalidArgument, "the product of the dimensions does not fit 64 bits");
    }
  }
  return count;
}

bool FitsMemory(const Shape& shape) {
  int64_t bytes = 16;  // the widest element
  return std::ranges::none_of(shape.dims(), [&](int64_t dim) {
    return dim > 1 && __builtin_mul_overflow(bytes, dim, &bytes);
  });
}

Result<int64_t> CheckedByteSize(DataType type, int64_t count) {
  const uint32_t bits = BitWidth(type);
  if (bits == 0 || count < 0) {
    return Status(Code::kInvalidArgument, std::to_string(count) + " elements of type " +
                                              std::string(DataTypeName(type)) +
                                              " have no size in bytes");
  }
  int64_t all = 0;
  if (bits < 8) {
    const int64_t per_byte = 8 / bits;
    return count / per_byte + (count % per_byte != 0);
  }
  if (__builtin_mul_overflow(count, static_cast<int64_t>(bits / 8), &all)) {
    return Status(Code::kInvalidArgument, std::to_string(count) + " elements of " +
                                              std::string(DataTypeName(type)) +
                                              " do not fit 64 bits");
  }
  return all;
}

const AttributeView* NodeView::Find(std::string_view attribute) const {
  for (const AttributeView& candidate : attributes) {
    if (candidate.name == attribute) return &candidate;
  }
  return nullptr;
}

int64_t NodeView::Int(std::string_view attribute, int64_t otherwise) const {
  const AttributeView* found = Find(attribute);
  return found && found->kind == AttributeView::Kind::kInt ? found->i : otherwise;
}

float NodeView::Float(std::string_view attribute, float otherwise) const {
  const AttributeView* found = Find(attribute);
  return found && found->kind == AttributeView::Kind::kFloat ? found->f : otherwise;
}

std::string_view NodeView::String(std::string_view attribute, std::string_view otherwise) const {
  const AttributeView* found = Find(attribute);
  return found && found->kind == AttributeView::Kind::kString ? found->s : otherwise;
}

std::span<const int64_t> NodeView::Ints(std::string_view attribute) const {
  const AttributeView* found = Find(attribute);
  return found && found->kind == AttributeView::Kind::kInts ? found->ints
                                                            : std::span<const int64_t>();
}

Status NodeView::Error(Code code, std::string_view what) const {
  std::string message(op);
  message.append(" \"").append(name).append("\": ").append(what);
  return Status(code, std::move(message));
}

}  // namespace tenon
