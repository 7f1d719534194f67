// MatMul of a matrix and a constant weight, which is packed once into device memory: a kernel with a
// state for each node. What the class may have stands at sdk::Class in kernel_slots.h.
#pragma once

#include <cstdint>

#include "tenon/backend_api/sdk/sdk.h"

namespace plugin {

namespace sdk = tenon::sdk;

class MatMul {
 public:
  static tenon_status Accepts(const sdk::Node& node);
  // Copies what it needs: the node is lent for the call.
  MatMul(const sdk::Node& node, tenon_device* device);
  sdk::Packing Packs(uint32_t input, sdk::Tensor<const void> weight) const;
  void Pack(uint32_t input, sdk::Tensor<const void> weight, sdk::Tensor<void> blob) const;
  void Run(const sdk::Run& run) const;

 private:
  tenon_device* device_;
  int64_t k_, n_;  // of the weight
};

}  // namespace plugin
