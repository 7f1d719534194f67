// From a program to one set of concrete shapes: resolving shapes, and placing every tensor in an arena.
// Pure functions over immutable data: any thread.
#pragma once

#include <span>
#include <vector>

#include "tenon/program/program.h"

namespace tenon::program {

// Shapes of all logical values for one set of input shapes, and the contents of what shape arithmetic computed.
struct ResolvedShapes {
  struct Contents { std::vector<std::byte> bytes; bool known = false; };
  std::vector<Shape> shapes;       // by logical value, static
  std::vector<Contents> contents;  // by logical value; empty vector where the program has no shape arithmetic
};

// Runs the shape functions of all nodes. `inputs`: static shapes, one per program input. Refuses what contradicts the
// model (name of the input, what it got, what was expected; a symbol with two values names both inputs). Reuses the
// memory of `out_resolved`. `previous`, which may be null, is the result for other input shapes: nodes whose input
// shapes are the same are not inferred again.
Status ResolveShapes(const Program& program, std::span<const Shape> inputs, const ResolvedShapes* previous,
                     ResolvedShapes* out_resolved);

struct Placement {       // of a physical value with Home::kArena (or the base of its aliases), or of a workspace
  uint32_t block = kNone;  // of its memory's arena
  uint64_t offset = 0;
  uint64_t bytes = 0;
};
struct Arena {
  std::vector<uint64_t> block_bytes;  // each within the memory's largest allocation
  uint64_t bytes = 0;                 // sum
  uint64_t lower_bound = 0;           // live-set bound: the most bytes alive at one step, sizes aligned
};
struct WorkspaceRequest {  // by step; bytes 0 where none
  uint64_t bytes = 0;
  uint64_t alignment = 64;
  uint32_t memory = 0;
};
struct MemoryPlan {
  std::vector<Placement> physical;   // by physical value
  std::vector<Placement> workspace;  // by step
  std::vector<Arena> arenas;         // by memory
};

// Places everything: reuse in place where the operator's row and the sizes allow, aliases, lifetimes by step (a host
// value that a queue reads lives until the host has waited behind it). `layout_bytes(physical)` gives the size of a
// value in a backend's own layout.
Status PlanMemory(const Program& program, const ResolvedShapes& shapes, std::span<const WorkspaceRequest> workspace,
                  std::span<const uint64_t> physical_bytes, MemoryPlan* out_plan);

}  // namespace tenon::program
