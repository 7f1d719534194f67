// A scan of protobuf's wire format (https://protobuf.dev/programming-guides/encoding) that takes the tensors' raw bytes out
// of a model before protobuf parses it, so that nobody copies weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tenon/operators/status.h"

namespace tenon::model {

struct Range {
  uint64_t offset = 0;
  uint64_t length = 0;
};

struct StrippedModel {
  // The ModelProto with every TensorProto.raw_data replaced by 8 bytes: the index in `raw`, little-endian.
  std::string proto;
  std::vector<Range> raw;  // of the input
};

// Ends the message about what is nested deeper than that.
inline constexpr const char* kRaiseDepth = " (tenon_limits.max_depth sets another limit)";

// kDataLoss names the offset: truncated, a length that lies, a wire type or field that does not exist, nesting deeper than
// `max_depth` graphs.
Result<StrippedModel> StripModel(std::span<const std::byte> bytes, uint32_t max_depth);

}  // namespace tenon::model
