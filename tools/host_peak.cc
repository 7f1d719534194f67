#include "host_peak.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "failure.h"

namespace tenon::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kChains = 16;
constexpr uint64_t kReadBytes = 256;  // that one turn of a read loop takes

// One instruction set: `multiply` does `turns` fused multiply-adds in each of kChains registers of `lanes` floats, `read`
// reads `bytes`, a multiple of kReadBytes. Both give a number that depends on all that they did.
struct Loops {
  const char* isa;
  int lanes;
  float (*multiply)(uint64_t turns);
  uint64_t (*read)(const std::byte* data, uint64_t bytes);
};

// x -> x * kShrink + kStep tends to 1: no chain ever gets subnormal or infinite.
constexpr float kShrink = 0.75F, kStep = 0.25F;

#if defined(__clang__)
#define TENON_UNROLL _Pragma("unroll")
#else
#define TENON_UNROLL _Pragma("GCC unroll 16")
#endif

// The body of both loops for one instruction set, whose operations are macros' arguments: functions of another
// instruction set can't be inlined into each other through templates.
#define TENON_MULTIPLY_LOOP(Register, Set1, MultiplyAdd, Add, Store)                       \
  Register chain[kChains];                                                                 \
  const Register shrink = Set1(kShrink), step = Set1(kStep);                               \
  for (int c = 0; c < kChains; ++c) chain[c] = Set1(0.5F + 0.01F * static_cast<float>(c)); \
  for (uint64_t t = 0; t < turns; ++t) {                                                   \
    TENON_UNROLL                                                                           \
    for (int c = 0; c < kChains; ++c) chain[c] = MultiplyAdd(chain[c], shrink, step);      \
  }                                                                                        \
  for (int c = 1; c < kChains; ++c) chain[0] = Add(chain[0], chain[c]);                    \
  float out[sizeof(Register) / sizeof(float)];                                             \
  Store(out, chain[0]);                                                                    \
  return out[0]

#define TENON_READ_LOOP(Register, Zero, Load, Xor, Store)                                        \
  Register sum[4] = {Zero(), Zero(), Zero(), Zero()};                                            \
  for (uint64_t at = 0; at < bytes; at += 4 * sizeof(Register)) {                                \
    for (size_t i = 0; i < 4; ++i) sum[i] = Xor(sum[i], Load(data + at + i * sizeof(Register))); \
  }                                                                                              \
  uint64_t out[sizeof(Register) / sizeof(uint64_t)];                                             \
  Store(out, Xor(Xor(sum[0], sum[1]), Xor(sum[2], sum[3])));                                     \
  uint64_t all = 0;                                                                              \
  for (const uint64_t part : out) all ^= part;                                                   \
  return all

#if defined(__x86_64__)
__attribute__((target("avx512f"))) float Multiply512(uint64_t turns) {
  TENON_MULTIPLY_LOOP(__m512, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_add_ps, _mm512_storeu_ps);
}
__attribute__((target("avx512f"))) uint64_t Read512(const std::byte* data, uint64_t bytes) {
  TENON_READ_LOOP(__m512i, _mm512_setzero_si512, _mm512_loadu_si512, _mm512_xor_si512,
                  _mm512_storeu_si512);
}
__attribute__((target("avx2,fma"))) float Multiply256(uint64_t turns) {
  TENON_MULTIPLY_LOOP(__m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_add_ps, _mm256_storeu_ps);
}
#define TENON_LOAD(at) _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at))
#define TENON_STORE(out, from) _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), from)
__attribute__((target("avx2,fma"))) uint64_t Read256(const std::byte* data, uint64_t bytes) {
  TENON_READ_LOOP(__m256i, _mm256_setzero_si256, TENON_LOAD, _mm256_xor_si256, TENON_STORE);
}
#undef TENON_LOAD
#undef TENON_STORE
#define TENON_MULTIPLY_ADD(x, by, plus) _mm_add_ps(_mm_mul_ps(x, by), plus)
float Multiply128(uint64_t turns) {
  TENON_MULTIPLY_LOOP(__m128, _mm_set1_ps, TENON_MULTIPLY_ADD, _mm_add_ps, _mm_storeu_ps);
}
#undef TENON_MULTIPLY_ADD
#define TENON_LOAD(at) _mm_loadu_si128(reinterpret_cast<const __m128i*>(at))
#define TENON_STORE(out, from) _mm_storeu_si128(reinterpret_cast<__m128i*>(out), from)
uint64_t Read128(const std::byte* data, uint64_t bytes) {
  TENON_READ_LOOP(__m128i, _mm_setzero_si128, TENON_LOAD, _mm_xor_si128, TENON_STORE);
}
#undef TENON_LOAD
#undef TENON_STORE

