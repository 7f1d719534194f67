// The loop that runs a bound program, and what happens when a step fails.
#include <algorithm>

#include "run_context.h"

namespace tenon::execution {

using program::kNone;
using program::StepKind;

Status RunContext::Run(std::span<Tensor* const> inputs, std::span<Tensor* const> outputs,
                       RunOwner* owner, const Patience& patience, Profiler* profiler,
                       RunTimes* times) {
  inputs_ = inputs;
  outputs_ = outputs;
  owner_ = owner;
  copies_ = {};
  if (stages_.size() > 1) BeginStages();
  PatchStage(0);
  SetCancel(patience);
  for (auto& lane : lanes_) {
    if (lane) lane->BeginRun();
  }
  bridges_.clear();
  const bool timed = times != nullptr || profiler != nullptr;
  const uint64_t number = profiler != nullptr ? profiler->BeginRun() : 0;
  const uint64_t begin = timed ? backend::ClockNs() : 0;
  if (!route_->copies_in().empty())
    TENON_RETURN_IF_ERROR(CopyEdges(route_->copies_in(), true, inputs));
  const uint64_t copied = timed ? backend::ClockNs() : 0;
  TENON_RETURN_IF_ERROR(profiler == nullptr ? RunSteps(patience)
                                            : RunStepsProfiled(patience, profiler, number));
  for (uint32_t device : route_->drains()) {
    TENON_RETURN_IF_ERROR(lanes_[device]->Signal(live_.program().fence_count + 1));
    TENON_RETURN_IF_ERROR(lanes_[device]
                              ->WaitOnHost(live_.program().fence_count + 1, patience)
                              .WithContext("device " + live_.device(device)->backend().name()));
  }
  const uint64_t computed = timed ? backend::ClockNs() : 0;
  if (!route_->copies_out().empty())
    TENON_RETURN_IF_ERROR(CopyEdges(route_->copies_out(), false, outputs));
  const uint64_t end = timed ? backend::ClockNs() : 0;
  if (times != nullptr) {
    times->copy_in_ns = copied - begin;
    times->compute_ns = computed - copied - stage_plan_ns_;
    times->plan_ns += stage_plan_ns_;
    times->replanned |= stage_replanned_;
    times->copy_out_ns = end - computed;
  }
  if (profiler != nullptr) {
    using Kind = ProfileEvent::Kind;
    const auto span = [&](Kind kind, uint64_t from, uint64_t to) {
      profiler->AddSpan({.kind = kind, .run = number, .begin_ns = from, .end_ns = to});
    };
    if (!route_->copies_in().empty()) span(Kind::kCopyIn, begin, copied);
    if (!route_->copies_out().empty()) span(Kind::kCopyOut, computed, end);
    span(Kind::kRun, begin, end);
  }
  return Status();
}

Status RunContext::RunSteps(const Patience& patience) {
  const bool limited = patience.limited();
  const BoundStep* at = steps_.data();
  try {
    for (const BoundStep* end = at + steps_.size(); at != end; ++at) {
      if (at->run != nullptr) [[likely]] {
        const tenon_status status = at->run(at->descriptor, at->kernel, at->plan, &at->arguments);
        if (status.code != TENON_OK) [[unlikely]]
          return Failed(*at, status);
      } else {
        TENON_RETURN_IF_ERROR(RunEdge(*at, patience));
      }
      if (limited) [[unlikely]]
        TENON_RETURN_IF_ERROR(patience.Check());
    }
  } catch (...) {
    if (at->run == nullptr) throw;
    return Threw(*at);
  }
  return Status();
}

Status RunContext::RunEdge(const BoundStep& bound, const Patience& patience) {
  const program::Step& step = live_.program().steps[bound.step];
  Lane* lane = step.device == kNone ? nullptr : lanes_[step.device].get();
  Status status;
  if (step.kind == StepKind::kPlan) return PlanNext();
  if (step.kind == StepKind::kHost) return RunHostStep(bound.step, patience);
  if (step.kind == StepKind::kCopy) {
    const Location from = LocationOf(step.inputs[0]), to = LocationOf(step.outputs[0]);
    const uint64_t bytes =
        std::min(arguments_[step.inputs[0]].bytes, arguments_[step.outputs[0]].bytes);
    if (bytes == 0) return Status();
    CountCopy(from, to, bytes);
    status = lane != nullptr ? lane->Copy(from, to, bytes)
                             : CopyNow(from, to, bytes, live_.options().drain_timeout_ns);
    if (!status.ok()) return std::move(status).WithContext(StepName(live_.program(), step));
    return status;
  }
  // Without a queue everything is done when its step is.
  if (step.kind == StepKind::kSignal) {
    status = lane != nullptr ? lane->Signal(fence_ordinals_[step.fence]) : Status();
  } else {
    const uint32_t setter = step.kind == StepKind::kHostWait ? step.device : step.other_device;
    Lane* other = setter == kNone ? nullptr : lanes_[setter].get();
    if (other == nullptr) return Status();
    const uint32_t ordinal = fence_ordinals_[step.fence];
    status = step.kind == StepKind::kHostWait || lane == nullptr
                 ? other->WaitOnHost(ordinal, patience)
                 : lane->WaitOnQueue(*other, ordinal, &bridges_);
  }
  if (!status.ok()) return std::move(status).WithContext(WaitName(step.fence));
  return status;
}

// The work behind a fence that failed: what was enqueued on its device since the fence before.
std::string RunContext::WaitName(uint32_t fence) const {
  const program::Program& program = live_.program();
  uint32_t signal = 0;
  while (program.steps[signal].kind != StepKind::kSignal || program.steps[signal].fence != fence)
    ++signal;
  std::vector<uint32_t> work;
  for (uint32_t s = signal; s-- > 0;) {
    const program::Step& step = program.steps[s];
    if (step.device != program.steps[signal].device) continue;
    if (step.kind == StepKind::kSignal) break;
    if (step.kind == StepKind::kKernel || step.kind == StepKind::kCopy) work.push_back(s);
  }
  if (work.empty()) return StepName(program, program.steps[signal]);
  if (work.size() == 1) return StepName(program, program.steps[work[0]]);
  return "one of " + std::to_string(work.size()) + " steps from " +
         StepName(program, program.steps[work.back()]) + " to " +
         StepName(program, program.steps[work.front()]);
}

void RunContext::MarkLost(backend::Device& device, std::string_view why) const {
  live_.options().quarantine->MarkLost(&device, std::string(why));
}

Status RunContext::Failed(const BoundStep& bound, tenon_status status) const {
  const program::Step& step = live_.program().steps[bound.step];
  backend::Device& device = *live_.device(step.device);
  Status taken = device.backend().Take(status).WithContext(StepName(live_.program(), step));
  if (taken.code() == Code::kDeviceLost) MarkLost(device, taken.message());
  return taken;
}

Status RunContext::Threw(const BoundStep& bound) const {
  const program::Program& program = live_.program();
  return backend::ThrownBy("kernel.run").WithContext(StepName(program, program.steps[bound.step]));
}

void RunContext::CountCopy(const Location& from, const Location& to, uint64_t bytes) {
  if (from.space == to.space) return;
  ++copies_.count;
  copies_.bytes += bytes;
}

Status RunContext::CopyEdges(const std::vector<Route::Edge>& edges, bool in,
                             std::span<Tensor* const> tensors) {
  for (const Route::Edge& edge : edges) {
    if (tensors[edge.tensor]->is_object()) {
      tensors[edge.tensor]->SetObject(ObjectOf(edge.physical));
      continue;
    }
    const Location& tensor = tensors[edge.tensor]->location();
    const Location physical = LocationOf(edge.physical);
    const uint64_t bytes = tensors[edge.tensor]->bytes();
    CountCopy(in ? tensor : physical, in ? physical : tensor, bytes);
    Status status = in ? CopyNow(tensor, physical, bytes, live_.options().drain_timeout_ns)
                       : CopyNow(physical, tensor, bytes, live_.options().drain_timeout_ns);
    if (status.ok()) continue;
    const auto& names = in ? live_.program().inputs : live_.program().outputs;
    return std::move(status).WithContext(std::string(in ? "input" : "output") + " \"" +
                                         live_.program().logical[names[edge.tensor]].name + "\"");
  }
  return Status();
}

bool RunContext::DrainAfterFailure(const Status& failure) {
  for (auto& bridge : bridges_)
    bridge->Fail(Caught([] { return Status(Code::kCancelled, "the run failed"); }));
  const uint64_t deadline = backend::ClockNs() + live_.options().drain_timeout_ns;
  bool all_alive = true;
  for (auto& lane : lanes_) {
    if (!lane) continue;
    const uint64_t now = backend::ClockNs();
    bool timed_out = false;
    const Status drained = lane->Drain(deadline > now ? deadline - now : 0, &timed_out);
    if (!timed_out) continue;
    const bool hangs = drained.code() == Code::kDeadlineExceeded;
    MarkLost(lane->device(), (hangs ? "its queue did not end in time after: " : "") +
                                 std::string(failure.message()));
    all_alive = false;
  }
  return all_alive;
}

void RunContext::Abandon(std::unique_ptr<RunContext> context,
                         std::shared_ptr<const void> keep_alive,
                         std::vector<std::shared_ptr<void>> tensors) {
  auto host = std::make_shared<std::vector<std::shared_ptr<void>>>(std::move(tensors));
  for (auto& blocks : context->arenas_) {
    for (auto& block : blocks) {
      if (block && block->space().host()) host->push_back(block);
    }
  }
  for (auto& block : context->own_) {
    if (block && block->space().host()) host->push_back(block);
  }
  for (const auto* blocks : {&context->sized_blocks_.blocks(), &context->sized_blocks_.retired()}) {
    for (const auto& block : *blocks) {
      if (block->space().host()) host->push_back(block);
    }
  }
  for (auto& bridge : context->bridges_) host->push_back(bridge);
  const std::shared_ptr<Quarantine> quarantine = context->live_.options().quarantine;
  std::shared_ptr<RunContext> kept = std::move(context);
  quarantine->Keep(
      [kept, keep_alive]() mutable {
        kept.reset();
        keep_alive.reset();
      },
      host);
}

}  // namespace tenon::execution
