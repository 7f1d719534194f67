// What the host can do at most, measured: multiply-adds in registers, and reads from memory.
#pragma once

#include <cstdint>
#include <string>

namespace tenon::tools {

struct HostPeak {
  uint32_t threads = 0;
  std::string isa;        // of the loops: "AVX-512", "AVX2", "SSE2", "NEON", "plain"
  double gflops = 0;      // float32 GFLOP/s; a fused multiply-add counts as two
  double gbytes = 0;      // GB/s read
  uint64_t buffer_bytes;  // read by all threads together
};

// Method: `threads` threads of their own begin each round together, a round ends with the last of them, the best of the
// rounds counts. Arithmetic: 16 independent chains of fused multiply-adds in the widest registers that the processor has,
// so that neither latency nor memory holds them up. Memory: each thread reads a part of its own of a buffer that is four
// times the last cache but at most 256 MB; where that cache is larger than the buffer, it counts as memory. Kernels
// whose tensors are in a nearer cache can therefore exceed `gbytes`, and matrix units (AMX) `gflops`.
// Takes about `seconds`, and the buffer's memory meanwhile: note the process's peak memory before. Not thread-safe with
// anything that should be measured at the same time.
HostPeak MeasureHostPeak(uint32_t threads, double seconds = 0.3);

}  // namespace tenon::tools
