// The cost model: microseconds of kernels, copies and reorders. Symbols and unknown dimensions
// count as kAssumedDim.
#pragma once

#include <vector>

#include "matcher.h"

namespace tenon::placement {

// The operator's work at the device's peaks and the kernel's efficiency, and what a launch takes.
double KernelCost(const backend::Device& device, const tenon_kernel_descriptor& kernel,
                  const graph::Graph& graph, const graph::Node& node);

// A node's share of a compiled segment: as of a kernel that states no efficiency, without a launch.
double CompiledCost(const backend::Device& device, const graph::Graph& graph,
                    const graph::Node& node);
// What stands for a kernel that doesn't exist: dense arguments in the device's default memory.
const tenon_kernel_descriptor& AssumedKernel(const graph::Node& node);

// A memory and a layout in it.
struct Location {
  uint32_t device = kNone;  // kNone: plain host memory
  uint32_t kind = TENON_MEMORY_HOST;
  tenon_layout layout = TENON_LAYOUT_ROW_MAJOR;
  uint32_t owner = kNone;  // device whose layout it is, where it is not row-major
  bool SameMemory(const Location& other) const {
    return device == other.device && kind == other.kind;
  }
  friend bool operator==(const Location&, const Location&) = default;
};

// One way to run a node: a kernel, others of the same device and arguments to fall back to, and
// where it wants things.
struct Way {
  uint32_t device = kNone;
  std::vector<Match> matches;  // the choice first
  double cost = 0;
  std::vector<Location> inputs, outputs;  // by argument
};

// What it costs to have a value that is made at `made` also at all of `wanted`, as lowering would
// bring it there.
double SpreadCost(const std::vector<backend::Device*>& devices, double bytes, const Location& made,
                  std::vector<Location> wanted);

}  // namespace tenon::placement
