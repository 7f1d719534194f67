#include "quantization/number_format.h"

#include <bit>
#include <cmath>

#include "support/half.h"

namespace tenon::operators {
namespace {

// A float of up to 8 bits (Micikevicius et al., FP8 formats for deep learning, 2022; ONNX's float8 and float4 pages).
struct SmallFloat {
  int exponent_bits, mantissa_bits, bias;
  bool unsigned_zero;  // FNUZ: the code of minus zero is NaN, and there is no other
  bool infinities;
  uint32_t largest;  // the code of the largest finite value
  uint32_t nan;      // a code of NaN; 0 where there is none

  uint32_t sign() const { return 1u << (exponent_bits + mantissa_bits); }
};

const SmallFloat* SmallFloatOf(DataType type) {
  static constexpr SmallFloat kE4M3FN = {4, 3, 7, false, false, 0x7E, 0x7F};
  static constexpr SmallFloat kE4M3FNUZ = {4, 3, 8, true, false, 0x7F, 0x80};
  static constexpr SmallFloat kE5M2 = {5, 2, 15, false, true, 0x7B, 0x7F};
  static constexpr SmallFloat kE5M2FNUZ = {5, 2, 16, true, false, 0x7F, 0x80};
  static constexpr SmallFloat kE2M1 = {2, 1, 1, false, false, 0x7, 0};
  switch (type) {
    case DataType::kFloat8E4M3FN:
      return &kE4M3FN;
    case DataType::kFloat8E4M3FNUZ:
      return &kE4M3FNUZ;
    case DataType::kFloat8E5M2:
      return &kE5M2;
    case DataType::kFloat8E5M2FNUZ:
      return &kE5M2FNUZ;
    case DataType::kFloat4E2M1:
      return &kE2M1;
    default:
      return nullptr;
  }
}

float Decode(const SmallFloat& f, uint32_t code) {
  const uint32_t magnitude = code & (f.sign() - 1);
  if (f.unsigned_zero ? code == f.nan : f.nan != 0 && magnitude > f.largest) {
    const bool infinite = f.infinities && magnitude == f.largest + 1;
    if (!infinite) return std::numeric_limits<float>::quiet_NaN();
    return code & f.sign() ? -std::numeric_limits<float>::infinity()
                           : std::numeric_limits<float>::infinity();
  }
  const auto exponent = static_cast<int>(magnitude >> f.mantissa_bits);
  const uint32_t mantissa = magnitude & ((1u << f.mantissa_bits) - 1);
  const uint32_t whole = exponent == 0 ? mantissa : mantissa | 1u << f.mantissa_bits;
  const float value =
      std::ldexp(static_cast<float>(whole), std::max(exponent, 1) - f.bias - f.mantissa_bits);
  return code & f.sign() ? -value : value;
}

uint32_t Encode(const SmallFloat& f, float value, bool saturates) {
  const uint32_t sign = std::signbit(value) ? f.sign() : 0;
  if (value != value) return f.nan == 0 ? f.largest : f.unsigned_zero ? f.nan : sign | f.nan;
  const float size = std::fabs(value);
  uint32_t code = f.largest + 1;
  if (size <= 2 * Decode(f, f.largest)) {
    // A multiple of the distance between neighbours, the leading one counted into the exponent.
    const int exponent = size == 0 ? 1 - f.bias : std::max(std::ilogb(size), 1 - f.bias);
    const float steps = std::nearbyint(std::ldexp(size, f.mantissa_bits - exponent));
    code = (static_cast<uint32_t>(exponent + f.bias - 1) << f.mantissa_bits) +
           static_cast<uint32_t>(steps);
  }
  if (code > f.largest) {
    if (saturates || f.nan == 0) {
      code = f.largest;
    } else if (f.infinities) {
      code = f.largest + 1;
    } else {
      return f.unsigned_zero ? f.nan : sign | f.nan;
    }
  }
  return code == 0 && f.unsigned_zero ? 0 : sign | code;
}

template <typename T>
void DecodeAs(const void* data, int64_t begin, int64_t count, float* to) {
  const auto* from = static_cast<const T*>(data) + begin;
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]);
}
template <typename T>
void EncodeAs(const float* from, int64_t count, void* data, int64_t begin) {
  auto* to = static_cast<T*>(data) + begin;
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<T>(static_cast<int32_t>(from[i]));
}

uint32_t CodeAt(const void* data, int64_t index, uint32_t bits) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  if (bits == 8) return bytes[index];
  const auto each = static_cast<int64_t>(8 / bits);
  return bytes[index / each] >> (static_cast<uint32_t>(index % each) * bits) & ((1u << bits) - 1);
}
// The first element of a byte clears the others.
void SetCode(void* data, int64_t index, uint32_t bits, uint32_t code) {
  auto* bytes = static_cast<uint8_t*>(data);
  const auto each = static_cast<int64_t>(8 / bits);
  const auto shift = static_cast<uint32_t>(index % each) * bits;
  uint8_t& byte = bytes[index / each];
  byte = static_cast<uint8_t>((shift == 0 ? 0 : byte) | (code & ((1u << bits) - 1)) << shift);
}

