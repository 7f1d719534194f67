// A program that runs: the room's face to the session. An Executable is thread-safe; runs go
// through Bindings, each used by one run at a time.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tenon/backend/backend.h"
#include "tenon/execution/async_runner.h"
#include "tenon/execution/budget.h"
#include "tenon/execution/memory.h"
#include "tenon/execution/tensor.h"
#include "tenon/execution/weight_cache.h"
#include "tenon/graph/file.h"
#include "tenon/program/plan.h"
#include "tenon/program/program.h"

namespace tenon::execution {

struct ExecutableOptions {
  std::vector<std::shared_ptr<backend::Backend>> backends;
  std::shared_ptr<WeightCache> weights = std::make_shared<WeightCache>();
  std::shared_ptr<Quarantine> quarantine = std::make_shared<Quarantine>();
  std::shared_ptr<ByteBudget> budget = std::make_shared<ByteBudget>();
  std::shared_ptr<AsyncRunner> async = std::make_shared<AsyncRunner>();
  std::shared_ptr<const program::ForeignOperators>
      foreign;  // shape functions of backends' own operators; may be null
  std::vector<std::shared_ptr<const graph::File>> files;  // with weights: checked before each run
  uint64_t plan_cache_bytes = uint64_t{64} << 20;         // of specialisations kept
  uint64_t drain_timeout_ns = 10'000'000'000;  // after a failure, for all queues together
  uint32_t max_contexts = 16;                  // kept for reuse
};

// What a run copied between memories, that of its subprograms included.
struct CopyTotals {
  uint64_t count = 0, bytes = 0;
};

// Where a run's time went.
struct RunTimes {
  bool replanned = false;
  uint64_t total_ns = 0, plan_ns = 0, copy_in_ns = 0, compute_ns = 0, copy_out_ns = 0;
  CopyTotals copies;
};

struct RunOptions {
  const backend::CancelToken* cancel = nullptr;
  uint64_t timeout_ns = 0;  // 0: none
  RunTimes* times = nullptr;
  CopyTotals* copies = nullptr;  // where a subprogram's copies are added to those of its caller
};

struct ExecutionStatistics {
  uint64_t run_count = 0, failed_count = 0, replan_count = 0, plan_count = 0, plan_bytes = 0;
  CopyTotals copies;
  uint64_t first_run_ns = 0, first_run_plan_ns = 0, first_run_kernel_ns = 0;
  uint64_t arena_bytes = 0, arena_lower_bound_bytes = 0;
  uint64_t constant_bytes = 0, prepacked_bytes = 0, uploaded_bytes = 0;
};

// One step in a profile. Work (program/work.h) and shapes are those of its last call, but for the totals.
struct StepProfile {
  uint32_t step = 0;
  uint64_t calls = 0, total_ns = 0, min_ns = UINT64_MAX;
  double flops = 0, bytes = 0, total_flops = 0, total_bytes = 0;
  std::vector<Shape> inputs, outputs;  // by argument; of unknown rank where absent or no tensor
};
struct ProfileEvent {
  enum class Kind : uint8_t { kStep, kRun, kCopyIn, kCopyOut };
  Kind kind = Kind::kStep;
  uint32_t program = 0;  // see Profile::program
  uint64_t run = 0;      // of that program, from 1 on
  uint32_t step = 0;     // of kStep
  uint32_t thread = 0;   // by first appearance
  uint64_t begin_ns = 0, end_ns = 0;
  uint64_t correlation_id = 0;  // what tenon_run.correlation_id said; 0 for what is no kernel
};
struct Profile {
  uint32_t program = 0;  // 0 for the program itself; its subprograms, depth first, count on
  uint64_t runs = 0;
  std::vector<StepProfile> steps;
  std::vector<ProfileEvent> events;  // with those of subprograms; of the first runs, up to a bound
  uint64_t events_left_out = 0;
};

class Binding;

class Executable : public std::enable_shared_from_this<Executable> {
 public:
  // Makes kernels, packs and uploads weights; a static program is also planned.
  static Result<std::shared_ptr<Executable>> Create(std::shared_ptr<const program::Program> program,
                                                    ExecutableOptions options);
  ~Executable();

  const program::Program& program() const;
  const ExecutableOptions& options() const;
  std::shared_ptr<Binding> CreateBinding();
  // The space of a backend's device; kNotFound where the program's backends have no such device.
  Result<MemorySpace> FindSpace(std::string_view backend, uint32_t device) const;
  Result<std::shared_ptr<Tensor>> CreateTensor(const MemorySpace& space, DataType type,
                                               const Shape& shape);

  // With all subprograms. Forgets what was measured before.
  void EnableProfile(bool on);
  Profile GetProfile() const;
  // Those of step `step`, in the order of program::ProgramNode::subprograms; empty for most.
  std::vector<std::shared_ptr<const Executable>> Subprograms(uint32_t step) const;
  ExecutionStatistics statistics() const;
  // The kernel that step `step` uses with the shapes of the last plan.
  std::string KernelName(uint32_t step) const;
  // The program with the sizes and places of the last plan, see program::ProgramJson. kFailedPrecondition: there is none
  // before the first run, unless all shapes are known.
  Result<std::string> ProgramJson() const;

 private:
  friend class Binding;
  Executable();
  void EnableProfile(bool on, const std::shared_ptr<class EventLog>& log, uint32_t* program);
  struct State;
  std::unique_ptr<State> state_;
};

// The tensors of a run. From the second run with the same shapes on, running allocates nothing.
class Binding {
 public:
  explicit Binding(std::shared_ptr<Executable> executable);
  ~Binding();
  Binding(const Binding&) = delete;
  Binding& operator=(const Binding&) = delete;

  // kInvalidArgument names the input: dtype or rank.
  Status SetInput(uint32_t input, std::shared_ptr<Tensor> tensor);
  Status SetOutput(uint32_t output, std::shared_ptr<Tensor> tensor);
  // Tenon allocates there and keeps the tensor; host is the default for all outputs.
  Status SetOutputSpace(uint32_t output, const MemorySpace& space);
  Status SkipOutput(uint32_t output);
  Status Donate(uint32_t input, uint32_t output);
  Result<std::shared_ptr<Tensor>> GetOutput(uint32_t output) const;
  // Forgets all tensors and settings, keeps the run context: for one-off runs.
  void Reset();

  Status Run(const RunOptions& options);
  // On a thread of the executable's async runner; `done` comes last, on that thread.
  // kFailedPrecondition where a run of this binding is under way. The caller keeps the binding
  // alive.
  Status Start(const RunOptions& options, std::function<void(const Status&)> done);
  bool running() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tenon::execution
