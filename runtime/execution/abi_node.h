// A node of a program in the form in which a backend gets it (tenon_node of backend.h).
#pragma once

#include <array>
#include <deque>
#include <vector>

#include "tenon/backend_api/backend.h"
#include "tenon/execution/abi_attributes.h"
#include "tenon/program/program.h"

namespace tenon::execution {

// Lends from the program and from itself: both outlive its use. Layouts are those of the step's
// physical values.
class AbiNode {
 public:
  AbiNode(const program::Program& program, const program::ProgramNode& node);
  AbiNode(const AbiNode&) = delete;
  AbiNode& operator=(const AbiNode&) = delete;
  // The operator "Reorder" of ai.tenon between two physical values.
  AbiNode(const program::Program& program, const program::PhysicalValue& from,
          const program::PhysicalValue& to);

  const tenon_node* node() const { return &node_; }

 private:
  const tenon_value* Value(const program::Program& program, uint32_t logical, tenon_layout layout);

  AbiAttributes attributes_;
  std::deque<tenon_value> values_;
  std::deque<std::array<int64_t, kMaxRank>> dims_;
  std::vector<const tenon_value*> inputs_, outputs_;
  tenon_node node_{};
};

}  // namespace tenon::execution
