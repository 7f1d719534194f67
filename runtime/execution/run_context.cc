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
  context->stages_.resize(live.stages().count);
  context->patches_.resize(live.stages().count);
  context->allocated_.resize(live.sized_values().size());
  context->arenas_.resize(program.memories.size());
  for (uint32_t s = 0; s < program.steps.size(); ++s) {
    if (program.steps[s].kind != StepKind::kHost) continue;
    context->objects_.resize(program.physical.size());
    context->host_steps_[s] =
        std::make_unique<HostStep>(program.nodes[program.steps[s].node], live.subprograms(s));
  }
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
  std::ranges::fill(stages_, nullptr);
  route_ = route;
  own_.resize(route_->own().size());
  arguments_.resize(live_.program().physical.size());
  MakeSteps();
  Status status = BindStage(0, std::move(specialisation));
  if (!status.ok()) route_ = nullptr;
  return status;
}

Status RunContext::BindStage(uint32_t stage, std::shared_ptr<const Specialisation> specialisation) {
  stages_[stage] = std::move(specialisation);
  Status status = TakeArenas(stage);
  if (status.ok()) status = TakeOwnBlocks(stage);
  if (!status.ok()) {
    stages_[stage] = nullptr;
    return status;
  }
  BindArguments(stage);
  BindSteps(stage);
  return Status();
}

// Blocks that an earlier stage planned with are large enough, so what lives on in them stays. Later
// stages that are bound to a block that is replaced are unbound.
Status RunContext::TakeArenas(uint32_t stage) {
  const program::MemoryPlan& plan = planned(stage).memory();
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
      std::fill(stages_.begin() + stage + 1, stages_.end(), nullptr);
      const uint64_t alignment = plan.arenas[m].block_alignment[b];
      auto block =
          Block::Allocate(live_.space(m), bytes, alignment, live_.options().budget, "an arena");
      if (!block.ok() && bytes > wanted) {
        block =
            Block::Allocate(live_.space(m), wanted, alignment, live_.options().budget, "an arena");
      }
      TENON_ASSIGN(blocks[b], std::move(block));
    }
  }
  return Status();
}

