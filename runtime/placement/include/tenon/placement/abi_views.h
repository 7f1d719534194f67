// A graph as backends see it: tenon_value, tenon_attribute, tenon_node and tenon_segment over the nodes of a Graph. The
// views own all arrays; names, dimensions and bytes are lent by the graph, which must stay as it is meanwhile. One thread
// at a time may make them, any may read.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "tenon/backend_api/backend.h"
#include "tenon/graph/graph.h"

namespace tenon::placement {

// One view for each value, so that equal pointers are equal values.
class AbiValues {
 public:
  explicit AbiValues(const graph::Graph& graph) : graph_(graph) {}
  const tenon_value* Get(graph::ValueId id);  // null for kNone
  tenon_value* Mutable(graph::ValueId id);
  const graph::Graph& graph() const { return graph_; }

 private:
  const graph::Graph& graph_;
  std::unordered_map<graph::ValueId, tenon_value> values_;
};

class AbiSegment;

// One node. `graph` attributes become segments of their own.
class AbiNode {
 public:
  AbiNode(const graph::Node& node, AbiValues& values, uint32_t id = 0);
  AbiNode(const AbiNode&) = delete;
  AbiNode& operator=(const AbiNode&) = delete;
  ~AbiNode();
  const tenon_node* node() const { return &node_; }

 private:
  void AddAttribute(const graph::Attribute& attribute);
  const tenon_value* ConstantValue(const graph::Constant& constant, const char* name);
  std::vector<const tenon_value*> inputs_, outputs_;
  std::deque<tenon_value> constants_;
  std::deque<std::vector<const char*>> strings_;
  std::deque<tenon_attribute> attributes_;
  std::vector<const tenon_attribute*> attribute_list_;
  std::vector<std::unique_ptr<AbiSegment>> graphs_;
  tenon_node node_{};
};

// Nodes of a graph, in its order, with what enters and leaves them.
class AbiSegment {
 public:
  // All nodes; inputs and outputs are the graph's.
  explicit AbiSegment(const graph::Graph& graph);
  AbiSegment(const graph::Graph& graph, const char* name, std::span<const graph::NodeId> nodes,
             std::span<const graph::ValueId> inputs, std::span<const graph::ValueId> outputs);
  AbiSegment(const AbiSegment&) = delete;
  AbiSegment& operator=(const AbiSegment&) = delete;
  const tenon_segment* segment() const { return &segment_; }

 private:
  void Fill(const char* name, std::span<const graph::NodeId> nodes,
            std::span<const graph::ValueId> inputs, std::span<const graph::ValueId> outputs);
  AbiValues values_;
  std::deque<AbiNode> nodes_;
  std::vector<const tenon_node*> node_list_;
  std::vector<const tenon_value*> inputs_, outputs_;
  std::vector<const char*> symbols_;
  tenon_segment segment_{};
};

// The node "Reorder" of the domain ai.tenon between two layouts.
class AbiReorder {
 public:
  AbiReorder(DataType type, const Shape& shape, tenon_layout from, tenon_layout to);
  AbiReorder(const AbiReorder&) = delete;
  AbiReorder& operator=(const AbiReorder&) = delete;
  const tenon_node* node() const { return &node_; }

 private:
  Shape shape_;
  tenon_value values_[2] = {};
  const tenon_value *input_, *output_;
  tenon_node node_{};
};

}  // namespace tenon::placement
