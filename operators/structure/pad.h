// One axis of a Pad.
#pragma once

#include <cstdint>

namespace tenon::operators {

// The size with its pads, of which negative ones cut; false where there is no such size. `repeats`:
// the new elements are made of old ones.
inline bool PaddedSize(int64_t size, int64_t begin, int64_t end, bool repeats, int64_t& padded) {
  constexpr int64_t kFar = int64_t{1} << 62;  // positions can be computed up to there
  return begin >= -kFar && begin <= kFar && end >= -kFar && end <= kFar &&
         !__builtin_add_overflow(size, begin, &padded) &&
         !__builtin_add_overflow(padded, end, &padded) && padded >= 0 &&
         !(repeats && size == 0 && padded > 0);
}

}  // namespace tenon::operators
