// The inner loops that are compiled once per instruction set, and the choice between them.
#pragma once

#include <cstdint>

namespace tenon::operators {

inline constexpr int64_t kGemmPanel = 16;    // columns of b that lie together
inline constexpr int64_t kGemmColumns = 64;  // columns of a tile
inline constexpr int64_t kGemmRows = 192;    // rows of a tile
inline constexpr int64_t kGemmDepth = 256;   // depth of a block

// c [rows, columns] (rows kGemmColumns apart) = or += a [rows, depth] times b.
struct GemmBlock {
  const float* a;
  int64_t row_stride, depth_stride;  // of a
  int64_t rows, columns, depth;
  const float* b;  // panels [depth][kGemmPanel], one after the other
  float* c;
  bool first;  // c is written, not added to
};

// One row of a depthwise convolution: out[x] = bias + sum over taps of weights[t] * in[offsets[t] +
// x]. `in` is readable for kRowStep elements more.
struct DepthwiseRow {
  const float* in;
  const int64_t* offsets;
  const float* weights;
  int64_t taps;
  float bias;
  float* out;
  int64_t count;
};
inline constexpr int64_t kRowStep = 16;

struct VectorFunctions {
  void (*gemm_block)(const GemmBlock& block);
  void (*depthwise_row)(const DepthwiseRow& row);
};
extern const VectorFunctions kBaselineFunctions;
#if defined(__x86_64__)
extern const VectorFunctions kAvx2Functions;
#endif
// The fastest that this processor runs.
const VectorFunctions& ChooseVectorFunctions();

}  // namespace tenon::operators
