// What an Executable holds: plans by shape, routes by binding layout, idle run contexts.
#pragma once

#include <algorithm>
#include <list>

#include "profiler.h"
#include "run_context.h"

namespace tenon::execution {

struct Executable::State {
  std::unique_ptr<LiveProgram> live;
  mutable std::mutex mutex;                                // of the four below
  std::list<std::shared_ptr<const Specialisation>> plans;  // newest use first
  uint64_t plan_bytes = 0;
  std::vector<std::unique_ptr<Route>> routes;
  std::vector<std::unique_ptr<RunContext>> idle;

  std::optional<Profiler> profiler;
  std::atomic<bool> profiling{false};
  std::atomic<uint64_t> run_count{0}, failed_count{0}, replan_count{0};
  std::atomic<uint64_t> copy_count{0}, copied_bytes{0};
  std::atomic<uint64_t> first_run_ns{0}, first_run_plan_ns{0}, first_run_kernel_ns{0};

  // The plan for these shapes (Specialisation::Build), from the cache or made now. `before` is null
  // for stage 0.
  Result<std::shared_ptr<const Specialisation>> Specialise(std::span<const Shape> key,
                                                           const Specialisation* before);
  // The plan used last that covers all stages, null where there is none. Under the mutex.
  const Specialisation* LastWhole() const;
  const Route* FindRoute(const BindingLayout& layout);
  // A context that is bound to the plan: `held` (may be null), an idle one, or a new one.
  Result<std::unique_ptr<RunContext>> Acquire(
      std::unique_ptr<RunContext> held, const std::shared_ptr<const Specialisation>& specialisation,
      const Route* route);
  void Release(std::unique_ptr<RunContext> context);
};

}  // namespace tenon::execution
