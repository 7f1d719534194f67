#include "computation.h"

#include <mutex>

#include "backend.h"
#include "queue.h"
#include "tenon/operators/operator.h"
#include "work.h"

namespace tenon::simulator {
namespace {

class Reference : public Computation {
 public:
  Reference(std::shared_ptr<const Node> node, std::unique_ptr<operators::KernelPlan> plan,
            bool allocates)
      : Computation(node->Label()),
        node_(std::move(node)),
        plan_(std::move(plan)),
        allocates_(allocates) {
    SetWorkspace(static_cast<uint64_t>(plan_->workspace_bytes()));
  }
  Status Run(std::span<void* const> inputs, std::span<void* const> outputs,
             void* workspace) const override {
    return RunAllocating(inputs, outputs, workspace, {});
  }
  bool allocates() const override { return allocates_; }
  Status RunAllocating(std::span<void* const> inputs, std::span<void* const> outputs,
                       void* workspace, operators::OutputAllocator allocate) const override {
    return plan_->RunAllocating({.inputs = inputs,
                                 .outputs = outputs,
                                 .workspace = workspace,
                                 .parallel = operators::ParallelFor::Inline()},
                                allocate);
  }

 private:
  std::shared_ptr<const Node> node_;
  std::unique_ptr<operators::KernelPlan> plan_;
  const bool allocates_;
};

class KernelWork : public Work {
 public:
  KernelWork(const Plan& plan, std::vector<Operand> operands, uint64_t correlation_id)
      : Work(plan.computation->name(), FaultKind::kKernel, correlation_id),
        computation_(plan.computation),
        input_count_(plan.input_bytes.size()),
        output_count_(plan.output_bytes.size()) {
    operands_ = std::move(operands);
  }

 protected:
  Status Execute() const override {
    std::vector<void*> pointers;
    pointers.reserve(operands_.size());
    for (const Operand& operand : operands_) pointers.push_back(operand.data());
    const std::span<void* const> all(pointers);
    return computation_->Run(all.subspan(0, input_count_), all.subspan(input_count_, output_count_),
                             all.back());
  }

 private:
  const std::shared_ptr<const Computation> computation_;
  const size_t input_count_, output_count_;
};

[[noreturn]] void Invalid(const Plan& plan, const std::string& what) {
  throw sdk::Failure(TENON_INVALID_ARGUMENT, plan.computation->name() + ": " + what);
}

Operand OperandOf(const Plan& plan, const std::string& what, const tenon_argument* argument,
                  uint64_t expected) {
  if (!argument || expected == Plan::kAbsent) {
    if (!argument && expected == Plan::kAbsent) return {};
    Invalid(plan, what + (argument ? " is there, the plan was made without it"
                                   : " is missing, the plan has it"));
  }
  if (argument->bytes != expected) {
    Invalid(plan, what + " has " + std::to_string(argument->bytes) +
                      " bytes, the plan was made for " + std::to_string(expected));
  }
  if (expected == 0) return {nullptr, operators::g_no_bytes, 0, 0};
  if (!argument->buffer)
    Invalid(plan,
            what + " has no buffer (memory kind " + std::to_string(argument->memory_kind) + ")");
  const Operand operand = BufferOperand(plan.computation->name() + ": " + what, argument->buffer,
                                        argument->offset, argument->bytes);
  const Storage& storage = *operand.storage;
  const void* expected_data = storage.base() ? storage.base() + argument->offset : nullptr;
  if (argument->tensor.data != expected_data || argument->tensor.byte_offset != 0) {
    Invalid(plan, what + ": tensor.data is not the buffer's base plus offset (NULL for a handle)");
  }
  if (argument->memory_kind != storage.kind()) {
    Invalid(plan, what + " says memory kind " + std::to_string(argument->memory_kind) +
                      ", its buffer has " + std::to_string(storage.kind()));
  }
  if (argument->offset % kMemoryAlignment != 0) {
    Invalid(plan, what + " starts at byte " + std::to_string(argument->offset) +
                      ", expected a multiple of " + std::to_string(kMemoryAlignment));
  }
  return operand;
}

std::vector<Operand> InputsOf(const Plan& plan, const tenon_run& run) {
  std::vector<Operand> operands;
  for (uint32_t i = 0; i < run.input_count; ++i) {
    operands.push_back(
        OperandOf(plan, "input " + std::to_string(i), run.inputs[i], plan.input_bytes[i]));
  }
  return operands;
}

Operand WorkspaceOf(const Plan& plan, const tenon_run& run) {
  const uint64_t bytes = plan.computation->workspace_bytes();
  if (bytes == 0) return {};
  if (!run.workspace || run.workspace->bytes < bytes) {
    Invalid(plan, "the workspace has fewer than the " + std::to_string(bytes) + " bytes asked for");
  }
  return OperandOf(plan, "the workspace", run.workspace, run.workspace->bytes);
}

std::shared_ptr<const Work> MakeWork(const Plan& plan, const tenon_run& run) {
  if (run.input_count != plan.input_bytes.size() || run.output_count != plan.output_bytes.size()) {
    Invalid(plan, "a run with " + std::to_string(run.input_count) + " inputs and " +
                      std::to_string(run.output_count) + " outputs, the plan was made for " +
                      std::to_string(plan.input_bytes.size()) + " and " +
                      std::to_string(plan.output_bytes.size()));
  }
  std::vector<Operand> operands = InputsOf(plan, run);
  for (uint32_t i = 0; i < run.output_count; ++i) {
    operands.push_back(
        OperandOf(plan, "output " + std::to_string(i), run.outputs[i], plan.output_bytes[i]));
  }
  operands.push_back(WorkspaceOf(plan, run));
  return std::make_shared<KernelWork>(plan, std::move(operands), run.correlation_id);
}

std::vector<uint64_t> BytesOf(const tenon_argument* const* arguments, uint32_t count) {
  std::vector<uint64_t> bytes;
  for (uint32_t i = 0; i < count; ++i)
    bytes.push_back(arguments[i] ? arguments[i]->bytes : Plan::kAbsent);
  return bytes;
}

// Work that asks the host for its outputs while the run that enqueued it waits.
class AllocatingWork : public Work {
 public:
  AllocatingWork(const Plan& plan, const tenon_run& run, sdk::Host host)
      : Work(plan.computation->name(), FaultKind::kKernel, run.correlation_id),
        plan_(plan),
        run_(run),
        host_(host) {
    operands_ = InputsOf(plan, run);
    operands_.push_back(WorkspaceOf(plan, run));
  }
  // The run returns: afterwards the work asks nothing any more.
  void Abandon() const {
    std::lock_guard lock(mutex_);
    abandoned_ = true;
  }

