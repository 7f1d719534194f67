// Element types as C++ types, and dispatch over lists of them.
#pragma once

#include "tenon/operators/kernel.h"

namespace tenon::operators {

template <typename T>
inline constexpr DataType kTypeOf = DataType::kUndefined;
template <>
inline constexpr DataType kTypeOf<float> = DataType::kFloat32;
template <>
inline constexpr DataType kTypeOf<double> = DataType::kFloat64;
template <>
inline constexpr DataType kTypeOf<int8_t> = DataType::kInt8;
template <>
inline constexpr DataType kTypeOf<int16_t> = DataType::kInt16;
template <>
inline constexpr DataType kTypeOf<int32_t> = DataType::kInt32;
template <>
inline constexpr DataType kTypeOf<int64_t> = DataType::kInt64;
template <>
inline constexpr DataType kTypeOf<uint8_t> = DataType::kUint8;
template <>
inline constexpr DataType kTypeOf<uint16_t> = DataType::kUint16;
template <>
inline constexpr DataType kTypeOf<uint32_t> = DataType::kUint32;
template <>
inline constexpr DataType kTypeOf<uint64_t> = DataType::kUint64;
template <>
inline constexpr DataType kTypeOf<bool> = DataType::kBool;

template <typename... Ts>
struct TypeList {
  static constexpr uint64_t kMask = (uint64_t{0} | ... | Bit(kTypeOf<Ts>));
};
template <typename A, typename B>
struct Join;
template <typename... A, typename... B>
struct Join<TypeList<A...>, TypeList<B...>> {
  using Type = TypeList<A..., B...>;
};

using Float32 = TypeList<float>;
using Floats = TypeList<float, double>;
using SignedInts = TypeList<int8_t, int16_t, int32_t, int64_t>;
using UnsignedInts = TypeList<uint8_t, uint16_t, uint32_t, uint64_t>;
using Ints = Join<SignedInts, UnsignedInts>::Type;
using Signed = Join<Floats, SignedInts>::Type;
using Numbers = Join<Floats, Ints>::Type;
using NumbersAndBool = Join<Numbers, TypeList<bool>>::Type;
using Bools = TypeList<bool>;

// The types of List for which Part::kHas<T>: kernels of many types are compiled in parts, float32 fully optimised, the
// others (whose loops are many and seldom hot) cheaply.
template <typename Part, typename List>
struct Only;
template <typename Part>
struct Only<Part, TypeList<>> {
  using Type = TypeList<>;
};
template <typename Part, typename T, typename... Rest>
struct Only<Part, TypeList<T, Rest...>> {
  using Type = typename Join<std::conditional_t<Part::template kHas<T>, TypeList<T>, TypeList<>>,
                             typename Only<Part, TypeList<Rest...>>::Type>::Type;
};
struct Float32Part {
  template <typename T>
  static constexpr bool kHas = std::is_same_v<T, float>;
};
struct OtherPart {
  template <typename T>
  static constexpr bool kHas = !std::is_same_v<T, float>;
};

// Calls f.template operator()<T>() for the T of `list` that has `type`; otherwise() where none has.
template <typename F, typename G>
auto Dispatch(TypeList<>, DataType, F, G otherwise) -> decltype(otherwise()) {
  return otherwise();
}
template <typename T, typename... Rest, typename F, typename G>
auto Dispatch(TypeList<T, Rest...>, DataType type, F f, G otherwise) -> decltype(otherwise()) {
  if (type == kTypeOf<T>) return f.template operator()<T>();
  return Dispatch(TypeList<Rest...>{}, type, f, otherwise);
}

// Types that are moved and not computed with: by element width (strings and sub-byte types are not
// among them).
inline constexpr uint64_t kCopyable = [] {
  uint64_t mask = 0;
  for (const DataType type :
       {DataType::kFloat32, DataType::kUint8, DataType::kInt8, DataType::kUint16, DataType::kInt16,
        DataType::kInt32, DataType::kInt64, DataType::kBool, DataType::kFloat16, DataType::kFloat64,
        DataType::kUint32, DataType::kUint64, DataType::kComplex64, DataType::kBfloat16,
        DataType::kFloat8E4M3FN, DataType::kFloat8E4M3FNUZ, DataType::kFloat8E5M2,
        DataType::kFloat8E5M2FNUZ, DataType::kFloat8E8M0}) {
    mask |= Bit(type);
  }
  return mask;
}();

}  // namespace tenon::operators
