// The intermediate representation: one graph of nodes in topological order over values, in canonical revisions.
//
// A Graph is plain data, movable, owned by one thread at a time. Nodes and values are named by index; indices stay
// valid while elements are only appended, and Compact() renumbers. Subgraphs (If, Loop, Scan) are Graphs held by
// attributes. They are closed: what they take from around them comes in as their last inputs and as the last inputs
// (Node::captured) of the node that holds them, the same for all its subgraphs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "tenon/operators/operator.h"
#include "tenon/operators/tensor.h"

namespace tenon::graph {

using ValueId = uint32_t;
using NodeId = uint32_t;
inline constexpr uint32_t kNone = UINT32_MAX;  // absent optional argument, no producer

// Where bytes came from, so that caches can name weights without hashing them: a file (device, inode, modification
// time, size) and a range of it; all zero for bytes made in memory.
struct BlobIdentity {
  uint64_t device = 0, inode = 0, mtime_ns = 0, file_size = 0, offset = 0, length = 0;
  bool known() const { return inode != 0; }
  friend bool operator==(const BlobIdentity&, const BlobIdentity&) = default;
};

// Immutable bytes of a constant. `owner` keeps the mapping or the heap block alive; shared by graph, program, sessions.
struct Blob {
  const std::byte* data = nullptr;
  uint64_t size = 0;
  BlobIdentity identity;
  bool mapped = false;  // the bytes are pages of a file
  std::shared_ptr<const void> owner;
};

struct Constant {
  DataType type = DataType::kUndefined;
  Shape shape;  // static
  std::shared_ptr<const Blob>
      blob;  // dense row-major, little-endian, sub-byte types packed low bits first
  std::vector<std::string> strings;  // elements where type is kString (blob is then null)
};

// The bytes were copied to where they are used and are hardly read again: pages of a file go back to the system, and
// come again when somebody reads them. Nothing for bytes made in memory.
void ReleasePages(const Blob& blob);

// The constant's bytes, lent; data is null for strings.
TensorView View(const Constant& constant);

class File;  // file.h
class Graph;
// A graph as a value: copies are deep.
class Subgraph {
 public:
  explicit Subgraph(Graph graph);
  Subgraph(const Subgraph& other);
  Subgraph(Subgraph&&) noexcept;
  Subgraph& operator=(Subgraph other) noexcept;
  ~Subgraph();
  Graph& operator*() { return *graph_; }
  const Graph& operator*() const { return *graph_; }
  Graph* operator->() { return graph_.get(); }
  const Graph* operator->() const { return graph_.get(); }

 private:
  std::unique_ptr<Graph> graph_;
};

struct Attribute {
  std::string name;
  std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
               std::vector<std::string>, Constant, Subgraph>
      value;
};

struct Value {
  std::string name;  // unique in the graph; made up where ONNX had none
  DataType type = DataType::kUndefined;
  Shape shape = Shape::UnknownRank();
  ValueKind kind = ValueKind::kTensor;  // of others, type and shape are those of the tensors within
  NodeId producer = kNone;              // kNone for inputs and constants
  std::shared_ptr<const Constant> constant;  // set for initializers and folded values
  // The host keeps it, as an object: strings, and what is no tensor.
  bool is_object() const { return kind != ValueKind::kTensor || type == DataType::kString; }
};

struct Node {
  std::string name;    // unique, made up ("Conv_12") where ONNX had none
  std::string domain;  // "" is ONNX's own
  std::string op;
  int revision =
      1;  // semantic revision; 0 while `definition` is null (a plugin's own operator: opset)
  const operators::Operator* definition =
      nullptr;                   // null: not ours; must come from a backend's `operators` interface
  std::vector<ValueId> inputs;   // kNone where absent
  std::vector<ValueId> outputs;  // kNone where not wanted
  std::vector<Attribute> attributes;
  uint32_t captured = 0;  // the last inputs, which only its subgraphs read
  const Attribute* Find(std::string_view attribute) const;
  // Whether the contents of the input decide shapes of outputs.
  bool DecidesShapes(size_t input) const {
    return definition != nullptr && input < 32 && (definition->shape_inputs >> input & 1) != 0;
  }
  // In the order of their attributes' names, but then_branch before else_branch; empty for most nodes.
  std::vector<Graph*> Subgraphs();
  std::vector<const Graph*> Subgraphs() const;
};

// Attribute views over a node, alive as long as the node is not changed; graph attributes are left out.
class NodeViewHolder {
 public:
  explicit NodeViewHolder(const Node& node);
  const NodeView& view() const { return view_; }
  NodeViewHolder(const NodeViewHolder&) = delete;
  NodeViewHolder& operator=(const NodeViewHolder&) = delete;

 private:
  std::vector<AttributeView> attributes_;
  NodeView view_;
};

class Graph {
 public:
  std::string name;
  std::vector<Value> values;
  std::vector<Node> nodes;      // topological order, checked by Validate
  std::vector<ValueId> inputs;  // without initializers
  std::vector<ValueId> outputs;
  std::vector<std::string> symbols;  // name of symbol id i; anonymous dimensions never get one
  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<std::pair<std::string, int>> opsets;  // as imported: domain, version
  std::vector<std::shared_ptr<const File>> files;   // that constants lie in; not of subgraphs

  ValueId AddValue(Value value);
  NodeId AddNode(Node node);                           // sets the outputs' producer
  uint32_t SymbolFor(std::string_view symbol);         // finds or adds
  ValueId FindValue(std::string_view value) const;     // linear; kNone where unknown
  std::vector<std::vector<NodeId>> Consumers() const;  // per value
  // Reorders nodes topologically; kInvalidArgument names a cycle or a missing value.
  Status Sort();
  // Every invariant, of subgraphs too: indices in range, one producer each, topological order, names unique, subgraphs
  // that take what their node captures.
  Status Validate() const;
  // Drops values that nobody produces, uses or names as input or output, and renumbers.
  void Compact();
  std::string Dump()
      const;  // one line a node: %y:float32[1, 3] = Conv.2 "conv1" (%x, %w) {group=1}
};

}  // namespace tenon::graph