 protected:
  Status Execute() const override {
    std::lock_guard lock(mutex_);
    if (abandoned_) return Status(Code::kCancelled, "the run was cancelled");
    std::vector<void*> inputs;
    for (const Operand& operand : operands_) inputs.push_back(operand.data());
    void* const workspace = inputs.back();
    inputs.pop_back();
    const std::vector<void*> no_outputs(run_.output_count);
    Call call = {*this, {}};
    Status status =
        plan_.computation->RunAllocating(inputs, no_outputs, workspace, {&call, Allocate});
    for (const Operand& output : call.outputs)
      output.storage->ownership().Unpin(output.offset, output.bytes);
    return status;
  }

 private:
  struct Call {
    const AllocatingWork& work;
    std::vector<Operand> outputs;  // pinned
  };
  static Result<void*> Allocate(void* context, int output, const Shape& shape) {
    Call& call = *static_cast<Call*>(context);
    const AllocatingWork& work = call.work;
    const tenon_host* table = work.host_.table();
    const tenon_argument* argument = nullptr;
    const tenon_status given =
        table->allocate_output(table, work.run_.context, static_cast<uint32_t>(output),
                               shape.rank(), shape.dims().data(), &argument);
    if (!sdk::IsOk(given)) {
      Status status(static_cast<Code>(given.code), work.host_.Message(given));
      work.host_.Drop(given);
      return status;
    }
    try {
      const Operand operand =
          OperandOf(work.plan_, "output " + std::to_string(output), argument, argument->bytes);
      if (!operand.storage) return static_cast<void*>(operand.host);
      TENON_RETURN_IF_ERROR(operand.storage->ownership().Pin(operand.offset, operand.bytes));
      call.outputs.push_back(operand);
      return static_cast<void*>(operand.data());
    } catch (const sdk::Failure& failure) {
      return Status(static_cast<Code>(failure.code()), failure.what());
    }
  }

  const Plan& plan_;
  const tenon_run& run_;
  const sdk::Host host_;
  mutable std::mutex mutex_;
  mutable bool abandoned_ = false;
};

tenon_status RunAllocating(Device& device, const Plan& plan, const tenon_run& run) {
  const auto work = std::make_shared<AllocatingWork>(plan, run, device.host());
  if (!run.queue) {
    device.CheckStarts();
    return device.ToAbi(work->Run(device));
  }
  const Status status = Queue::Of(run.queue)->Finish(work, run.cancel);
  work->Abandon();
  return device.ToAbi(status);
}

}  // namespace

Result<std::shared_ptr<const Computation>> PlanReference(
    std::shared_ptr<const Node> node, const operators::Kernel& row,
    std::span<const operators::TensorSpec> inputs, std::span<const operators::TensorSpec> outputs) {
  const operators::Operator* meaning = operators::FindOperator(row.domain, row.name);
  const bool allocates = meaning && (meaning->flags & operators::kDataDependent) != 0;
  std::vector<operators::TensorSpec> open(outputs.begin(), outputs.end());
  for (operators::TensorSpec& spec : open) {
    if (allocates) spec.shape = Shape::UnknownRank();
  }
  auto plan = row.Plan(node->view(), inputs, open);
  if (!plan.ok()) return std::move(plan).status();
  return std::shared_ptr<const Computation>(
      std::make_shared<Reference>(std::move(node), std::move(*plan), allocates));
}

Plan::Plan(std::shared_ptr<const Computation> its_computation, const tenon_argument* const* inputs,
           uint32_t input_count, const tenon_argument* const* outputs, uint32_t output_count)
    : computation(std::move(its_computation)),
      input_bytes(BytesOf(inputs, input_count)),
      output_bytes(BytesOf(outputs, output_count)) {}

tenon_status RunPlan(Device& device, const Plan& plan, const tenon_run& run) {
  if (plan.computation->allocates()) return RunAllocating(device, plan, run);
  const auto work = MakeWork(plan, run);
  if (run.cancel && device.host().Cancelled(run.cancel)) {
    throw sdk::Failure(TENON_CANCELLED, work->name() + ": the run was cancelled");
  }
  if (run.queue) {
    Queue::Of(run.queue)->Enqueue(work);
    return sdk::kOk;
  }
  device.CheckStarts();
  return device.ToAbi(work->Run(device));
}

}  // namespace tenon::simulator
