#include "bench/calibration.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "bench/statistics.h"

namespace tenon::tools {
namespace {

constexpr size_t kRows = 32, kColumns = 64, kDepth = 64;  // of the product: 8, 16 and 8 KB
constexpr size_t kRight = kRows * kDepth, kResult = kRight + kDepth * kColumns + 96;
constexpr int kTilesTurns = 9, kRowsTurns = 3;                   // about as long
constexpr size_t kStreamWords = 5 << 20, kStreamStep = 1 << 18;  // 20 MB, 1 MB at a time
constexpr size_t kRingLines = (16 << 20) / 64, kLineWords = 16;

// The product in two ways that a neighbour who shares the core slows down little and much; kernels lie between. Nothing
// is kept on the stack: where that lies differs between processes, and with it how loads and stores get into each
// other's way.
//
// Tiles of four rows and two registers of columns: mostly arithmetic.
template <typename Vector>
[[gnu::always_inline]] inline void ProductOfTiles(float* memory) {
  constexpr size_t kLanes = sizeof(Vector) / sizeof(float);
  for (size_t row = 0; row < kRows; row += 4) {
    const float* left = memory + row * kDepth;
    for (size_t column = 0; column < kColumns; column += 2 * kLanes) {
      const float* right = memory + kRight + column;
      Vector a0{}, a1{}, b0{}, b1{}, c0{}, c1{}, d0{}, d1{};
      for (size_t k = 0; k < kDepth; ++k, right += kColumns) {
        const Vector r0 = *reinterpret_cast<const Vector*>(right);
        const Vector r1 = *reinterpret_cast<const Vector*>(right + kLanes);
        a0 += r0 * left[k], a1 += r1 * left[k];
        b0 += r0 * left[k + kDepth], b1 += r1 * left[k + kDepth];
        c0 += r0 * left[k + 2 * kDepth], c1 += r1 * left[k + 2 * kDepth];
        d0 += r0 * left[k + 3 * kDepth], d1 += r1 * left[k + 3 * kDepth];
      }
      float* to = memory + kResult + row * kColumns + column;
      *reinterpret_cast<Vector*>(to) = a0, *reinterpret_cast<Vector*>(to + kLanes) = a1;
      to += kColumns;
      *reinterpret_cast<Vector*>(to) = b0, *reinterpret_cast<Vector*>(to + kLanes) = b1;
      to += kColumns;
      *reinterpret_cast<Vector*>(to) = c0, *reinterpret_cast<Vector*>(to + kLanes) = c1;
      to += kColumns;
      *reinterpret_cast<Vector*>(to) = d0, *reinterpret_cast<Vector*>(to + kLanes) = d1;
    }
  }
}

// Row by row: mostly loads and stores.
template <typename Vector>
[[gnu::always_inline]] inline void ProductOfRows(float* memory) {
  constexpr size_t kLanes = sizeof(Vector) / sizeof(float);
  for (size_t row = 0; row < kRows; ++row) {
    float* to = memory + kResult + row * kColumns;
    for (size_t column = 0; column < kColumns; column += kLanes)
      *reinterpret_cast<Vector*>(to + column) = Vector{};
    for (size_t k = 0; k < kDepth; ++k) {
      const float left = memory[row * kDepth + k];
      const float* right = memory + kRight + k * kColumns;
      for (size_t column = 0; column < kColumns; column += kLanes) {
        *reinterpret_cast<Vector*>(to + column) +=
            *reinterpret_cast<const Vector*>(right + column) * left;
      }
    }
  }
}

template <typename Vector>
[[gnu::always_inline]] inline void Products(float* memory) {
  for (int turn = 0; turn < kTilesTurns; ++turn) ProductOfTiles<Vector>(memory);
  for (int turn = 0; turn < kRowsTurns; ++turn) ProductOfRows<Vector>(memory);
}

using Vector4 = float __attribute__((vector_size(16), aligned(4), may_alias));
void ProductsNarrow(float* memory) { Products<Vector4>(memory); }

#if defined(__x86_64__)
// With wide registers where there are any: kernels use them, and some processors lower the clock for them.
using Vector8 = float __attribute__((vector_size(32), aligned(4), may_alias));
__attribute__((target("avx2,fma"))) void ProductsWide(float* memory) { Products<Vector8>(memory); }

auto ChooseProducts() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? ProductsWide
                                                                         : ProductsNarrow;
}
#else
auto ChooseProducts() { return ProductsNarrow; }
#endif

}  // namespace

template <typename T>
Calibration::Memory<T> Calibration::Allocate(size_t count) {
  const size_t page = 4096, bytes = (count * sizeof(T) + page - 1) / page * page;
  auto* memory = static_cast<T*>(std::aligned_alloc(page, bytes));
  if (!memory) throw std::bad_alloc();
  std::fill_n(memory, count, T{});
  return Memory<T>(memory);
}

Calibration::Calibration()
    : product_(Allocate<float>(kResult + kRows * kColumns)),
      memory_(Allocate<uint32_t>(kStreamWords)),
      ring_(Allocate<uint32_t>(kRingLines * kLineWords)) {
  Random random(1);
  for (size_t i = 0; i < kResult; ++i) product_[i] = static_cast<float>(random.Uniform());
  for (size_t i = 0; i < kStreamWords; ++i) memory_[i] = static_cast<uint32_t>(i);
  // One ring through all lines.
  std::vector<uint32_t> order(kRingLines);
  for (size_t i = 0; i < kRingLines; ++i) order[i] = static_cast<uint32_t>(i);
  for (size_t i = kRingLines - 1; i > 0; --i) std::swap(order[i], order[random.Below(i + 1)]);
  for (size_t i = 0; i < kRingLines; ++i) {
    ring_[order[i] * kLineWords] = static_cast<uint32_t>(order[(i + 1) % kRingLines] * kLineWords);
  }
}

void Calibration::Compute() {
  static const auto products = ChooseProducts();
  products(product_.get());
  result_ += static_cast<uint64_t>(product_[kResult + result_ % (kRows * kColumns)]);
}

void Calibration::Stream() {
  uint64_t sums[4] = {};
  const uint32_t* from = memory_.get() + stream_at_;
  for (size_t i = 0; i < kStreamStep; i += 4) {
    for (size_t j = 0; j < 4; ++j) sums[j] += from[i + j];
  }
  stream_at_ = (stream_at_ + kStreamStep) % kStreamWords;
  result_ += sums[0] + sums[1] + sums[2] + sums[3];
}

void Calibration::Chase() {
  for (int hop = 0; hop < 1'000; ++hop) chase_at_ = ring_[chase_at_];
  result_ += chase_at_;
}

}  // namespace tenon::tools
