// Attributes of a node in the form in which a backend gets them (tenon_attribute of backend.h).
// Lends from the attributes and from itself. Attributes with graphs are left out: the host runs
// control flow.
#pragma once

#include <array>
#include <deque>
#include <span>
#include <vector>

#include "tenon/backend_api/backend.h"
#include "tenon/graph/graph.h"

namespace tenon::execution {

class AbiAttributes {
 public:
  explicit AbiAttributes(std::span<const graph::Attribute> attributes);
  AbiAttributes(const AbiAttributes&) = delete;
  AbiAttributes& operator=(const AbiAttributes&) = delete;
  std::span<const tenon_attribute* const> list() const { return list_; }

 private:
  bool Fill(const graph::Attribute& attribute, tenon_attribute* out);
  const tenon_value* ConstantValue(const graph::Constant& constant, const char* name);
  std::deque<tenon_attribute> attributes_;
  std::deque<std::vector<const char*>> strings_;
  std::deque<tenon_value> values_;
  std::deque<std::array<int64_t, kMaxRank>> dims_;
  std::vector<const tenon_attribute*> list_;
};

}  // namespace tenon::execution
