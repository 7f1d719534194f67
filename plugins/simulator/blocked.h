// The layout nChw4c: logical N,C,D1.. stored as N,ceil(C/4),D1..,4. The channels that fill the last
// block are zeros.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tenon/backend_api/backend.h"
#include "tenon/operators/tensor.h"

namespace tenon::simulator {

inline constexpr tenon_layout kBlocked = TENON_LAYOUT_OWN;
inline constexpr int64_t kBlock = 4;
extern const tenon_layout_info kBlockedInfo;

// Whether a tensor can have the layout: rank 3 and up, static, whole bytes.
bool HasBlockedLayout(DataType type, const Shape& shape);
// Bytes of a tensor in the layout; 0 where it cannot have it.
uint64_t BlockedBytes(DataType type, const Shape& shape);
// Between row-major and blocked; shape and type have the layout.
void ToBlocked(DataType type, const Shape& shape, const void* plain, void* blocked);
void FromBlocked(DataType type, const Shape& shape, const void* blocked, void* plain);

}  // namespace tenon::simulator
