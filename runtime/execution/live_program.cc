#include "live_program.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "arguments.h"

namespace tenon::execution {

using program::Home;
using program::kNone;
using program::StepKind;

Result<std::unique_ptr<LiveProgram>> LiveProgram::Create(
    std::shared_ptr<const program::Program> program, const ExecutableOptions& options) {
  std::unique_ptr<LiveProgram> live(new LiveProgram);
  live->program_ = std::move(program);
  live->options_ = options;
  live->making_ = {live->program_.get(), options.weights.get(), options.budget, 0};
  TENON_RETURN_IF_ERROR(live->FindDevices());
  live->FindStages();
  TENON_RETURN_IF_ERROR(live->MakeKernels());
  TENON_RETURN_IF_ERROR(live->PlaceConstants());
  TENON_RETURN_IF_ERROR(live->MakeSubprograms());
  return live;
}

Status LiveProgram::FindDevices() {
  for (const program::DeviceRef& ref : program_->devices) {
    backend::Device* found = nullptr;
    for (const auto& backend : options_.backends) {
      if (backend->name() != ref.backend) continue;
      for (const auto& device : backend->devices()) {
        if (device->id() == ref.id) found = device.get();
      }
    }
    if (found == nullptr) {
      return Status(Code::kNotFound, "device " + std::to_string(ref.id) + " of backend " +
                                         ref.backend + " is not there, and the program needs it");
    }
    devices_.push_back(found);
  }
  for (const program::MemoryRef& ref : program_->memories) {
    spaces_.push_back(ref.device == kNone ? MemorySpace{}
                                          : MemorySpace{devices_[ref.device], ref.kind});
  }
  base_.resize(program_->physical.size());
  for (uint32_t p = 0; p < base_.size(); ++p) {
    uint32_t b = p;
    while (program_->physical[b].home == Home::kAlias) b = program_->physical[b].index;
    base_[p] = b;
  }
  return CheckDevices();
}

void LiveProgram::FindStages() {
  stages_ = program::FindStages(*program_);
  // A value can be bound when its shape is known and its base has a place: in the stage that first
  // writes it.
  std::vector<uint32_t> made_in(program_->physical.size(), kNone);
  for (uint32_t s = 0; s < program_->steps.size(); ++s) {
    for (uint32_t p : program_->steps[s].outputs) {
      if (p == kNone || made_in[base_[p]] != kNone) continue;
      made_in[base_[p]] = stages_.step[s];
    }
  }
  sized_.assign(program_->physical.size(), kNone);
  for (const auto& sized : stages_.sized) {
    for (const program::Stages::Sized& value : sized) {
      sized_[value.physical] = static_cast<uint32_t>(sized_values_.size());
      sized_values_.push_back(value);
    }
  }
  bound_in_.resize(stages_.count);
  for (uint32_t p = 0; p < made_in.size(); ++p) {
    uint32_t stage = stages_.logical[program_->physical[p].logical];
    if (made_in[base_[p]] != kNone) stage = std::max(stage, made_in[base_[p]]);
    bind_stage_.push_back(stage);
    bound_in_[stage].push_back(p);
  }
}

uint32_t LiveProgram::FindMemory(const MemorySpace& space) const {
  if (space.host()) return 0;
  for (uint32_t m = 0; m < spaces_.size(); ++m) {
    if (spaces_[m] == space) return m;
  }
  return kNone;
}

Status LiveProgram::CheckDevices() const {
  for (backend::Device* device : devices_)
    TENON_RETURN_IF_ERROR(options_.quarantine->CheckAlive(device));
  return Status();
}

Status LiveProgram::MakeKernels() {
  kernels_.resize(program_->steps.size());
  for (uint32_t s = 0; s < kernels_.size(); ++s) {
    const program::Step& step = program_->steps[s];
    if (step.kind != StepKind::kKernel) continue;
    TENON_ASSIGN(auto kernel, LiveKernel::Create(making_, *devices_[step.device], step,
                                                 program_->kernels[step.kernel].descriptor));
    kernels_[s].push_back(std::move(kernel));
  }
  return Status();
}

Status LiveProgram::MakeSubprograms() {
  for (uint32_t s = 0; s < program_->steps.size(); ++s) {
    const program::Step& step = program_->steps[s];
    if (step.kind != StepKind::kHost) continue;
    const program::ProgramNode& node = program_->nodes[step.node];
    auto& made = subprograms_[s];
    for (const auto& subprogram : node.subprograms) {
      auto executable = Executable::Create(subprogram, options_);
      if (!executable.ok()) {
        return std::move(executable)
            .status()
            .WithContext("in " + node.node.op + " \"" + node.node.name + "\"");
      }
      const ExecutionStatistics statistics = (*executable)->statistics();
      constant_bytes_ += statistics.constant_bytes;
      making_.prepacked_bytes += statistics.prepacked_bytes;
      uploaded_bytes_ += statistics.uploaded_bytes;
      made.push_back(std::move(executable).value());
    }
  }
  return Status();
}

Result<const LiveKernel*> LiveProgram::Candidate(uint32_t step, uint32_t candidate) const {
  const program::Step& s = program_->steps[step];
  const program::KernelRef& ref = program_->kernels[s.kernel];
  std::lock_guard lock(mutex_);
  auto& made = kernels_[step];
  if (candidate > ref.fallbacks.size())
    return Status(Code::kNotFound, "no further kernel takes these shapes");
  while (made.size() <= candidate) {
    TENON_ASSIGN(auto kernel, LiveKernel::Create(making_, *devices_[s.device], s,
                                                 ref.fallbacks[made.size() - 1]));
    made.push_back(std::move(kernel));
  }
  return made[candidate].get();
}

Status LiveProgram::PlaceConstants() {
  // A constant that all its kernels packed is not placed at all. Fallback kernels may want it as it
  // is, so where there are any it counts as used.
  std::vector<bool> used(program_->physical.size(), false);
  for (uint32_t s = 0; s < kernels_.size(); ++s) {
    const program::Step& step = program_->steps[s];
    const bool fallbacks =
        step.kernel != kNone && !program_->kernels[step.kernel].fallbacks.empty();
    for (uint32_t i = 0; i < step.inputs.size(); ++i) {
      if (step.inputs[i] == kNone) continue;
      const bool packed = !kernels_[s].empty() && kernels_[s][0]->packed(i) != nullptr;
      if (!packed || fallbacks) used[base_[step.inputs[i]]] = true;
    }
  }
  for (uint32_t p : program_->output_physical) used[base_[p]] = true;
  constants_.resize(program_->physical.size());
  CopyQueue queue;
  for (uint32_t p = 0; p < constants_.size(); ++p) {
    if (program_->physical[p].home != Home::kConstant || !used[p]) continue;
    TENON_RETURN_IF_ERROR(PlaceConstant(p, &queue).WithContext(
        "constant \"" + program_->logical[program_->physical[p].logical].name + "\""));
  }
  std::unordered_set<const graph::Blob*> seen;
  for (const auto& constant : program_->constants) {
    if (constant->blob && seen.insert(constant->blob.get()).second)
      constant_bytes_ += constant->blob->size;
  }
  return Status();
}

Status LiveProgram::PlaceConstant(uint32_t physical, CopyQueue* queue) {
  const program::PhysicalValue& value = program_->physical[physical];
  const graph::Constant& constant = *program_->constants[value.index];
  const MemorySpace& space = spaces_[value.memory];
  if (program_->logical[value.logical].is_object()) {
    auto object = std::make_shared<Object>();
    object->type = constant.type;
    object->shape = constant.shape;
    object->strings = constant.strings;
    objects_[physical] = std::move(object);
    return Status();
  }
  if (value.layout != TENON_LAYOUT_ROW_MAJOR || !constant.blob) {
    return Status(Code::kUnsupported, "only dense row-major numbers are placed as constants");
  }
  auto* data = const_cast<std::byte*>(constant.blob->data);
  if (space.host() && IsAligned(data, constant.type)) {
    constants_[physical] = {{}, nullptr, data, 0};
    return Status();
  }
  TENON_ASSIGN(auto charge, Charge::Make(options_.budget, constant.blob->size, "a constant"));
  const WeightKey key = WeightKey::Of(constant, space.device, space.kind, "");
  auto make = [&]() -> Result<std::shared_ptr<Block>> {
    TENON_ASSIGN(auto block, Block::Allocate(space, constant.blob->size, 1, nullptr, "a constant"));
    TENON_RETURN_IF_ERROR(CopyNow({{}, nullptr, data, 0}, block->At(0), constant.blob->size,
                                  options_.drain_timeout_ns, queue));
    return block;
  };
  TENON_ASSIGN(auto weight, options_.weights->GetOrMake(key, constant.blob, make));
  graph::ReleasePages(*constant.blob);
  constants_[physical] = weight->block->At(0);
  if (!space.host()) uploaded_bytes_ += constant.blob->size;
  held_.push_back(std::move(weight));
  charges_.push_back(std::move(charge));
  return Status();
}

}  // namespace tenon::execution
