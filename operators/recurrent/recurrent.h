// Sizes of LSTM, GRU and RNN: sequences X [S, N, I] (layout 1: [N, S, I]) through gates of H hidden values in one or two
// directions.
#pragma once

#include "support/infer.h"

namespace tenon::operators {

struct RecurrentSizes {
  bool batch_first = false;  // layout 1
  int64_t steps = kUnknownDim, batch = kUnknownDim, input = kUnknownDim, hidden = kUnknownDim;
  int64_t directions = 1;
  bool reverse = false;  // the only direction is backward
};

// Gates of the operator: 4 for LSTM, 3 for GRU, 1 for RNN.
int GatesOf(std::string_view op);
// Reads and checks the sizes; what no input says stays unknown.
Status ReadRecurrentSizes(const NodeView& node, std::span<const InferInput> inputs,
                          RecurrentSizes& sizes);

}  // namespace tenon::operators
