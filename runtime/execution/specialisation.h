// A program for one set of input shapes: shapes and sizes of all values, a plan of a kernel for
// each step, the memory plan. Immutable once built; shared by all run contexts of these shapes.
// Plans that the shapes don't touch are shared with the specialisation that it was built from.
// Where sizes are data (program/stages.h) it goes up to one stage, and says the same of the stages
// before as the specialisation that it continues.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "arguments.h"
#include "live_program.h"
#include "tenon/program/plan.h"

namespace tenon::execution {

class Specialisation {
 public:
  // `key`: the shapes of the inputs, then of what was allocated, in the order of stages. `before`
  // is that of the stage before, null for stage 0. `previous`, which may be null, is any other
  // specialisation of the same stage of the same program.
  static Result<std::shared_ptr<const Specialisation>> Build(const LiveProgram& live,
                                                             std::span<const Shape> key,
                                                             const Specialisation* before,
                                                             const Specialisation* previous);

  const std::vector<Shape>& key() const { return key_; }
  uint32_t stage() const { return stage_; }
  const Shape& shape(uint32_t logical) const { return resolved_.shapes[logical]; }
  // By physical value: shape, strides, size, no data. A resolved value's contents are
  // contents(physical).
  const tenon_argument& argument(uint32_t physical) const { return arguments_[physical]; }
  std::byte* contents(uint32_t physical) const;
  const LiveKernel* kernel(uint32_t step) const {
    return plans_[step] ? &plans_[step]->kernel() : nullptr;
  }
  const KernelPlan* plan(uint32_t step) const { return plans_[step].get(); }
  const program::ResolvedShapes& resolved() const { return resolved_; }
  const program::MemoryPlan& memory() const { return memory_; }
  uint32_t workspace_memory(uint32_t step) const { return workspace_[step].memory; }
  uint64_t arena_bytes() const;
  uint64_t arena_lower_bound() const;
  uint64_t bytes() const { return bytes_; }  // of memory that it takes, about

 private:
  Specialisation() = default;
  Status Resolve(const LiveProgram& live, const Specialisation* before,
                 const Specialisation* previous);
  void TakeOver(const Specialisation& before);
  Status MakeArguments(const LiveProgram& live, const Specialisation* previous);
  Status MakeArgumentOf(const LiveProgram& live, uint32_t physical);
  Status PrepareStep(const LiveProgram& live, uint32_t step, const Specialisation* previous);
  Status RequestWorkspace(const LiveProgram& live, uint32_t step);

  const LiveProgram* live_ = nullptr;
  std::vector<Shape> key_;
  uint32_t stage_ = 0;
  program::ResolvedShapes resolved_;
  std::vector<ArgumentStorage> storage_;   // by physical value
  std::vector<tenon_argument> arguments_;  // by physical value
  std::vector<uint64_t> physical_bytes_;
  std::vector<std::shared_ptr<const KernelPlan>> plans_;  // by step
  std::vector<program::WorkspaceRequest> workspace_;      // by step
  program::MemoryPlan memory_;
  std::vector<const tenon_argument*> in_, out_;  // while building
  uint64_t bytes_ = 0;
};

}  // namespace tenon::execution
