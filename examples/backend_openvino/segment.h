// Segments as ONNX bytes, and parts of segments.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "openvino.h"

namespace example {

// The ONNX bytes of a segment, made by the host and lent by this object.
class OnnxBytes {
 public:
  OnnxBytes(sdk::Host host, const tenon_segment& segment);
  ~OnnxBytes() { host_.table()->cache_release(host_.table(), data_); }
  OnnxBytes(const OnnxBytes&) = delete;
  OnnxBytes& operator=(const OnnxBytes&) = delete;
  std::span<const char> view() const {
    return {static_cast<const char*>(data_), static_cast<size_t>(size_)};
  }

 private:
  sdk::Host host_;
  const void* data_ = nullptr;
  uint64_t size_ = 0;
};

// Some nodes of a segment as a segment. Constants of more than `most_bytes` become inputs, so that
// asking whether OpenVINO converts a model does not move its weights.
class Part {
 public:
  Part(const tenon_segment& whole, std::span<const uint32_t> nodes, uint64_t most_bytes);
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;
  const tenon_segment& segment() const { return segment_; }

 private:
  std::deque<tenon_value> inputs_;  // that were constants
  std::deque<tenon_node> nodes_;
  std::deque<std::vector<const tenon_value*>> arguments_;  // of the nodes
  std::vector<const tenon_node*> node_list_;
  std::vector<const tenon_value*> input_list_, output_list_;
  tenon_segment segment_;
};

}  // namespace example
