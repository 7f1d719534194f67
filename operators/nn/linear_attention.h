// Sizes of LinearAttention: query [B, T, H * D], key [B, T, G * D], value [B, T, G * E] in H heads that share G states of
// D x E.
#pragma once

#include "support/infer.h"

namespace tenon::operators {

struct LinearAttentionSizes {
  int64_t batch = kUnknownDim, steps = kUnknownDim, heads = 1, groups = 1;
  int64_t key_size = kUnknownDim, value_size = kUnknownDim;
  bool decays = false, corrects = false;  // the update rule: gated, delta
};

Status ReadLinearAttention(const NodeView& node, std::span<const InferInput> inputs,
                           LinearAttentionSizes& sizes);

}  // namespace tenon::operators
