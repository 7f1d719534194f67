// A digest of bytes that is as fast as memory: finds damage and tells contents apart, but no attack.
#pragma once

#include <cstdint>
#include <string_view>

namespace tenon::backend {

// XXH64 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md). Chained, Digest(b, Digest(a)),
// it is a digest of both.
uint64_t Digest(std::string_view bytes, uint64_t seed = 0);

}  // namespace tenon::backend