Loops Widest() {
  if (__builtin_cpu_supports("avx512f")) return {"AVX-512", 16, Multiply512, Read512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {"AVX2", 8, Multiply256, Read256};
  return {"SSE2", 4, Multiply128, Read128};
}
#elif defined(__aarch64__)
#define TENON_MULTIPLY_ADD(x, by, plus) vfmaq_f32(plus, x, by)
float MultiplyNeon(uint64_t turns) {
  TENON_MULTIPLY_LOOP(float32x4_t, vdupq_n_f32, TENON_MULTIPLY_ADD, vaddq_f32, vst1q_f32);
}
#undef TENON_MULTIPLY_ADD
#define TENON_ZERO() vdupq_n_u64(0)
#define TENON_LOAD(at) vld1q_u64(reinterpret_cast<const uint64_t*>(at))
uint64_t ReadNeon(const std::byte* data, uint64_t bytes) {
  TENON_READ_LOOP(uint64x2_t, TENON_ZERO, TENON_LOAD, veorq_u64, vst1q_u64);
}
#undef TENON_ZERO
#undef TENON_LOAD
Loops Widest() { return {"NEON", 4, MultiplyNeon, ReadNeon}; }
#else
float MultiplyPlain(uint64_t turns) {
  float chain[kChains];
  for (int c = 0; c < kChains; ++c) chain[c] = 0.5F + 0.01F * static_cast<float>(c);
  for (uint64_t t = 0; t < turns; ++t) {
    for (float& x : chain) x = x * kShrink + kStep;
  }
  float sum = 0;
  for (const float x : chain) sum += x;
  return sum;
}
uint64_t ReadPlain(const std::byte* data, uint64_t bytes) {
  uint64_t all = 0, word = 0;
  for (uint64_t at = 0; at < bytes; at += sizeof word) {
    std::memcpy(&word, data + at, sizeof word);
    all ^= word;
  }
  return all;
}
Loops Widest() { return {"plain", 1, MultiplyPlain, ReadPlain}; }
#endif

// Threads that begin each round together.
class Team {
 public:
  explicit Team(uint32_t threads) : threads_(threads), barrier_(threads) {
    try {
      for (uint32_t t = 1; t < threads; ++t) others_.emplace_back([this, t] { Follow(t); });
    } catch (const std::system_error& error) {
      for (size_t t = others_.size() + 1; t < threads; ++t) barrier_.arrive_and_drop();
      End();
      throw Failure(kBackendFailed, fmt::format("no thread {} of {} for the host's peak: {}",
                                                others_.size() + 2, threads, error.what()));
    }
  }
  ~Team() { End(); }
  // The time that work(thread) took, from the first to begin to the last to end.
  double Round(const std::function<void(uint32_t)>& work) {
    work_ = &work;
    barrier_.arrive_and_wait();
    const auto begin = Clock::now();
    work(0);
    barrier_.arrive_and_wait();
    return std::chrono::duration<double>(Clock::now() - begin).count();
  }
  // The least time of rounds that go on for `seconds`; the first doesn't count.
  double Best(double seconds, const std::function<void(uint32_t)>& work) {
    Round(work);
    double best = INFINITY, spent = 0;
    do {
      const double round = Round(work);
      best = std::min(best, round);
      spent += round;
    } while (spent < seconds);
    return best;
  }
  uint32_t threads() const { return threads_; }

 private:
  void End() {
    work_ = nullptr;
    barrier_.arrive_and_wait();
    for (std::thread& other : others_) other.join();
  }
  void Follow(uint32_t thread) {
    for (;;) {
      barrier_.arrive_and_wait();
      if (work_ == nullptr) return;
      (*work_)(thread);
      barrier_.arrive_and_wait();
    }
  }

  const uint32_t threads_;
  std::barrier<> barrier_;
  const std::function<void(uint32_t)>* work_ = nullptr;  // written between rounds
  std::vector<std::thread> others_;
};

uint64_t BufferBytes(uint32_t threads) {
  const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);  // 0 or -1: unknown
  const uint64_t wanted = std::clamp(4 * static_cast<uint64_t>(std::max(cache, 0L)),
                                     uint64_t{64} << 20, uint64_t{256} << 20);
  const uint64_t step = threads * kReadBytes;
  return wanted / step * step;
}

}  // namespace

HostPeak MeasureHostPeak(uint32_t threads, double seconds) {
  const Loops loops = Widest();
  Team team(std::max(threads, 1U));
  HostPeak peak{
      .threads = team.threads(), .isa = loops.isa, .buffer_bytes = BufferBytes(team.threads())};
  std::vector<uint64_t> results(team.threads());  // so that nothing is left out as useless
  // A round of arithmetic is long beside the barrier's wakeups, and short beside the scheduler's interruptions.
  uint64_t turns = 100'000;
  const std::function<void(uint32_t)> multiply = [&](uint32_t thread) {
    results[thread] += static_cast<uint64_t>(loops.multiply(turns));
  };
  while (team.Round(multiply) < 2e-3) turns *= 2;
  const double flops = 2.0 * loops.lanes * kChains * static_cast<double>(turns) * team.threads();
  peak.gflops = flops / team.Best(seconds / 3, multiply) * 1e-9;

  const std::unique_ptr<std::byte[]> buffer(new std::byte[peak.buffer_bytes]);
  const uint64_t part = peak.buffer_bytes / team.threads();
  team.Round([&](uint32_t thread) { std::memset(buffer.get() + thread * part, 1, part); });
  const std::function<void(uint32_t)> read = [&](uint32_t thread) {
    results[thread] += loops.read(buffer.get() + thread * part, part);
  };
  peak.gbytes = static_cast<double>(peak.buffer_bytes) / team.Best(seconds / 3, read) * 1e-9;
  volatile uint64_t kept = 0;
  for (const uint64_t result : results) kept = kept + result;
  return peak;
}

}  // namespace tenon::tools
