// What one run of a program needs for itself: arenas, queues, and the steps bound to memory. Kept
// and used again; from the second run of the same shapes and route on, a run allocates nothing and
// looks nothing up. One run at a time.
//
// Where sizes are data, a run goes stage by stage (program/stages.h): kernels allocate, then a kPlan
// step has the next stage planned, by what they allocated, and binds its steps. A stage that is
// bound to the plan that fits stays as it is.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "host_step.h"
#include "lane.h"
#include "live_program.h"
#include "profiler.h"
#include "route.h"
#include "sized_blocks.h"
#include "specialisation.h"
#include "tenon/execution/executable.h"

namespace tenon::execution {

class RunContext;

// A step with everything that its function gets.
struct BoundStep {
  tenon_status(TENON_CALL* run)(const tenon_kernel_descriptor*, tenon_kernel*, tenon_plan*,
                                const tenon_run*) = nullptr;
  const tenon_kernel_descriptor* descriptor = nullptr;
  tenon_kernel* kernel = nullptr;
  tenon_plan* plan = nullptr;
  tenon_run arguments{};
  uint32_t step = 0;  // of the program
};

// Whom a run asks when it gets to know sizes.
class RunOwner {
 public:
  // The plan of the stage behind `before`.
  virtual Result<std::shared_ptr<const Specialisation>> PlanStage(std::span<const Shape> key,
                                                                  const Specialisation& before) = 0;
  // The tensor of a wanted output, now that its shape is known: the same when it is asked again.
  virtual Result<Tensor*> GiveOutput(uint32_t output, const Shape& shape) = 0;

 protected:
  ~RunOwner() = default;
};

// What allocate_output of backend.h sees of a step.
class StepOutputs final : public backend::RunOutputs {
 public:
  RunContext* context = nullptr;
  const BoundStep* step = nullptr;
  Result<const tenon_argument*> AllocateOutput(uint32_t index, int32_t rank,
                                               const int64_t* dims) override;
};

class RunContext {
 public:
  static Result<std::unique_ptr<RunContext>> Create(const LiveProgram& live);
  ~RunContext();
  RunContext(const RunContext&) = delete;
  RunContext& operator=(const RunContext&) = delete;

  bool IsBoundTo(const Specialisation* specialisation, const Route* route) const {
    return stages_[0].get() == specialisation && route_ == route;
  }
  // Takes the memory that the plan wants and binds all steps. After a failure the context is
  // unbound.
  Status Bind(std::shared_ptr<const Specialisation> specialisation, const Route* route);
  // One run: tensors by input and output of the program (null where not wanted); their memory is
  // that of the route. Outputs of later stages are got from `owner`, which keeps `outputs` in step.
  Status Run(std::span<Tensor* const> inputs, std::span<Tensor* const> outputs, RunOwner* owner,
             const Patience& patience, Profiler* profiler, RunTimes* times);
  // What the last run copied between memories, as far as it came.
  CopyTotals& copies() { return copies_; }
  // What was planned last: after a run, all of it.
  const Specialisation& last() const { return *stages_.back(); }
  // allocate_output: gives output `index` of the step that is running its shape and memory.
  Result<const tenon_argument*> AllocateOutput(uint32_t step, uint32_t index, const Shape& shape);
  // What a host step reads and makes.
  HostInput InputOf(uint32_t physical) const;
  const program::LogicalValue& LogicalOf(uint32_t physical) const;
  const program::Step& StepOf(uint32_t step) const;
  const std::shared_ptr<ByteBudget>& budget() const { return live_.options().budget; }
  void SetObject(uint32_t physical, std::shared_ptr<const Object> object);
  // After a failure: waits for all queues. False where a device is lost now; the context then goes
  // to Abandon.
  bool DrainAfterFailure(const Status& failure);
  // To the quarantine, with what the context needs to end, and with the host memory of the run's
  // tensors.
  static void Abandon(std::unique_ptr<RunContext> context, std::shared_ptr<const void> keep_alive,
                      std::vector<std::shared_ptr<void>> tensors);