// The values of all codes of up to 8 bits.
using Table = std::array<float, 256>;
Table MakeTable(DataType type) {
  Table table{};
  const uint32_t bits = BitWidth(type);
  const SmallFloat* f = SmallFloatOf(type);
  const bool is_signed = type == DataType::kInt4 || type == DataType::kInt2;
  for (uint32_t code = 0; code < 1u << bits; ++code) {
    auto value = static_cast<float>(code);
    if (f != nullptr) {
      value = Decode(*f, code);
    } else if (type == DataType::kFloat8E8M0) {
      value = code == 255 ? std::numeric_limits<float>::quiet_NaN()
                          : std::ldexp(1.0F, static_cast<int>(code) - 127);
    } else if (is_signed && (code >> (bits - 1)) != 0) {
      value = static_cast<float>(static_cast<int>(code) - (1 << bits));
    }
    table[code] = value;
  }
  return table;
}

const Table& TableOf(DataType type) {
  static const auto tables = [] {
    std::array<Table, 27> all{};
    for (size_t i = 0; i < all.size(); ++i) {
      const auto each = static_cast<DataType>(i);
      if (BitWidth(each) > 0 && BitWidth(each) <= 8) all[i] = MakeTable(each);
    }
    return all;
  }();
  return tables[static_cast<size_t>(type)];
}

}  // namespace

NumberFormat NumberFormat::Of(DataType type) {
  switch (type) {
    case DataType::kUint8:
      return {type, true, 0, 255};
    case DataType::kInt8:
      return {type, true, -128, 127};
    case DataType::kUint16:
      return {type, true, 0, 65535};
    case DataType::kInt16:
      return {type, true, -32768, 32767};
    case DataType::kInt32:
      return {type, true, -0x1p31F, 0x1p31F};
    case DataType::kUint4:
      return {type, true, 0, 15};
    case DataType::kInt4:
      return {type, true, -8, 7};
    case DataType::kUint2:
      return {type, true, 0, 3};
    case DataType::kInt2:
      return {type, true, -2, 1};
    default:
      break;
  }
  const SmallFloat* f = SmallFloatOf(type);
  if (f == nullptr) return {};
  const float most = Decode(*f, f->largest);
  return {type, false, -most, most};
}

void DecodeNumbers(DataType type, const void* data, int64_t begin, int64_t count, float* to) {
  switch (type) {
    case DataType::kFloat32:
      return DecodeAs<float>(data, begin, count, to);
    case DataType::kUint8:
      return DecodeAs<uint8_t>(data, begin, count, to);
    case DataType::kInt8:
      return DecodeAs<int8_t>(data, begin, count, to);
    case DataType::kUint16:
      return DecodeAs<uint16_t>(data, begin, count, to);
    case DataType::kInt16:
      return DecodeAs<int16_t>(data, begin, count, to);
    case DataType::kInt32:
      return DecodeAs<int32_t>(data, begin, count, to);
    case DataType::kFloat16:
      for (int64_t i = 0; i < count; ++i)
        to[i] = FloatFromHalf(static_cast<const uint16_t*>(data)[begin + i]);
      return;
    case DataType::kBfloat16:
      for (int64_t i = 0; i < count; ++i)
        to[i] = FloatFromBfloat16(static_cast<const uint16_t*>(data)[begin + i]);
      return;
    default: {
      const Table& table = TableOf(type);
      const uint32_t bits = BitWidth(type);
      for (int64_t i = 0; i < count; ++i) to[i] = table[CodeAt(data, begin + i, bits)];
    }
  }
}

void EncodeNumbers(DataType type, const float* from, int64_t count, bool saturates, void* data,
                   int64_t begin) {
  switch (type) {
    case DataType::kUint8:
      return EncodeAs<uint8_t>(from, count, data, begin);
    case DataType::kInt8:
      return EncodeAs<int8_t>(from, count, data, begin);
    case DataType::kUint16:
      return EncodeAs<uint16_t>(from, count, data, begin);
    case DataType::kInt16:
      return EncodeAs<int16_t>(from, count, data, begin);
    default:
      break;
  }
  const uint32_t bits = BitWidth(type);
  const SmallFloat* f = SmallFloatOf(type);
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t code = f != nullptr ? Encode(*f, from[i], saturates)
                                       : static_cast<uint32_t>(static_cast<int32_t>(from[i]));
    SetCode(data, begin + i, bits, code);
  }
}

}  // namespace tenon::operators
