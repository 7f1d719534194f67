#include "segment.h"

#include <algorithm>
#include <map>
#include <set>

namespace example {
namespace {

// A node's revision is the opset that brought it, so this opset can say all nodes.
uint32_t OpsetOf(const tenon_segment& segment) {
  uint32_t opset = 21;
  for (uint32_t n = 0; n < segment.node_count; ++n)
    opset = std::max(opset, segment.nodes[n]->revision);
  return opset;
}

}  // namespace

OnnxBytes::OnnxBytes(sdk::Host host, const tenon_segment& segment) : host_(host) {
  const tenon_status status =
      host.table()->segment_to_onnx(host.table(), &segment, OpsetOf(segment), &data_, &size_);
  if (sdk::IsOk(status)) return;
  const sdk::Failure failure(status.code, host.Message(status));
  host.Drop(status);
  throw failure;
}

Part::Part(const tenon_segment& whole, std::span<const uint32_t> nodes, uint64_t most_bytes)
    : segment_(whole) {
  std::set<const tenon_value*> made;
  std::map<const tenon_value*, const tenon_value*> seen;  // what stands for an input
  for (const uint32_t n : nodes) {
    tenon_node& node = nodes_.emplace_back(*whole.nodes[n]);
    node.id = static_cast<uint32_t>(node_list_.size());
    auto& arguments = arguments_.emplace_back(node.inputs, node.inputs + node.input_count);
    for (const tenon_value*& value : arguments) {
      if (value == nullptr || made.contains(value)) continue;
      const auto [entry, first] = seen.emplace(value, value);
      if (first && (value->data == nullptr || value->data_bytes > most_bytes)) {
        if (value->data != nullptr) {
          tenon_value& open = inputs_.emplace_back(*value);
          open.data = nullptr;
          open.data_bytes = 0;
          entry->second = &open;
        }
        input_list_.push_back(entry->second);
      }
      value = entry->second;
    }
    node.inputs = arguments.data();
    node_list_.push_back(&node);
    made.insert(node.outputs, node.outputs + node.output_count);
  }
  made.erase(nullptr);
  // Outputs are what the whole gives, and what no node of the part reads.
  std::set<const tenon_value*> read;
  for (const auto& arguments : arguments_) read.insert(arguments.begin(), arguments.end());
  const std::set<const tenon_value*> given(whole.outputs, whole.outputs + whole.output_count);
  for (const tenon_value* value : made) {
    if (given.contains(value) || !read.contains(value)) output_list_.push_back(value);
  }
  segment_.nodes = node_list_.data();
  segment_.node_count = static_cast<uint32_t>(node_list_.size());
  segment_.inputs = input_list_.data();
  segment_.input_count = static_cast<uint32_t>(input_list_.size());
  segment_.outputs = output_list_.data();
  segment_.output_count = static_cast<uint32_t>(output_list_.size());
}

}  // namespace example
