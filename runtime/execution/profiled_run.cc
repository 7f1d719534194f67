// The loop of a run that is profiled: each step is timed, and its device drained before the next one.
#include "run_context.h"
#include "tenon/program/work.h"

namespace tenon::execution {

using program::kNone;
using program::StepKind;

Status RunContext::RunStepsProfiled(const Patience& patience, Profiler* profiler, uint64_t run) {
  work_.resize(steps_.size());
  for (size_t i = 0; i < steps_.size(); ++i) {
    BoundStep& bound = steps_[i];
    bound.arguments.correlation_id = profiler->NextId();
    ProfileEvent event{.run = run, .step = bound.step, .begin_ns = backend::ClockNs()};
    TENON_RETURN_IF_ERROR(RunProfiled(bound, patience));
    event.end_ns = backend::ClockNs();
    if (bound.run != nullptr) event.correlation_id = bound.arguments.correlation_id;
    profiler->Add(event, WorkOf(i));
    TENON_RETURN_IF_ERROR(patience.Check());
  }
  return Status();
}

Status RunContext::RunProfiled(BoundStep& bound, const Patience& patience) {
  if (bound.run != nullptr) {
    tenon_status status{};
    try {
      status = bound.run(bound.descriptor, bound.kernel, bound.plan, &bound.arguments);
    } catch (...) {
      return Threw(bound);
    }
    if (status.code != TENON_OK) return Failed(bound, status);
  } else {
    TENON_RETURN_IF_ERROR(RunEdge(bound, patience));
  }
  const program::Step& step = live_.program().steps[bound.step];
  const bool works = step.kind == StepKind::kKernel || step.kind == StepKind::kCopy;
  if (!works || step.device == kNone || !lanes_[step.device]) return Status();
  bool timed_out = false;
  return lanes_[step.device]
      ->Drain(live_.options().drain_timeout_ns, &timed_out)
      .WithContext(StepName(live_.program(), step));
}

// Kept until the step is bound anew; where its sizes are data they may differ from call to call.
const StepWork& RunContext::WorkOf(size_t index) {
  StepWork& work = work_[index];
  const program::Program& program = live_.program();
  const program::Step& step = program.steps[steps_[index].step];
  if (work.known && !program.Allocates(step)) return work;
  const auto shapes = [&](const std::vector<uint32_t>& arguments, std::vector<Shape>* out) {
    out->clear();
    for (const uint32_t physical : arguments) {
      const uint32_t logical = physical == kNone ? kNone : program.physical[physical].logical;
      const bool tensor = logical != kNone && !program.logical[logical].is_object();
      out->push_back(tensor ? ShapeOf(logical) : Shape::UnknownRank());
    }
  };
  shapes(step.inputs, &work.inputs);
  shapes(step.outputs, &work.outputs);
  const operators::Cost cost =
      program::WorkOf(program, step, [this](uint32_t logical) { return ShapeOf(logical); });
  work.flops = cost.flops;
  work.bytes = cost.bytes;
  work.known = true;
  return work;
}

// As far as it is known by now, with what was allocated in this stage.
Shape RunContext::ShapeOf(uint32_t logical) const {
  const Shape& shape = planned(stage_).shape(logical);
  if (shape.IsStatic()) return shape;
  for (const program::Stages::Sized& value : live_.sized_values()) {
    if (value.logical != logical) continue;
    const Allocated& allocated = allocated_[live_.sized(value.physical)];
    if (allocated.done) return allocated.shape;
  }
  return shape;
}

}  // namespace tenon::execution
