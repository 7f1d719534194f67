// A node of a program in the form in which a backend gets it (tenon_node of backend.h).
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "tenon/backend_api/backend.h"
#include "tenon/program/program.h"

namespace tenon::execution {

// Lends from the program and from itself: both outlive its use. Attributes with graphs are left out (the host runs
// control flow). Layouts are those of the step's physical values.
class AbiNode {
 public:
  AbiNode(const program::Program& program, const program::ProgramNode& node);
  AbiNode(const AbiNode&) = delete;
  AbiNode& operator=(const AbiNode&) = delete;
  // The operator "Reorder" of ai.tenon between two physical values.
  AbiNode(const program::Program& program, const program::PhysicalValue& from, const program::PhysicalValue& to);

  const tenon_node* node() const { return &node_; }

 private:
  const tenon_value* Value(const program::Program& program, uint32_t logical, tenon_layout layout);
  const tenon_value* ConstantValue(const graph::Constant& constant, const char* name);
  void AddAttribute(const graph::Attribute& attribute);

  std::deque<tenon_value> values_;
  std::deque<tenon_attribute> attributes_;
  std::deque<std::vector<const char*>> strings_;
  std::deque<std::array<int64_t, kMaxRank>> dims_;
  std::vector<const tenon_value*> inputs_, outputs_;
  std::vector<const tenon_attribute*> attribute_list_;
  tenon_node node_{};
};

}  // namespace tenon::execution
