// The number formats that quantised tensors are stored in: integers of 2 to 32 bits and floats of 4 and 8 bits, read and
// written as float32.
#pragma once

#include "support/types.h"

namespace tenon::operators {

struct NumberFormat {
  DataType type = DataType::kUndefined;
  bool integer = false;
  float least = 0, most = 0;  // of the finite values

  // A format that tensors are quantised to, or dequantised from (int32 too); type kUndefined where
  // there is none.
  static NumberFormat Of(DataType type);
};

// to[i] = element begin + i of `data`; also of float32, float16, bfloat16 and float8e8m0.
void DecodeNumbers(DataType type, const void* data, int64_t begin, int64_t count, float* to);

// Element begin + i of `data` = from[i]. Integers are written as they are: rounded and in range.
// Floats are rounded to nearest even; what is too large becomes the largest where `saturates`, else
// infinity or NaN. Elements that share a byte are written in order, by one thread.
void EncodeNumbers(DataType type, const float* from, int64_t count, bool saturates, void* data,
                   int64_t begin);

}  // namespace tenon::operators
