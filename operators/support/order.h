// A total order of numbers: NaN is larger than all others, and equal to itself.
#pragma once

namespace tenon::operators {

template <typename T>
inline bool IsLess(T a, T b) {
  return a < b || (a == a && b != b);
}
template <typename T>
inline int Compare(T a, T b) {
  return IsLess(a, b) ? -1 : IsLess(b, a) ? 1 : 0;
}

}  // namespace tenon::operators
