// What planning needs of a program and what does not depend on shapes: node views with their shape
// functions, lifetimes of values by step, chances to reuse in place. Owns all that it points to;
// immutable; any thread.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "tenon/operators/kernel.h"
#include "tenon/program/program.h"
#include "tenon/program/stages.h"

namespace tenon::program {

class ProgramIndex {
 public:
  enum class HostRule : uint8_t { kNone, kShape, kSize, kKernel };
  struct Node {
    NodeView view;
    operators::InferFunction infer = nullptr;   // null: a foreign operator
    std::span<const uint32_t> inputs, outputs;  // logical values, kNone where absent
    bool host_step = false;                     // its outputs are known when it was run
    HostRule host = HostRule::kNone;  // how its contents are computed while shapes are resolved
    const operators::Kernel* kernel = nullptr;    // of HostRule::kKernel
    std::unique_ptr<operators::KernelPlan> plan;  // where its shapes are known when loaded
  };
  // A chance that `output` takes over the place of `input`, both bases in an arena.
  struct Reuse {
    uint32_t step, input, output;
  };

  explicit ProgramIndex(const Program& program);
  ProgramIndex(const ProgramIndex&) = delete;
  ProgramIndex& operator=(const ProgramIndex&) = delete;

  bool is_static() const { return is_static_; }
  const Stages& stages() const { return stages_; }
  std::span<const Node> nodes() const { return nodes_; }
  std::span<const uint32_t> constants() const { return constant_logicals_; }
  // Contents of a constant; null where the logical value is none.
  const TensorView* constant(uint32_t logical) const {
    return constant_views_[logical].data != nullptr ? &constant_views_[logical] : nullptr;
  }
  // Whether shape arithmetic computes the logical value.
  bool computed(uint32_t logical) const { return computed_[logical]; }
  bool has_host_arithmetic() const { return has_host_arithmetic_; }
  // Whether a kPlan step reads the logical value.
  bool read(uint32_t logical) const { return read_[logical]; }

  // The physical value whose bytes `physical` shares: itself unless it is an alias.
  uint32_t base(uint32_t physical) const { return base_[physical]; }
  // Bases in arenas that steps use, in the order in which they are first written.
  std::span<const uint32_t> arena_bases() const { return arena_bases_; }
  uint32_t first(uint32_t base) const { return first_[base]; }  // step that writes it
  uint32_t last(uint32_t base) const {
    return last_[base];
  }  // last step during which its place is taken
  std::span<const Reuse> reuses() const { return reuses_; }  // in the order of steps

 private:
  void IndexNodes(const Program& program);
  void ChooseHostRule(const Program& program, const ProgramNode& from, Node* node);
  void PlanAhead(const Program& program, Node* node);
  void IndexLifetimes(const Program& program);
  void ExtendForQueues(const Program& program);
  void IndexReuses(const Program& program);
  void IndexStages(const Program& program);
  bool MayReuse(const Program& program, uint32_t step, uint32_t input, uint32_t output) const;

  bool is_static_ = false, has_host_arithmetic_ = false;
  std::vector<graph::Node> owned_nodes_;
  std::vector<std::unique_ptr<graph::NodeViewHolder>> holders_;
  std::vector<uint32_t> arguments_;
  std::vector<Node> nodes_;
  std::vector<uint32_t> constant_logicals_;
  std::vector<TensorView> constant_views_;
  std::vector<std::shared_ptr<const graph::Constant>> constants_;
  std::vector<bool> computed_, read_;
  std::vector<uint32_t> base_, first_, last_, arena_bases_;
  std::vector<Reuse> reuses_;
  Stages stages_;
};

}  // namespace tenon::program
