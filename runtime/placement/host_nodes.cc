#include "host_nodes.h"

#include <algorithm>

#include "tenon/operators/kernel.h"

namespace tenon::placement {
namespace {

// What the host computes itself stays small: scalars and lists, or tensors of at most this many
// elements.
constexpr int64_t kFewElements = 256;

bool IsSmall(const graph::Value& value) {
  if (value.type == DataType::kString || value.type == DataType::kUndefined) return false;
  if (value.shape.IsStatic()) return value.shape.ElementCount() <= kFewElements;
  return value.shape.rank() == 1;
}

// Only the shape of the input is looked at.
bool ReadsShapeOnly(const graph::Node& node) {
  return node.domain.empty() && (node.op == "Shape" || node.op == "Size");
}

}  // namespace

HostNodes::HostNodes(const graph::Graph& graph) : known_(graph.values.size()) {
  for (size_t v = 0; v < known_.size(); ++v) {
    const graph::Value& value = graph.values[v];
    known_[v] = value.constant && value.constant->blob &&
                value.constant->shape.ElementCount() <= kFewElements;
  }
}

bool HostNodes::IsArithmetic(const graph::Graph& graph, const graph::Node& node) const {
  if (!(node.definition->flags & operators::kHostArithmetic)) return false;
  for (graph::ValueId v : node.outputs) {
    if (v != graph::kNone && !IsSmall(graph.values[v])) return false;
  }
  if (ReadsShapeOnly(node)) return true;
  const auto is_known = [&](graph::ValueId v) {
    return v == graph::kNone || (v < known_.size() && known_[v]);
  };
  const auto present =
      std::ranges::find_if(node.inputs, [](graph::ValueId v) { return v != graph::kNone; });
  if (present == node.inputs.end() || !std::ranges::all_of(node.inputs, is_known)) return false;
  return operators::FindKernel(node.domain, node.op, node.revision, graph.values[*present].type) !=
         nullptr;
}

bool HostNodes::IsHostStep(const graph::Graph& graph, const graph::Node& node) {
  if (node.definition->flags & operators::kOnHost) return true;
  const auto is_object = [&](graph::ValueId v) {
    return v != graph::kNone && graph.values[v].is_object();
  };
  const bool objects =
      std::ranges::any_of(node.inputs, is_object) || std::ranges::any_of(node.outputs, is_object);
  if (!objects || node.op == "Cast" || node.op == "Identity") return objects;
  // Strings are moved and compared as numbers.
  DataType type = DataType::kInt64;
  if (!node.inputs.empty() && node.inputs[0] != graph::kNone && !is_object(node.inputs[0]))
    type = graph.values[node.inputs[0]].type;
  return operators::FindKernel(node.domain, node.op, node.revision, type) != nullptr;
}

bool HostNodes::ReadsContents(const graph::Graph& graph, const graph::Node& node) const {
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const graph::ValueId v = node.inputs[i];
    if (v != graph::kNone && node.DecidesShapes(i) && !graph.values[v].constant && !known_[v])
      return true;
  }
  return false;
}

std::optional<NodeChoice::Kind> HostNodes::Classify(const graph::Graph& graph, graph::NodeId id) {
  const graph::Node& node = graph.nodes[id];
  if (node.definition == nullptr) return std::nullopt;
  if (node.outputs.empty() || node.outputs[0] == graph::kNone) {
    return IsHostStep(graph, node) ? std::optional(NodeChoice::Kind::kHostStep) : std::nullopt;
  }
  if (IsArithmetic(graph, node)) {
    known_.resize(graph.values.size());
    for (graph::ValueId v : node.outputs) {
      if (v != graph::kNone) known_[v] = true;
    }
    return NodeChoice::Kind::kHost;
  }
  if (IsHostStep(graph, node)) return NodeChoice::Kind::kHostStep;
  const bool one_output =
      std::ranges::count_if(node.outputs, [](graph::ValueId v) { return v != graph::kNone; }) == 1;
  const bool view = (node.definition->flags & operators::kView) && one_output &&
                    !node.inputs.empty() && node.inputs[0] != graph::kNone &&
                    !graph.values[node.inputs[0]].is_object();
  return view ? std::optional(NodeChoice::Kind::kView) : std::nullopt;
}

}  // namespace tenon::placement
