// Philox 4x32-10: 128 random bits for each counter, so that elements are drawn in any order (Salmon
// et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
#pragma once

#include <array>
#include <cstdint>

namespace tenon::operators {

using PhiloxWords = std::array<uint32_t, 4>;

inline PhiloxWords Philox(uint64_t key, PhiloxWords counter) {
  auto low = static_cast<uint32_t>(key), high = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * counter[0], b = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ low, static_cast<uint32_t>(b),
               static_cast<uint32_t>(a >> 32) ^ counter[3] ^ high, static_cast<uint32_t>(a)};
    low += 0x9E3779B9;
    high += 0xBB67AE85;
  }
  return counter;
}

// Two of 64 bits for each index.
inline std::array<uint64_t, 2> RandomBits(uint64_t key, uint64_t index) {
  const PhiloxWords words =
      Philox(key, {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), 0, 0});
  return {words[0] | uint64_t{words[1]} << 32, words[2] | uint64_t{words[3]} << 32};
}

// In [0, 1), a multiple of 2^-bits.
inline double UniformOf(uint64_t random, int bits) {
  return static_cast<double>(random >> (64 - bits)) / static_cast<double>(uint64_t{1} << bits);
}

}  // namespace tenon::operators
