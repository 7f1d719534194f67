// Which bits of an element say that it is not zero. NaN is not zero, minus zero is.
#pragma once

#include <cstdint>
#include <cstring>

#include "tenon/operators/tensor.h"

namespace tenon::operators {

struct NonZeroRule {
  uint64_t mask = ~uint64_t{0};  // of the element's bits: all 0 in a zero
  bool always = false;           // the type has no zero
};

inline constexpr NonZeroRule NonZeroRuleOf(DataType type) {
  switch (type) {
    case DataType::kFloat32:
      return {0x7fffffff};
    case DataType::kFloat64:
      return {0x7fffffffffffffff};
    case DataType::kFloat16:
    case DataType::kBfloat16:
      return {0x7fff};
    case DataType::kFloat8E4M3FN:
    case DataType::kFloat8E5M2:
      return {0x7f};
    case DataType::kFloat8E8M0:
      return {.always = true};
    case DataType::kComplex64:  // two float32
      return {0x7fffffff7fffffff};
    default:  // integers, bool, and the FNUZ types, in which minus zero is NaN
      return {};
  }
}

// Bits: the unsigned integer of the element's width.
template <typename Bits>
int64_t CountNonZero(const Bits* data, NonZeroRule rule, int64_t count) {
  if (rule.always) return count;
  const Bits mask = static_cast<Bits>(rule.mask);
  int64_t found = 0;
  for (int64_t i = 0; i < count; ++i) found += (data[i] & mask) != 0;
  return found;
}

}  // namespace tenon::operators
