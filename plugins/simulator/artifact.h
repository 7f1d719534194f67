// Artifacts: a segment as bytes. Versioned, and protected by a digest against damage. The format,
// all little-endian:
//   header   "TENONSIM", format, bytes in all, digest of what follows the header (ArtifactHeader)
//   then     fingerprint of the target; values (inputs, constants with their contents, inner ones);
//   which values are the
//            segment's inputs and outputs; nodes with their attributes and the values that they
//            read and write
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "node.h"
#include "tenon/backend_api/backend.h"
#include "tenon/operators/tensor.h"

namespace tenon::simulator {

inline constexpr uint32_t kArtifactFormat = 1;
inline constexpr uint32_t kNoValue = UINT32_MAX;

struct SegmentValue {
  std::string name;
  bool is_constant = false;
  TensorView constant;
};

struct SegmentNode {
  std::unique_ptr<Node> node;
  std::vector<uint32_t> inputs, outputs;  // values; kNoValue where absent
};

// What an artifact says. Immutable; owns its bytes, which constants and nodes point into.
class Segment {
 public:
  // Throws sdk::Failure: TENON_DATA_LOSS or TENON_INCOMPATIBLE. Copies the bytes.
  explicit Segment(std::span<const std::byte> artifact);
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  std::vector<SegmentValue> values;
  std::vector<SegmentNode> nodes;  // in topological order
  std::vector<uint32_t> inputs, outputs;

 private:
  std::vector<std::byte> bytes_;
};

std::vector<std::byte> WriteArtifact(const tenon_segment& segment);
// What can be said without a device. `fingerprint` is the target's; "" is any.
Status CheckArtifact(std::span<const std::byte> artifact, std::string_view fingerprint);
// A name for the artifact that depends on all of its bytes and on nothing else.
std::string ArtifactKey(std::span<const std::byte> artifact);

}  // namespace tenon::simulator
