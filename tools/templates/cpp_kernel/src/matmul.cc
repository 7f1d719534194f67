#include "matmul.h"

#include <vector>

#include "device.h"

namespace plugin {
namespace {

// Sizes of [m, k] x [k, n].
struct Sizes {
  int64_t m, k, n;
};

// Buffers: x, the weight as [n, k], y.
void MatMulOnDevice(void* const* buffers, const void* parameters) {
  const auto& s = *static_cast<const Sizes*>(parameters);
  const auto* x = static_cast<const float*>(buffers[0]);
  const auto* weight = static_cast<const float*>(buffers[1]);
  auto* y = static_cast<float*>(buffers[2]);
  for (int64_t i = 0; i < s.m * s.n; ++i) {
    float sum = 0;
    for (int64_t c = 0; c < s.k; ++c) sum += x[i / s.n * s.k + c] * weight[i % s.n * s.k + c];
    y[i] = sum;
  }
}

}  // namespace

tenon_status MatMul::Accepts(const sdk::Node& node) {
  if (node.Input(0).rank() != 2) return node.RefuseRank(0, "2");
  if (node.Input(1).rank() != 2) return node.RefuseRank(1, "2");
  if (!node.Input(1).IsConstant()) return node.RefuseNotConstant(1);
  return node.Input(1).dims()[0] > 0 ? sdk::kOk : node.RefuseShape(1, "at least one row");
}

MatMul::MatMul(const sdk::Node& node, tenon_device* device)
    : device_(device), k_(node.Input(1).dims()[0]), n_(node.Input(1).dims()[1]) {}

// The host shares blobs of equal weight and format between kernels and sessions, so the format names
// all that decides the bytes.
sdk::Packing MatMul::Packs(uint32_t input, sdk::Tensor<const void> weight) const {
  if (input != 1) return {};
  return {.bytes = weight.bytes(),
          .format = "transposed",
          .alignment = DRIVER_ALIGNMENT,
          .memory_kind = kDeviceMemory};
}

// The blob is a buffer of ours: device memory, which no pointer reaches.
void MatMul::Pack(uint32_t, sdk::Tensor<const void> weight, sdk::Tensor<void> blob) const {
  const auto* from = static_cast<const float*>(weight.data());
  std::vector<float> transposed(static_cast<size_t>(k_ * n_));
  for (int64_t i = 0; i < k_ * n_; ++i)
    transposed[static_cast<size_t>(i % n_ * k_ + i / n_)] = from[i];
  Check(driver_write(Device::Of(device_).driver(), AddressOf(blob), transposed.data(),
                     weight.bytes()),
        "prepack");
}

void MatMul::Run(const sdk::Run& run) const {
  const auto x = run.Input<float>(0), weight = run.Input<float>(1);
  const auto y = run.Output<float>(0);
  if (y.Count() == 0) return;
  run.queue<Device::Queue>()->Launch(
      MatMulOnDevice, {AddressOf(x), AddressOf(weight), AddressOf(y)}, Sizes{x.dim(0), k_, n_});
}

}  // namespace plugin
