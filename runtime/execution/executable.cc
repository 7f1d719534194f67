#include "tenon/execution/executable.h"

#include "executable_state.h"

namespace tenon::execution {

using program::kNone;

Executable::Executable() : state_(std::make_unique<State>()) {}

Executable::~Executable() = default;

Result<std::shared_ptr<Executable>> Executable::Create(
    std::shared_ptr<const program::Program> program, ExecutableOptions options) {
  std::shared_ptr<Executable> made(new Executable);
  State& state = *made->state_;
  state.profiler.emplace(static_cast<uint32_t>(program->steps.size()));
  TENON_ASSIGN(state.live, LiveProgram::Create(std::move(program), options));
  if (made->program().IsStatic()) {
    std::vector<Shape> inputs;
    for (uint32_t input : made->program().inputs)
      inputs.push_back(made->program().logical[input].shape);
    TENON_RETURN_IF_ERROR([&] {
      auto planned = state.Specialise(inputs, nullptr);
      return planned.ok() ? Status() : std::move(planned).status();
    }());
    state.replan_count = 0;
  }
  return made;
}

const program::Program& Executable::program() const { return state_->live->program(); }
const ExecutableOptions& Executable::options() const { return state_->live->options(); }

std::shared_ptr<Binding> Executable::CreateBinding() {
  return std::make_shared<Binding>(shared_from_this());
}

Result<MemorySpace> Executable::FindSpace(std::string_view backend, uint32_t device) const {
  for (const auto& b : options().backends) {
    if (b->name() != backend) continue;
    for (const auto& d : b->devices()) {
      if (d->id() == device) return DefaultSpace(d.get());
    }
  }
  return Status(Code::kNotFound, "the session uses no device " + std::to_string(device) +
                                     " of a backend \"" + std::string(backend) + "\"");
}

Result<std::shared_ptr<Tensor>> Executable::CreateTensor(const MemorySpace& space, DataType type,
                                                         const Shape& shape) {
  return Tensor::Create(space, type, shape, options().budget, shared_from_this());
}

void Executable::EnableProfile(bool on) {
  uint32_t program = 0;
  EnableProfile(on, std::make_shared<EventLog>(), &program);
}

void Executable::EnableProfile(bool on, const std::shared_ptr<EventLog>& log, uint32_t* number) {
  state_->profiler->Begin(log, (*number)++);
  for (const auto& [step, subprograms] : state_->live->subprograms()) {
    for (const auto& subprogram : subprograms) subprogram->EnableProfile(on, log, number);
  }
  state_->profiling.store(on, std::memory_order_relaxed);
}

std::vector<std::shared_ptr<const Executable>> Executable::Subprograms(uint32_t step) const {
  const auto& all = state_->live->subprograms();
  const auto found = all.find(step);
  if (found == all.end()) return {};
  return {found->second.begin(), found->second.end()};
}

Profile Executable::GetProfile() const { return state_->profiler->Get(); }

ExecutionStatistics Executable::statistics() const {
  const State& state = *state_;
  ExecutionStatistics out;
  out.run_count = state.run_count;
  out.failed_count = state.failed_count;
  out.replan_count = state.replan_count;
  out.copies = {state.copy_count, state.copied_bytes};
  out.first_run_ns = state.first_run_ns;
  out.first_run_plan_ns = state.first_run_plan_ns;
  out.first_run_kernel_ns = state.first_run_kernel_ns;
  out.constant_bytes = state.live->constant_bytes();
  out.prepacked_bytes = state.live->prepacked_bytes();
  out.uploaded_bytes = state.live->uploaded_bytes();
  std::lock_guard lock(state.mutex);
  out.plan_count = state.plans.size();
  out.plan_bytes = state.plan_bytes;
  if (const Specialisation* plan = state.LastWhole()) {
    out.arena_bytes = plan->arena_bytes();
    out.arena_lower_bound_bytes = plan->arena_lower_bound();
  }
  return out;
}

std::string Executable::KernelName(uint32_t step) const {
  std::lock_guard lock(state_->mutex);
  if (const Specialisation* plan = state_->LastWhole()) {
    const LiveKernel* kernel = plan->kernel(step);
    return kernel != nullptr ? kernel->descriptor()->name : "";
  }
  const uint32_t kernel = program().steps[step].kernel;
  return kernel == kNone ? "" : program().kernels[kernel].descriptor;
}

Result<std::string> Executable::ProgramJson() const {
  std::lock_guard lock(state_->mutex);
  const Specialisation* plan = state_->LastWhole();
  if (plan == nullptr) return program::ProgramJson(program(), {}, {});
  return program::ProgramJson(program(), plan->resolved(), plan->memory());
}

Result<std::shared_ptr<const Specialisation>> Executable::State::Specialise(
    std::span<const Shape> key, const Specialisation* before) {
  const uint32_t stage = before != nullptr ? before->stage() + 1 : 0;
  std::shared_ptr<const Specialisation> previous;
  {
    std::lock_guard lock(mutex);
    for (auto plan = plans.begin(); plan != plans.end(); ++plan) {
      if ((*plan)->stage() != stage) continue;
      if (!previous) previous = *plan;
      if (!std::ranges::equal((*plan)->key(), key)) continue;
      plans.splice(plans.begin(), plans, plan);
      return plans.front();
    }
  }
  TENON_ASSIGN(auto made, Specialisation::Build(*live, key, before, previous.get()));
  replan_count.fetch_add(1, std::memory_order_relaxed);
  std::lock_guard lock(mutex);
  plans.push_front(made);
  plan_bytes += made->bytes();
  while (plan_bytes > live->options().plan_cache_bytes && plans.size() > 1) {
    plan_bytes -= plans.back()->bytes();
    plans.pop_back();
  }
  return made;
}

const Specialisation* Executable::State::LastWhole() const {
  for (const auto& plan : plans) {
    if (plan->stage() + 1 == live->stages().count) return plan.get();
  }
  return nullptr;
}

const Route* Executable::State::FindRoute(const BindingLayout& layout) {
  std::lock_guard lock(mutex);
  for (const auto& route : routes) {
    if (route->layout() == layout) return route.get();
  }
  routes.push_back(std::make_unique<Route>(*live, layout));
  return routes.back().get();
}

Result<std::unique_ptr<RunContext>> Executable::State::Acquire(
    std::unique_ptr<RunContext> held, const std::shared_ptr<const Specialisation>& specialisation,
    const Route* route) {
  if (held && held->IsBoundTo(specialisation.get(), route)) return held;
  {
    std::lock_guard lock(mutex);
    for (auto& context : idle) {
      if (!context->IsBoundTo(specialisation.get(), route)) continue;
      std::swap(context, held);
      if (!context) std::erase(idle, nullptr);
      return held;
    }
    if (!held && !idle.empty()) {
      held = std::move(idle.back());
      idle.pop_back();
    }
  }
  if (!held) {
    TENON_ASSIGN(held, RunContext::Create(*live));
  }
  Status status = held->Bind(specialisation, route);
  if (!status.ok()) {
    // Memory of contexts that nobody uses may be what is missing.
    std::vector<std::unique_ptr<RunContext>> ended;
    {
      std::lock_guard lock(mutex);
      ended.swap(idle);
    }
    const bool memory =
        status.code() == Code::kBudgetExceeded || status.code() == Code::kOutOfMemory;
    if (!memory || ended.empty()) return status;
    ended.clear();
    TENON_RETURN_IF_ERROR(held->Bind(specialisation, route));
  }
  return held;
}

void Executable::State::Release(std::unique_ptr<RunContext> context) {
  if (!context) return;
  std::lock_guard lock(mutex);
  if (idle.size() >= live->options().max_contexts) return;
  try {
    idle.push_back(std::move(context));
  } catch (const std::bad_alloc&) {  // destructors call this: the context ends instead
  }
}

}  // namespace tenon::execution
