// A node that the plugin owns: a copy of what the host lent, seen as the NodeView that the
// reference kernels take. Immutable after construction; any thread may read it.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/backend_api/backend.h"
#include "tenon/operators/tensor.h"

namespace tenon::reference {

class Node {
 public:
  // Throws sdk::Refusal where the node holds what reference kernels cannot take (a subgraph, an
  // unknown kind).
  explicit Node(const tenon_node& node);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const NodeView& view() const { return view_; }

 private:
  AttributeView Copy(const tenon_attribute& attribute);
  TensorView Copy(const std::string& field, const tenon_value& tensor);
  std::string_view Keep(std::string_view text);
  template <typename T>
  std::span<const T> Keep(const T* data, size_t count);
  std::span<const std::string> Keep(const char* const* strings, size_t count);

  NodeView view_;
  std::vector<AttributeView> attributes_;
  // What views point to; elements of a deque never move.
  std::deque<std::string> texts_;
  std::deque<std::vector<std::string>> lists_;
  std::deque<std::unique_ptr<std::byte[]>> blocks_;
};

// Shape of `rank` dims. Throws sdk::Refusal naming `field` where the rank is higher than kernels
// take.
Shape ShapeOf(const std::string& field, int32_t rank, const int64_t* dims);

}  // namespace tenon::reference
