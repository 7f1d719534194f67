// A run whose sizes are data: kernels allocate their outputs, and each kPlan step plans what is
// behind it.
#include <algorithm>

#include "run_context.h"

namespace tenon::execution {

using program::kNone;

void RunContext::BeginStages() {
  stage_ = 0;
  stage_plan_ns_ = 0;
  stage_replanned_ = false;
  key_.assign(planned(0).key().begin(), planned(0).key().end());
  for (Allocated& allocated : allocated_) allocated.done = false;
  std::ranges::fill(objects_, nullptr);
  sized_blocks_.BeginRun();
}

void RunContext::PatchStage(uint32_t stage) {
  for (const PatchOf& patch : patches_[stage].inputs) {
    const Location& at = inputs_[patch.tensor]->location();
    PointTo(&arguments_[patch.physical], at.buffer, at.data, at.offset);
  }
  for (const PatchOf& patch : patches_[stage].outputs) {
    const Location& at = outputs_[patch.tensor]->location();
    PointTo(&arguments_[patch.physical], at.buffer, at.data, at.offset);
  }
  for (const PatchOf& patch : patches_[stage].views) {
    const Location at = LocationOf(patch.tensor);
    PointTo(&arguments_[patch.physical], at.buffer, at.data, at.offset);
  }
}

Status RunContext::PlanNext() {
  const uint64_t begin = backend::ClockNs();
  const uint32_t next = stage_ + 1;
  TENON_RETURN_IF_ERROR(ReadSizes(next));
  TENON_RETURN_IF_ERROR(ReadContents(next));
  if (!stages_[next] || !std::ranges::equal(stages_[next]->key(), key_)) {
    TENON_ASSIGN(auto plan, owner_->PlanStage(key_, planned(stage_)));
    TENON_RETURN_IF_ERROR(BindStage(next, std::move(plan)));
    stage_replanned_ = true;
  }
  stage_ = next;
  const program::Program& program = live_.program();
  for (uint32_t o = 0; o < program.outputs.size(); ++o) {
    const uint32_t logical = program.outputs[o];
    if (live_.stages().logical[logical] != next || !route_->layout().outputs[o]) continue;
    auto given = owner_->GiveOutput(o, planned(next).shape(logical));
    if (!given.ok()) return std::move(given).status();
  }
  PatchStage(next);
  stage_plan_ns_ += backend::ClockNs() - begin;
  return Status();
}

Status RunContext::ReadSizes(uint32_t stage) {
  for (const program::Stages::Sized& value : live_.stages().sized[stage]) {
    const Allocated& allocated = allocated_[live_.sized(value.physical)];
    if (!allocated.done) {
      return Status(Code::kInternal, "its kernel has not allocated \"" +
                                         live_.program().logical[value.logical].name +
                                         "\", though it says so (TENON_KERNEL_ALLOCATES_OUTPUT)")
          .WithContext(StepName(live_.program(), live_.program().steps[value.step]));
    }
    key_.push_back(allocated.shape);
  }
  return Status();
}

Status RunContext::ReadContents(uint32_t stage) {
  for (uint32_t p : live_.stages().read[stage]) {
    const tenon_argument& argument = arguments_[p];
    if (argument.bytes > program::kMostReadBytes) {
      const uint32_t logical = live_.program().physical[p].logical;
      return Status(Code::kUnsupported,
                    "\"" + live_.program().logical[logical].name +
                        "\", which decides a shape, has " + std::to_string(argument.bytes) +
                        " bytes: the most is " + std::to_string(program::kMostReadBytes));
    }
    program::AppendContents(static_cast<const std::byte*>(argument.tensor.data), argument.bytes,
                            &key_);
  }
  return Status();
}

namespace {

// Whether `shape` is one of those that `known` allows.
bool Fits(const Shape& shape, const Shape& known) {
  if (!known.has_rank()) return true;
  if (shape.rank() != known.rank()) return false;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (known[axis] >= 0 && known[axis] != shape[axis]) return false;
  }
  return true;
}

Status Refuse(Code code, uint32_t index, const std::string& what) {
  return Status(code, "allocate_output: output " + std::to_string(index) + " " + what);
}

}  // namespace

Result<const tenon_argument*> RunContext::AllocateOutput(uint32_t step, uint32_t index,
                                                         const Shape& shape) {
  const std::vector<uint32_t>& outputs = live_.program().steps[step].outputs;
  if (index >= outputs.size() || outputs[index] == kNone)
    return Refuse(Code::kInvalidArgument, index, "is not there, or not wanted");
  const uint32_t physical = outputs[index];
  const program::PhysicalValue& value = live_.program().physical[physical];
  const program::LogicalValue& logical = live_.program().logical[value.logical];
  const Shape& known = planned(stage_).shape(value.logical);
  if (!shape.IsStatic() || !Fits(shape, known)) {
    return Refuse(Code::kInvalidArgument, index,
                  "has shape " + shape.ToString() + ", expected " + known.ToString());
  }
  const uint32_t sized = live_.sized(physical);
  if (sized == kNone) return &arguments_[physical];  // its shape was known before
  Allocated& allocated = allocated_[sized];
  if (allocated.done) return Refuse(Code::kFailedPrecondition, index, "was allocated before");
  const MemorySpace& space = live_.space(value.memory);
  TENON_ASSIGN(const uint64_t bytes, LayoutBytes(logical.type, shape, value.layout, space.device));
  const Route::Place& place = route_->place(physical);
  Location at;
  if (place.where == Route::Where::kOutput) {
    TENON_ASSIGN(const Tensor* tensor, owner_->GiveOutput(place.index, shape));
    at = tensor->location();
  } else {
    TENON_ASSIGN(
        at, sized_blocks_.Take(space, bytes, live_.program().memories[value.memory].alignment, step,
                               live_.sized_values()[sized].last, live_.options().budget));
  }
  arguments_[physical] = MakeArgument(logical.type, shape, value.layout, bytes, space.device,
                                      space.kind, &allocated.storage);
  PointTo(&arguments_[physical], at.buffer, at.data, at.offset);
  allocated.shape = shape;
  allocated.done = true;
  return &arguments_[physical];
}

Result<const tenon_argument*> StepOutputs::AllocateOutput(uint32_t index, int32_t rank,
                                                          const int64_t* dims) {
  if (rank < 0 || rank > kMaxRank || (rank > 0 && dims == nullptr))
    return Refuse(Code::kInvalidArgument, index, "has rank " + std::to_string(rank));
  return context->AllocateOutput(step->step, index,
                                 Shape(std::span(dims, static_cast<size_t>(rank))));
}

}  // namespace tenon::execution
