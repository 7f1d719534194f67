#include "run_context.h"

#include <algorithm>

namespace tenon::execution {

using program::kNone;
using program::StepKind;

Result<std::unique_ptr<RunContext>> RunContext::Create(const LiveProgram& live) {
  std::unique_ptr<RunContext> context(new RunContext(live));
  const program::Program& program = live.program();
  for (backend::Device* device : live.devices()) {
    context->lanes_.emplace_back();
    if (device->queue() == nullptr) continue;
    TENON_ASSIGN(context->lanes_.back(), Lane::Create(*device));
  }
  context->arenas_.resize(program.memories.size());
  context->fence_ordinals_.resize(program.fence_count);
  std::vector<uint32_t> set(program.devices.size(), 0);
  for (const program::Step& step : program.steps) {
    if (step.kind == StepKind::kSignal) context->fence_ordinals_[step.fence] = ++set[step.device];
  }
  return context;
}

RunContext::~RunContext() = default;

Status RunContext::Bind(std::shared_ptr<const Specialisation> specialisation, const Route* route) {
  if (IsBoundTo(specialisation.get(), route)) return Status();
  specialisation_ = std::move(specialisation);
  route_ = route;
  Status status = TakeArenas();
  if (status.ok()) status = TakeOwnBlocks();
  if (!status.ok()) {
    specialisation_ = nullptr;
    route_ = nullptr;
    return status;
  }
  BindArguments();
  BindSteps();
  return Status();
}

Status RunContext::TakeArenas() {
  const program::MemoryPlan& plan = specialisation_->memory();
  for (uint32_t m = 0; m < plan.arenas.size(); ++m) {
    auto& blocks = arenas_[m];
    const program::MemoryRef& memory = live_.program().memories[m];
    blocks.resize(std::max(blocks.size(), plan.arenas[m].block_bytes.size()));
    for (size_t b = 0; b < plan.arenas[m].block_bytes.size(); ++b) {
      const uint64_t wanted = plan.arenas[m].block_bytes[b];
      if (wanted == 0 || (blocks[b] && blocks[b]->bytes() >= wanted)) continue;
      // The first size is exact; one that grows is expected to grow on.
      const uint64_t before = blocks[b] ? blocks[b]->bytes() : 0;
      uint64_t bytes = before == 0 ? wanted : std::max(wanted, before + before / 4);
      bytes = std::min(bytes, std::max(wanted, memory.largest_allocation));
      blocks[b].reset();
      auto block = Block::Allocate(live_.space(m), bytes, plan.arenas[m].alignment,
                                   live_.options().budget, "an arena");
      if (!block.ok() && bytes > wanted) {
        block = Block::Allocate(live_.space(m), wanted, plan.arenas[m].alignment,
                                live_.options().budget, "an arena");
      }
      TENON_ASSIGN(blocks[b], std::move(block));
    }
  }
  return Status();
}

Status RunContext::TakeOwnBlocks() {
  own_.resize(route_->own().size());
  for (size_t i = 0; i < own_.size(); ++i) {
    const uint32_t physical = route_->own()[i];
    const uint32_t memory = live_.program().physical[physical].memory;
    const uint64_t bytes = std::max<uint64_t>(specialisation_->argument(physical).bytes, 1);
    const bool fits =
        own_[i] && own_[i]->space() == live_.space(memory) && own_[i]->bytes() >= bytes;
    if (fits) continue;
    own_[i].reset();
    TENON_ASSIGN(own_[i], Block::Allocate(live_.space(memory), bytes,
                                          live_.program().memories[memory].alignment,
                                          live_.options().budget, "a staging block"));
  }
  return Status();
}

Location RunContext::LocationOf(uint32_t physical) const {
  const tenon_argument& argument = arguments_[physical];
  return {live_.space(live_.program().physical[physical].memory), argument.buffer,
          static_cast<std::byte*>(argument.tensor.data), argument.offset};
}

void RunContext::BindArguments() {
  const size_t count = live_.program().physical.size();
  arguments_.resize(count);
  input_patches_.clear();
  output_patches_.clear();
  for (uint32_t p = 0; p < count; ++p) {
    arguments_[p] = specialisation_->argument(p);
    const uint32_t base = live_.base(p);
    const Route::Place& place = route_->place(base);
    Location at;
    switch (place.where) {
      case Route::Where::kArena: {
        const program::Placement& placement = specialisation_->memory().physical[base];
        if (placement.block == kNone) continue;  // no bytes, or no use
        at = arenas_[live_.program().physical[base].memory][placement.block]->At(placement.offset);
        break;
      }
      case Route::Where::kConstant:
        at = live_.constant(base);
        break;
      case Route::Where::kResolved:
        at.data = specialisation_->contents(base);
        break;
      case Route::Where::kOwn:
        at = own_[place.index]->At(0);
        break;
      case Route::Where::kInput:
        input_patches_.push_back({p, place.index});
        continue;
      case Route::Where::kOutput:
        output_patches_.push_back({p, place.index});
        continue;
    }
    PointTo(&arguments_[p], at.buffer, at.data, at.offset);
  }
}

void RunContext::BindSteps() {
  const std::vector<uint32_t>& steps = route_->steps();
  size_t pointers = 0;
  for (uint32_t s : steps) {
    pointers += live_.program().steps[s].inputs.size() + live_.program().steps[s].outputs.size();
  }
  pointers_.clear();
  pointers_.reserve(pointers);
  steps_.assign(steps.size(), {});
  step_outputs_.resize(steps.size());
  workspaces_.resize(steps.size());
  workspace_storage_.resize(steps.size());
  bound_cancel_ = nullptr;
  for (uint32_t i = 0; i < steps.size(); ++i) {
    steps_[i].step = steps[i];
    if (live_.program().steps[steps[i]].kind == StepKind::kKernel) BindKernel(i, steps[i]);
  }
}

void RunContext::BindKernel(uint32_t index, uint32_t s) {
  const program::Step& step = live_.program().steps[s];
  const LiveKernel& kernel = *specialisation_->kernel(s);
  BoundStep& bound = steps_[index];
  bound.descriptor = kernel.descriptor();
  bound.run = bound.descriptor->run;
  bound.kernel = kernel.handle();
  bound.plan = specialisation_->plan(s)->handle();
  tenon_run& run = bound.arguments;
  run.struct_size = sizeof run;
  run.input_count = static_cast<uint32_t>(step.inputs.size());
  run.output_count = static_cast<uint32_t>(step.outputs.size());
  run.inputs = pointers_.data() + pointers_.size();
  for (uint32_t i = 0; i < step.inputs.size(); ++i) {
    const tenon_argument* packed = kernel.packed(i);
    const uint32_t p = step.inputs[i];
    pointers_.push_back(packed != nullptr ? packed : p == kNone ? nullptr : &arguments_[p]);
  }
  run.outputs = pointers_.data() + pointers_.size();
  for (uint32_t p : step.outputs) pointers_.push_back(p == kNone ? nullptr : &arguments_[p]);
  const program::Placement& placement = specialisation_->memory().workspace[s];
  if (placement.bytes != 0) {
    const uint32_t memory = specialisation_->workspace_memory(s);
    const Location at = arenas_[memory][placement.block]->At(placement.offset);
    tenon_argument& workspace = workspaces_[index];
    workspace = MakeArgument(DataType::kUint8, Shape{static_cast<int64_t>(placement.bytes)},
                             TENON_LAYOUT_ROW_MAJOR, placement.bytes, live_.space(memory).device,
                             live_.space(memory).kind, &workspace_storage_[index]);
    PointTo(&workspace, at.buffer, at.data, at.offset);
    run.workspace = &workspace;
  }
  step_outputs_[index].step = &bound;
  backend::RunOutputs* outputs = &step_outputs_[index];
  run.context = reinterpret_cast<tenon_run_context*>(outputs);
  run.queue = lanes_[step.device] ? lanes_[step.device]->queue() : nullptr;
  run.correlation_id = s + 1;
}

void RunContext::SetCancel(const Patience& patience) {
  deadline_token_.SetDeadline(patience.deadline_ns);
  const backend::CancelToken* token = patience.cancel;
  if (token == nullptr && patience.deadline_ns != 0) token = &deadline_token_;
  const tenon_cancel* cancel = token != nullptr ? token->handle() : nullptr;
  if (cancel == bound_cancel_) return;
  for (BoundStep& bound : steps_) bound.arguments.cancel = cancel;
  bound_cancel_ = cancel;
}

Result<const tenon_argument*> StepOutputs::AllocateOutput(uint32_t index, int32_t rank,
                                                          const int64_t* dims) {
  const tenon_run& run = step->arguments;
  if (index >= run.output_count || run.outputs[index] == nullptr) {
    return Status(Code::kInvalidArgument,
                  "allocate_output: there is no output " + std::to_string(index));
  }
  const DLTensor& planned = run.outputs[index]->tensor;
  if (planned.ndim != rank || !std::equal(dims, dims + rank, planned.shape)) {
    return Status(Code::kUnsupported, "allocate_output: output " + std::to_string(index) +
                                          " has another shape than was planned");
  }
  return run.outputs[index];
}

}  // namespace tenon::execution