 private:
  struct PatchOf {  // an argument that points to a tensor's memory
    uint32_t physical;
    uint32_t tensor;
  };
  struct Patches {  // of one stage
    std::vector<PatchOf> inputs, outputs;
    std::vector<PatchOf> views;  // of what kernels allocated: `tensor` is the physical value
  };
  struct Allocated {  // by what kernels allocate
    ArgumentStorage storage;
    Shape shape;
    bool done = false;
  };
  explicit RunContext(const LiveProgram& live) : live_(live) {}
  const Specialisation& planned(uint32_t stage) const { return *stages_[stage]; }
  Status BindStage(uint32_t stage, std::shared_ptr<const Specialisation> specialisation);
  Status TakeArenas(uint32_t stage);
  Status TakeOwnBlocks(uint32_t stage);
  void BindArguments(uint32_t stage);
  void BindArgument(uint32_t stage, uint32_t physical);
  void MakeSteps();
  void BindSteps(uint32_t stage);
  void BindKernel(uint32_t index, uint32_t step);
  void BindWorkspace(uint32_t index, uint32_t step);
  void BeginStages();
  void PatchStage(uint32_t stage);  // what points to tensors and to what was allocated
  Status PlanNext();
  Status ReadSizes(uint32_t stage);
  Status ReadContents(uint32_t stage);
  Status RunHostStep(uint32_t step, const Patience& patience);
  const std::shared_ptr<const Object>& ObjectOf(uint32_t physical) const;
  void SetCancel(const Patience& patience);  // what kernels see of it
  Location LocationOf(uint32_t physical) const;
  Status RunSteps(const Patience& patience);
  Status RunStepsProfiled(const Patience& patience, Profiler* profiler, uint64_t run);
  Status RunProfiled(BoundStep& bound, const Patience& patience);
  const StepWork& WorkOf(size_t index);  // of a bound step that has run
  Shape ShapeOf(uint32_t logical) const;
  Status RunEdge(const BoundStep& bound, const Patience& patience);  // steps that are no kernels
  void CountCopy(const Location& from, const Location& to, uint64_t bytes);
  Status CopyEdges(const std::vector<Route::Edge>& edges, bool in,
                   std::span<Tensor* const> tensors);
  Status Failed(const BoundStep& bound, tenon_status status) const;
  Status Threw(const BoundStep& bound) const;  // in a catch block
  std::string WaitName(uint32_t fence) const;
  void MarkLost(backend::Device& device, std::string_view why) const;

  const LiveProgram& live_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // by device; null where synchronous
  std::vector<std::shared_ptr<const Specialisation>> stages_{nullptr};  // what each is bound to
  const Route* route_ = nullptr;
  std::vector<std::vector<std::shared_ptr<Block>>> arenas_;  // by memory, by block
  std::vector<std::shared_ptr<Block>> own_;                  // by the route's own
  std::vector<tenon_argument> arguments_;                    // by physical value
  std::vector<tenon_argument> workspaces_;                   // by bound step
  std::vector<ArgumentStorage> workspace_storage_;
  std::vector<const tenon_argument*> pointers_;  // of all steps, one after the other
  std::vector<uint32_t> first_pointer_;          // by bound step
  std::vector<BoundStep> steps_;
  std::vector<StepOutputs> step_outputs_;
  std::vector<Patches> patches_;      // by stage
  std::vector<Allocated> allocated_;  // by what kernels allocate
  SizedBlocks sized_blocks_;
  std::vector<std::shared_ptr<const Object>> objects_;                  // by physical value
  std::unordered_map<uint32_t, std::unique_ptr<HostStep>> host_steps_;  // by step
  // Of the run that is under way:
  std::span<Tensor*const> inputs_, outputs_;
  RunOwner* owner_ = nullptr;
  CopyTotals copies_;
  std::vector<StepWork> work_;  // by bound step; empty where nobody has profiled
  uint32_t stage_ = 0;
  uint64_t stage_plan_ns_ = 0;
  bool stage_replanned_ = false;
  std::vector<Shape> key_;
  std::vector<uint32_t> fence_ordinals_;  // by fence, counted on its device
  std::vector<std::shared_ptr<backend::HostTimeline>> bridges_;
  const tenon_cancel* bound_cancel_ = nullptr;
  backend::CancelToken deadline_token_;
};

}  // namespace tenon::execution
