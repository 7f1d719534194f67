#include "specialisation.h"

namespace tenon::execution {

using program::Home;
using program::kNone;
using program::StepKind;

Result<std::shared_ptr<const Specialisation>> Specialisation::Build(
    const LiveProgram& live, std::span<const Shape> key, const Specialisation* before,
    const Specialisation* previous) {
  std::shared_ptr<Specialisation> made(new Specialisation);
  const program::Program& program = live.program();
  made->live_ = &live;
  made->key_.assign(key.begin(), key.end());
  made->stage_ = before != nullptr ? before->stage_ + 1 : 0;
  TENON_RETURN_IF_ERROR(made->Resolve(live, before, previous));
  if (before != nullptr) made->TakeOver(*before);
  TENON_RETURN_IF_ERROR(made->MakeArguments(live, previous));
  made->plans_.resize(program.steps.size());
  made->workspace_.resize(program.steps.size());
  for (uint32_t s = live.stages().begin[made->stage_]; s < live.stages().end(made->stage_); ++s) {
    if (program.steps[s].kind != StepKind::kKernel) continue;
    TENON_RETURN_IF_ERROR(made->PrepareStep(live, s, previous));
    TENON_RETURN_IF_ERROR(made->RequestWorkspace(live, s));
  }
  TENON_RETURN_IF_ERROR(before == nullptr
                            ? program::PlanMemory(program, made->resolved_, made->workspace_,
                                                  made->physical_bytes_, &made->memory_)
                            : program::PlanStage(program, made->stage_, made->workspace_,
                                                 made->physical_bytes_, &made->memory_));
  made->in_ = {};
  made->out_ = {};
  made->bytes_ = sizeof *made + program.logical.size() * (sizeof(Shape) + 32) +
                 program.physical.size() * (sizeof(ArgumentStorage) + sizeof(tenon_argument) + 32) +
                 program.steps.size() * 192;
  return std::shared_ptr<const Specialisation>(std::move(made));
}

Status Specialisation::Resolve(const LiveProgram& live, const Specialisation* before,
                               const Specialisation* previous) {
  const program::ResolvedShapes* other = previous != nullptr ? &previous->resolved_ : nullptr;
  const program::ForeignOperators* foreign = live.options().foreign.get();
  if (before == nullptr)
    return program::ResolveShapes(live.program(), key_, other, &resolved_, foreign);
  resolved_ = before->resolved_;
  const std::span<const Shape> sizes = std::span(key_).subspan(before->key_.size());
  return program::ResolveStage(live.program(), stage_, sizes, other, &resolved_, foreign);
}

void Specialisation::TakeOver(const Specialisation& before) {
  storage_ = before.storage_;
  arguments_ = before.arguments_;
  for (uint32_t p = 0; p < arguments_.size(); ++p) {
    arguments_[p].tensor.shape = storage_[p].dims;
    arguments_[p].tensor.strides = storage_[p].strides;
  }
  physical_bytes_ = before.physical_bytes_;
  plans_ = before.plans_;
  workspace_ = before.workspace_;
  memory_ = before.memory_;
}

Status Specialisation::MakeArguments(const LiveProgram& live, const Specialisation* previous) {
  const program::Program& program = live.program();
  const program::Stages& stages = live.stages();
  const size_t count = program.physical.size();
  storage_.resize(count);
  arguments_.resize(count);
  physical_bytes_.resize(count);
  for (uint32_t p = 0; p < count; ++p) {
    const uint32_t logical = program.physical[p].logical;
    // What the stage's kernels allocate is described as far as it is known.
    const bool wanted = stages.count == 1 || stages.logical[logical] == stage_ ||
                        (live.sized(p) != kNone && stages.logical[logical] == stage_ + 1);
    if (!wanted) continue;
    if (previous == nullptr || resolved_.changed[logical]) {
      TENON_RETURN_IF_ERROR(MakeArgumentOf(live, p));
      continue;
    }
    storage_[p] = previous->storage_[p];
    arguments_[p] = previous->arguments_[p];
    arguments_[p].tensor.shape = storage_[p].dims;
    arguments_[p].tensor.strides = storage_[p].strides;
    physical_bytes_[p] = previous->physical_bytes_[p];
  }
  return Status();
}

Status Specialisation::MakeArgumentOf(const LiveProgram& live, uint32_t p) {
  const program::PhysicalValue& value = live.program().physical[p];
  const program::LogicalValue& logical = live.program().logical[value.logical];
  const Shape& shape = resolved_.shapes[value.logical];
  const MemorySpace& space = live.space(value.memory);
  if (logical.is_object()) return Status();  // it has no bytes
  const bool open = live.sized(p) != kNone && live.stages().logical[value.logical] > stage_;
  if (!open && !shape.IsStatic()) {
    return Status(Code::kUnsupported, "the shape of \"" + logical.name + "\" is " +
                                          shape.ToString() +
                                          " even with all input shapes known: it depends on data");
  }
  uint64_t bytes = 0;
  if (!open) {
    auto counted = LayoutBytes(logical.type, shape, value.layout, space.device);
    if (!counted.ok()) return std::move(counted).status().WithContext("\"" + logical.name + "\"");
    bytes = *counted;
  }
  physical_bytes_[p] = bytes;
  arguments_[p] = MakeArgument(logical.type, shape, value.layout, bytes, space.device, space.kind,
                               &storage_[p]);
  return Status();
}

Status Specialisation::PrepareStep(const LiveProgram& live, uint32_t s,
                                   const Specialisation* previous) {
  const program::Step& step = live.program().steps[s];
  bool same = previous != nullptr;
  auto unchanged = [&](uint32_t p) {
    return p == kNone || !resolved_.changed[live.program().physical[p].logical];
  };
  for (size_t i = 0; same && i < step.inputs.size(); ++i) same = unchanged(step.inputs[i]);
  for (size_t i = 0; same && i < step.outputs.size(); ++i) same = unchanged(step.outputs[i]);
  if (same) {
    plans_[s] = previous->plans_[s];
    return Status();
  }
  out_.clear();
  for (uint32_t p : step.outputs) out_.push_back(p == kNone ? nullptr : &arguments_[p]);
  std::string declined;
  for (uint32_t candidate = 0;; ++candidate) {
    auto kernel = live.Candidate(s, candidate);
    if (!kernel.ok()) {
      if (kernel.status().code() != Code::kNotFound) return std::move(kernel).status();
      return Status(Code::kUnsupported, "every kernel declines these shapes: " + declined)
          .WithContext(StepName(live.program(), step));
    }
    in_.clear();
    for (uint32_t i = 0; i < step.inputs.size(); ++i) {
      const tenon_argument* packed = (*kernel)->packed_shape(i);
      in_.push_back(step.inputs[i] == kNone ? nullptr
                    : packed != nullptr     ? packed
                                            : &arguments_[step.inputs[i]]);
    }
    auto plan = (*kernel)->Prepare(in_, out_);
    if (plan.ok()) {
      plans_[s] = std::move(plan).value();
      return Status();
    }
    if (plan.status().code() != Code::kUnsupported) {
      return std::move(plan).status().WithContext(StepName(live.program(), step));
    }
    declined += (declined.empty() ? "" : "; ") + std::string((*kernel)->descriptor()->name) + ": " +
                std::string(plan.status().message());
  }
}

Status Specialisation::RequestWorkspace(const LiveProgram& live, uint32_t s) {
  const tenon_plan_info& info = plans_[s]->info();
  if (info.workspace_bytes == 0) return Status();
  program::WorkspaceRequest& request = workspace_[s];
  request.memory = live.FindMemory({&plans_[s]->kernel().device(), info.workspace_kind});
  if (request.memory == kNone) {
    return Status(Code::kUnsupported, "workspace in memory kind " +
                                          std::to_string(info.workspace_kind) +
                                          ", in which the program has no arena")
        .WithContext(StepName(live.program(), live.program().steps[s]));
  }
  request.bytes = info.workspace_bytes;
  request.alignment =
      std::max(info.workspace_alignment, live.program().memories[request.memory].alignment);
  return Status();
}

std::byte* Specialisation::contents(uint32_t physical) const {
  const uint32_t logical = live_->program().physical[physical].logical;
  if (logical >= resolved_.contents.size() || !resolved_.contents[logical].known) return nullptr;
  return const_cast<std::byte*>(resolved_.contents[logical].bytes.data());
}

uint64_t Specialisation::arena_bytes() const {
  uint64_t sum = 0;
  for (const program::Arena& arena : memory_.arenas) sum += arena.bytes;
  return sum;
}

uint64_t Specialisation::arena_lower_bound() const {
  uint64_t sum = 0;
  for (const program::Arena& arena : memory_.arenas) sum += arena.lower_bound;
  return sum;
}

}  // namespace tenon::execution
