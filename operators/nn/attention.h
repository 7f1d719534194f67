// Sizes of Attention: Q [B, H, S, D], K [B, G, T, D], V [B, G, T, E] in H heads of queries that share G heads of keys;
// three-dimensional arguments have the heads side by side in the last dimension.
#pragma once

#include "support/infer.h"

namespace tenon::operators {

struct AttentionSizes {
  bool flat = false;  // three-dimensional
  int64_t batch = kUnknownDim, heads = kUnknownDim, groups = kUnknownDim;
  int64_t queries = kUnknownDim, keys = kUnknownDim, past = 0;
  int64_t head_size = kUnknownDim, value_size = kUnknownDim;
  int64_t total() const {
    return past == 0 ? keys : keys == 0 ? past : past > 0 && keys > 0 ? past + keys : kUnknownDim;
  }
};

Status ReadAttentionSizes(const NodeView& node, std::span<const InferInput> inputs,
                          AttentionSizes& sizes);

}  // namespace tenon::operators
