// C++ types and tenon_dtype, sets of types, and the types of a kernel's arguments.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>

#include "tenon/backend_api/backend.h"

namespace tenon::sdk {
inline namespace v0_1 {

// Element types that C++ has no type for; each is its bits.
struct Float16 {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};

// The tenon_dtype of T. A backend may specialise it for its own types.
template <typename T>
struct TypeOf;
#define TENON_SDK_TYPE(type, number)             \
  template <>                                    \
  struct TypeOf<type> {                          \
    static constexpr tenon_dtype dtype = number; \
  };
TENON_SDK_TYPE(float, TENON_FLOAT32)
TENON_SDK_TYPE(double, TENON_FLOAT64)
TENON_SDK_TYPE(uint8_t, TENON_UINT8)
TENON_SDK_TYPE(int8_t, TENON_INT8)
TENON_SDK_TYPE(uint16_t, TENON_UINT16)
TENON_SDK_TYPE(int16_t, TENON_INT16)
TENON_SDK_TYPE(uint32_t, TENON_UINT32)
TENON_SDK_TYPE(int32_t, TENON_INT32)
TENON_SDK_TYPE(uint64_t, TENON_UINT64)
TENON_SDK_TYPE(int64_t, TENON_INT64)
TENON_SDK_TYPE(bool, TENON_BOOL)
TENON_SDK_TYPE(Float16, TENON_FLOAT16)
TENON_SDK_TYPE(BFloat16, TENON_BFLOAT16)
#undef TENON_SDK_TYPE

// "float32"; "type 77" for numbers without a name here.
inline std::string DtypeName(tenon_dtype dtype) {
  static constexpr const char* kNames[] = {
      "undefined",      "float32",  "uint8",        "int8",           "uint16",
      "int16",          "int32",    "int64",        "string",         "bool",
      "float16",        "float64",  "uint32",       "uint64",         "complex64",
      "complex128",     "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
      "float8e5m2fnuz", "uint4",    "int4",         "float4e2m1",     "float8e8m0",
      "uint2",          "int2"};
  const bool known = dtype >= 0 && static_cast<size_t>(dtype) < std::size(kNames);
  return known ? kNames[dtype] : "type " + std::to_string(dtype);
}

// The set of the types named: Bits<float, double>.
template <typename... Ts>
inline constexpr tenon_dtypes Bits = (tenon_dtypes{0} | ... | TENON_DTYPE_BIT(TypeOf<Ts>::dtype));
inline constexpr tenon_dtypes kAnyType = ~tenon_dtypes{0};

// Up to N values held in place: what a row of a table says about its arguments.
template <typename T, size_t N>
struct List {
  std::array<T, N> values{};
  uint32_t count = 0;

  constexpr List() = default;
  constexpr List(std::initializer_list<T> items) {
    if (items.size() > N) throw "too many items";  // seen when the table is compiled
    for (const T& item : items) values[count++] = item;
  }
  constexpr const T* data() const { return count ? values.data() : nullptr; }
};

// The types that a kernel takes, by argument; the last one repeats, none on one side: any.
struct Signature {
  List<tenon_dtypes, 8> inputs;
  List<tenon_dtypes, 8> outputs;
};
// All arguments of type T.
template <typename T>
inline constexpr Signature Same{{Bits<T>}, {Bits<T>}};
// Arguments of any type: for a kernel that looks at dtype() itself, or at no element.
inline constexpr Signature AnyType{{kAnyType}, {kAnyType}};

}  // namespace v0_1
}  // namespace tenon::sdk
