#include "kernels.h"

namespace example {

void Gemm::Pack(uint32_t, sdk::Tensor<const void> weight, sdk::Tensor<void> blob) const {
  const auto* from = static_cast<const float*>(weight.data());
  auto* to = static_cast<float*>(blob.data());
  for (int64_t panel = 0; panel < Panels(); ++panel) {
    for (int64_t c = 0; c < k_; ++c) {
      for (int64_t lane = 0; lane < kPanel; ++lane) {
        const int64_t column = panel * kPanel + lane;
        const int64_t index = transposed_ ? column * k_ + c : c * n_ + column;
        *to++ = column < n_ ? from[index] : 0;
      }
    }
  }
}

void Gemm::Run(const sdk::Run& run) const {
  const auto a = run.Input<float>(0);
  const auto packed = run.Input<float>(1);
  const float* bias =
      run.input_count() > 2 && run.Input<float>(2) ? run.Input<float>(2).data() : nullptr;
  const auto y = run.Output<float>(0);
  const int64_t m = a.dim(0);
  auto* sums = run.Workspace<float>();  // m rows of kPanel
  for (int64_t panel = 0; panel < Panels(); ++panel) {
    const float* weights = packed.data() + panel * k_ * kPanel;
    run.ParallelFor(m, 16, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        float* sum = sums + row * kPanel;
        std::fill_n(sum, kPanel, 0.0f);
        for (int64_t c = 0; c < k_; ++c) {
          for (int64_t lane = 0; lane < kPanel; ++lane)
            sum[lane] += a[row * k_ + c] * weights[c * kPanel + lane];
        }
        for (int64_t lane = 0; lane < std::min(kPanel, n_ - panel * kPanel); ++lane) {
          const int64_t column = panel * kPanel + lane;
          y[row * n_ + column] = alpha_ * sum[lane] + (bias ? beta_ * bias[column] : 0);
        }
      }
    });
  }
}

}  // namespace example
