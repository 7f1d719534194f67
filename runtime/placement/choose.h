// The choice of a way for every node, so that kernels, copies and reorders together cost little. A
// pass of dynamic programming over the topological order (exact on chains, as Viterbi's; where a
// value has several users its cost is shared among them), then single nodes are moved as long as
// that helps. Deterministic: earlier ways win ties.
#pragma once

#include <vector>

#include "cost.h"

namespace tenon::placement {

struct ChoiceProblem {
  const graph::Graph* graph = nullptr;
  std::vector<backend::Device*> devices;
  std::vector<std::vector<Way>> ways;   // by node; empty for host arithmetic and views
  std::vector<graph::ValueId> view_of;  // by value: what it is a view of, kNone else
};

// The index of the way chosen, by node; 0 where there is none.
std::vector<uint32_t> Choose(const ChoiceProblem& problem);

}  // namespace tenon::placement