Status RunContext::TakeOwnBlocks(uint32_t stage) {
  for (size_t i = 0; i < own_.size(); ++i) {
    const uint32_t physical = route_->own()[i];
    if (live_.bind_stage(physical) != stage) continue;
    const uint32_t memory = live_.program().physical[physical].memory;
    const uint64_t bytes = std::max<uint64_t>(planned(stage).argument(physical).bytes, 1);
    const bool fits =
        own_[i] && own_[i]->space() == live_.space(memory) && own_[i]->bytes() >= bytes;
    if (fits) continue;
    own_[i].reset();
    std::fill(stages_.begin() + stage + 1, stages_.end(), nullptr);
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

void RunContext::BindArguments(uint32_t stage) {
  patches_[stage] = {};
  for (uint32_t p : live_.bound_in(stage)) BindArgument(stage, p);
}

void RunContext::BindArgument(uint32_t stage, uint32_t p) {
  const uint32_t base = live_.base(p);
  if (live_.program().logical[live_.program().physical[p].logical].is_object()) return;
  if (live_.sized(p) != kNone) return;  // its kernel's run has set it
  arguments_[p] = planned(stage).argument(p);
  if (live_.sized(base) != kNone) return patches_[stage].views.push_back({p, base});
  const Route::Place& place = route_->place(base);
  Location at;
  switch (place.where) {
    case Route::Where::kArena: {
      const program::Placement& placement = planned(stage).memory().physical[base];
      if (placement.block == kNone) return;  // no bytes, or no use
      at = arenas_[live_.program().physical[base].memory][placement.block]->At(placement.offset);
      break;
    }
    case Route::Where::kConstant:
      at = live_.constant(base);
      break;
    case Route::Where::kResolved:
      at.data = planned(stage).contents(base);
      break;
    case Route::Where::kOwn:
      at = own_[place.index]->At(0);
      break;
    case Route::Where::kInput:
      return patches_[stage].inputs.push_back({p, place.index});
    case Route::Where::kOutput:
      return patches_[stage].outputs.push_back({p, place.index});
    case Route::Where::kSized:
    case Route::Where::kObject:
      return;
  }
  PointTo(&arguments_[p], at.buffer, at.data, at.offset);
}

// All steps of the route, unbound.
void RunContext::MakeSteps() {
  const std::vector<uint32_t>& steps = route_->steps();
  steps_.assign(steps.size(), {});
  work_.clear();
  step_outputs_.resize(steps.size());
  workspaces_.resize(steps.size());
  workspace_storage_.resize(steps.size());
  first_pointer_.resize(steps.size());
  bound_cancel_ = nullptr;
  uint32_t pointers = 0;
  for (uint32_t i = 0; i < steps.size(); ++i) {
    const program::Step& step = live_.program().steps[steps[i]];
    steps_[i].step = steps[i];
    first_pointer_[i] = pointers;
    pointers += static_cast<uint32_t>(step.inputs.size() + step.outputs.size());
  }
  pointers_.assign(pointers, nullptr);
}

void RunContext::BindSteps(uint32_t stage) {
  for (uint32_t i = 0; i < steps_.size(); ++i) {
    const uint32_t s = steps_[i].step;
    const bool here = live_.stages().step[s] == stage;
    if (here && !work_.empty()) work_[i].known = false;
    if (here && live_.program().steps[s].kind == StepKind::kKernel) BindKernel(i, s);
  }
}

void RunContext::BindKernel(uint32_t index, uint32_t s) {
  const program::Step& step = live_.program().steps[s];
  const Specialisation& plan = planned(live_.stages().step[s]);
  const LiveKernel& kernel = *plan.kernel(s);
  BoundStep& bound = steps_[index];
  bound = {};
  bound.step = s;
  bound.descriptor = kernel.descriptor();
  bound.run = bound.descriptor->run;
  bound.kernel = kernel.handle();
  bound.plan = plan.plan(s)->handle();
  tenon_run& run = bound.arguments;
  run.struct_size = sizeof run;
  run.input_count = static_cast<uint32_t>(step.inputs.size());
  run.output_count = static_cast<uint32_t>(step.outputs.size());
  const tenon_argument** pointer = pointers_.data() + first_pointer_[index];
  run.inputs = pointer;
  for (uint32_t i = 0; i < step.inputs.size(); ++i) {
    const tenon_argument* packed = kernel.packed(i);
    const uint32_t p = step.inputs[i];
    *pointer++ = packed != nullptr ? packed : p == kNone ? nullptr : &arguments_[p];
  }
  run.outputs = pointer;
  // What the kernel allocates it gets without data, described as far as it is known.
  const bool allocates = (bound.descriptor->flags & TENON_KERNEL_ALLOCATES_OUTPUT) != 0;
  for (uint32_t p : step.outputs)
    *pointer++ = p == kNone ? nullptr : allocates ? &plan.argument(p) : &arguments_[p];
  BindWorkspace(index, s);
  step_outputs_[index].context = this;
  step_outputs_[index].step = &bound;
  backend::RunOutputs* outputs = &step_outputs_[index];
  run.context = reinterpret_cast<tenon_run_context*>(outputs);
  run.queue = lanes_[step.device] ? lanes_[step.device]->queue() : nullptr;
  run.cancel = bound_cancel_;
  run.correlation_id = s + 1;
}

void RunContext::BindWorkspace(uint32_t index, uint32_t s) {
  const Specialisation& plan = planned(live_.stages().step[s]);
  const program::Placement& placement = plan.memory().workspace[s];
  if (placement.bytes == 0) return;
  const uint32_t memory = plan.workspace_memory(s);
  const Location at = arenas_[memory][placement.block]->At(placement.offset);
  tenon_argument& workspace = workspaces_[index];
  workspace = MakeArgument(DataType::kUint8, Shape{static_cast<int64_t>(placement.bytes)},
                           TENON_LAYOUT_ROW_MAJOR, placement.bytes, live_.space(memory).device,
                           live_.space(memory).kind, &workspace_storage_[index]);
  PointTo(&workspace, at.buffer, at.data, at.offset);
  steps_[index].arguments.workspace = &workspace;
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

}  // namespace tenon::execution
