// The kernels of the example: a function for each stateless one, a class for the one with a packed
// weight.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "device.h"
#include "tenon/backend_api/sdk/sdk.h"

namespace example {

// Relu: y = max(x, 0). Rows of it stand in backend.cc, one for each type.
template <typename T>
void Relu(const sdk::Run& run) {
  const auto x = run.Input<T>(0);
  const auto y = run.Output<T>(0);
  run.ParallelFor(x.Count(), 65536, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = std::max(x[i], T{0});
  });
}

// com.example.ScaledAdd: y = a + scale * b, for equal shapes. A class only because it keeps an
// attribute.
class ScaledAdd {
 public:
  explicit ScaledAdd(const sdk::Node& node) : scale_(node.Float("scale", 1)) {}
  void Run(const sdk::Run& run) const {
    const auto a = run.Input<float>(0), b = run.Input<float>(1);
    const auto y = run.Output<float>(0);
    for (int64_t i = 0, count = a.Count(); i < count; ++i) y[i] = a[i] + scale_ * b[i];
  }

 private:
  float scale_;
};

// Gemm on constant weights: Y = alpha * A * B + beta * C, A [m, k], B [k, n] or, with transB, [n,
// k]; C [n] or absent. B is packed into panels of kPanel columns, so that the inner loop reads it
// in order; sums of a row of panels are kept in the workspace.
class Gemm {
 public:
  static tenon_status Accepts(const sdk::Node& node) {
    if (node.Int("transA", 0) != 0) return node.RefuseAttribute("transA", "1", "0");
    if (node.Input(1).rank() != 2) return node.RefuseRank(1, "2");
    if (!node.Input(1).IsConstant()) return node.RefuseNotConstant(1);
    if (node.Input(2) && node.Input(2).rank() != 1) return node.RefuseRank(2, "1");
    return sdk::kOk;
  }
  explicit Gemm(const sdk::Node& node)
      : transposed_(node.Int("transB", 0) != 0),
        alpha_(node.Float("alpha", 1)),
        beta_(node.Float("beta", 1)) {
    const auto dims = node.Input(1).dims();
    k_ = dims[transposed_ ? 1 : 0];
    n_ = dims[transposed_ ? 0 : 1];
  }

  sdk::Packing Packs(uint32_t input, sdk::Tensor<const void>) const {
    if (input != 1) return {};
    return {.bytes = static_cast<uint64_t>(Panels() * k_ * kPanel) * sizeof(float),
            .format = transposed_ ? "panels8_of_transposed" : "panels8",
            .memory_kind = kPool};
  }
  void Pack(uint32_t, sdk::Tensor<const void> weight, sdk::Tensor<void> blob) const;

  // The shapes decide only the workspace; m is read again in Run.
  void Prepare(sdk::Shapes& shapes) const {
    if (shapes.Input(0).dim(1) != k_) {
      throw sdk::Failure(TENON_INVALID_ARGUMENT,
                         "Gemm: A has " + std::to_string(shapes.Input(0).dim(1)) +
                             " columns, B has " + std::to_string(k_) + " rows");
    }
    shapes.SetWorkspace(static_cast<uint64_t>(shapes.Input(0).dim(0) * kPanel) * sizeof(float), 64,
                        kPool);
  }
  void Run(const sdk::Run& run) const;

 private:
  static constexpr int64_t kPanel = 8;
  int64_t Panels() const { return (n_ + kPanel - 1) / kPanel; }

  bool transposed_;
  float alpha_, beta_;
  int64_t k_ = 0, n_ = 0;
};

}  // namespace example
