// Placement gives each node of a canonical graph a backend, a kernel and layouts, and says why.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tenon/backend/backend.h"
#include "tenon/graph/graph.h"

namespace tenon::placement {

// `-b a,b+c`: an order of groups; within a group cost decides.
struct BackendList {
  std::vector<std::vector<std::shared_ptr<backend::Backend>>> groups;
};

struct Options {
  BackendList backends;
  tenon_numerics numerics = TENON_NUMERICS_STANDARD;
  bool forbid_fallback = false;
};

// Why a backend or one of its kernels does not take a node.
struct Refusal {
  std::string backend;
  std::string kernel;      // "" where no kernel of that operator exists
  tenon_reason reason = TENON_REASON_OTHER;
  std::string message;     // "attribute group: got 2, wants 1"
};

struct NodeChoice {
  std::string node;        // graph node's name; "" for inserted copies and reorders
  std::string op;
  enum class Kind { kKernel, kSegment, kHost, kView, kCopy, kReorder } kind = Kind::kKernel;
  std::string backend;     // "host" for shape arithmetic
  std::string kernel;
  std::vector<std::string> fallbacks;  // kernels of the same backend that take it too
  double cost_us = 0;      // modelled
  uint64_t bytes = 0;      // of a copy or reorder, where known
  std::vector<Refusal> refusals;       // of backends and kernels before it
};

// The report: its rows add up to the nodes of the final program. Filled by placement, completed by lowering with copies
// and reorders. A node that nobody takes ends the load with kUnsupported; its message lists the first ten such nodes.
struct Report {
  std::vector<NodeChoice> rows;
};

}  // namespace tenon::placement
