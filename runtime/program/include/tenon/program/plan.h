// From a program to one set of concrete shapes: resolving shapes, and placing every tensor in an arena.
// Pure functions over immutable data: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tenon/passes/passes.h"
#include "tenon/program/program.h"

namespace tenon::program {

// Shapes of all logical values for one set of input shapes, and the contents of what shape arithmetic computed.
struct ResolvedShapes {
  struct Contents {
    std::vector<std::byte> bytes;
    bool known = false;
  };
  struct Symbol {
    int64_t size = -1;
    uint32_t input = kNone;
  };  // the program input that said it
  std::vector<Shape>
      shapes;  // by logical value, static in its stage; before that as far as it is known
  std::vector<Contents>
      contents;  // by logical value; empty vector where the program has no shape arithmetic
  std::vector<Symbol> symbols;  // by symbol
  uint64_t computed_bytes = 0;  // of contents that shape arithmetic has made anew
  std::vector<uint8_t>
      changed;  // by logical value: 1 where shape or contents are not those of `previous`
};

// The shape function of operators that are not ours (a backend's interface "operators").
using ForeignOperators = passes::ForeignOperators;

// A shape of the program's, with the names of symbols: "[N, 3, ?]".
std::string ShapeText(const Program& program, const Shape& shape);

// Runs the shape functions of all nodes of stage 0: of most programs, all. `inputs`: static shapes, one per program input. Refuses what contradicts the
// model (name of the input, what it got, what was expected; a symbol with two values names both inputs). Reuses the
// memory of `out_resolved`. `previous`, which may be null, is the result for other input shapes: nodes whose input
// shapes are the same are not inferred again. `foreign` may be null where all operators are ours.
Status ResolveShapes(const Program& program, std::span<const Shape> inputs,
                     const ResolvedShapes* previous, ResolvedShapes* out_resolved,
                     const ForeignOperators* foreign = nullptr);

// Goes on with `resolved`, which holds all stages before `stage` (stages.h), from the shapes of what
// became known for it (by Stages::sized[stage]). `previous` is another result of the same stage.
Status ResolveStage(const Program& program, uint32_t stage, std::span<const Shape> sizes,
                    const ResolvedShapes* previous, ResolvedShapes* resolved,
                    const ForeignOperators* foreign = nullptr);

struct
    Placement {  // of a physical value with Home::kArena (or the base of its aliases), or of a workspace
  uint32_t block = kNone;  // of its memory's arena; kNone: no bytes, or never used
  uint64_t offset = 0;
  uint64_t bytes = 0;
  uint32_t memory = 0;  // index in Program::memories
};
struct Arena {
  std::vector<uint64_t> block_bytes;  // each within the memory's largest allocation
  uint64_t bytes = 0;                 // sum
  uint64_t lower_bound = 0;  // live-set bound: the most bytes alive at one step, sizes aligned
  uint64_t alignment = 64;  // that the blocks need: the memory's, or a workspace's if it wants more
  std::vector<uint64_t> block_alignment;  // as far as it differs between stages
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

// How much work planning is worth: kThorough tries several orders and keeps the smallest arena, kCheap makes one pass.
// kAuto is kThorough for static programs, which are planned once.
enum class PlanEffort : uint8_t { kAuto, kCheap, kThorough };

// Places everything of stage 0 (of most programs, all): reuse in place where KernelRef::in_place and the sizes allow, aliases, lifetimes by step (a host
// value that a queue reads or writes lives until the host has waited behind it). `workspace` by step, or empty;
// `physical_bytes` by physical value, in its layout. kUnsupported: a value is larger than its memory's largest
// allocation.
Status PlanMemory(const Program& program, const ResolvedShapes& shapes,
                  std::span<const WorkspaceRequest> workspace,
                  std::span<const uint64_t> physical_bytes, MemoryPlan* out_plan,
                  PlanEffort effort = PlanEffort::kAuto);
// Goes on with `plan`, which holds all stages before `stage`: what lives on stays where it is, blocks
// keep their sizes, and what does not fit between goes to new blocks behind them.
Status PlanStage(const Program& program, uint32_t stage,
                 std::span<const WorkspaceRequest> workspace,
                 std::span<const uint64_t> physical_bytes, MemoryPlan* plan);

// Program, shapes and plan as JSON, the same bytes for equal arguments: what `tenon inspect --stage program --json`
// writes and tools/testing/check_arena_bound.py reads. Workspaces, reuse and lifetimes can be recomputed from it.
std::string ProgramJson(const Program& program, const ResolvedShapes& shapes,
                        const MemoryPlan& plan);

}  // namespace tenon::program
