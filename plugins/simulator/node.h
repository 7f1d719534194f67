// A node as the reference kernels see it, made from bytes: those that were written from a node of
// the host, kept by the node itself or by an artifact. Immutable; any thread may read it.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bytes.h"
#include "tenon/backend_api/backend.h"
#include "tenon/operators/kernel.h"
#include "tenon/operators/tensor.h"

namespace tenon::simulator {

// Everything of a node but its edges. Throws sdk::Refusal where it has a subgraph.
void WriteNode(Writer& writer, const tenon_node& node);

class Node {
 public:
  explicit Node(const tenon_node& node);  // keeps a copy
  explicit Node(Reader& reader);          // points into the reader's bytes
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const NodeView& view() const { return view_; }
  std::string Label() const;  // `Conv "conv1"`

 private:
  void Read(Reader& reader);
  AttributeView ReadAttribute(Reader& reader);

  std::vector<std::byte> bytes_;
  NodeView view_;
  std::vector<AttributeView> attributes_;
  std::deque<std::vector<std::string>> lists_;
};

// Shape of `rank` dims (-1: unknown). Throws sdk::Refusal where the rank is higher than kernels
// take.
Shape ShapeOf(int32_t rank, const int64_t* dims);
operators::TensorSpec SpecOf(const tenon_value* value);
operators::TensorSpec SpecOf(const tenon_argument* argument);

template <typename T>
std::vector<operators::TensorSpec> SpecsOf(const T* const* values, uint32_t count) {
  std::vector<operators::TensorSpec> specs;
  specs.reserve(count);
  for (uint32_t i = 0; i < count; ++i) specs.push_back(SpecOf(values[i]));
  return specs;
}

}  // namespace tenon::simulator
