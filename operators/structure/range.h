// How many elements Range makes, from its three scalars.
#pragma once

#include "support/infer.h"

namespace tenon::operators {

// -1 where delta is 0 or the count does not fit.
int64_t RangeCount(DataType type, const void* start, const void* limit, const void* delta);

}  // namespace tenon::operators
