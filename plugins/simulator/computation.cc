#include "computation.h"

#include "backend.h"
#include "queue.h"
#include "work.h"

namespace tenon::simulator {
namespace {

class Reference : public Computation {
 public:
  Reference(std::shared_ptr<const Node> node, std::unique_ptr<operators::KernelPlan> plan)
      : Computation(node->Label()), node_(std::move(node)), plan_(std::move(plan)) {
    SetWorkspace(static_cast<uint64_t>(plan_->workspace_bytes()));
  }
  Status Run(std::span<void* const> inputs, std::span<void* const> outputs,
             void* workspace) const override {
    return plan_->Run({.inputs = inputs,
                       .outputs = outputs,
                       .workspace = workspace,
                       .parallel = operators::ParallelFor::Inline()});
  }

 private:
  std::shared_ptr<const Node> node_;
  std::unique_ptr<operators::KernelPlan> plan_;
};

// What present arguments without bytes point to: absent ones are null.
alignas(kMemoryAlignment) std::byte g_nothing[kMemoryAlignment];

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
  if (expected == 0) return {nullptr, g_nothing, 0, 0};
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

std::shared_ptr<const Work> MakeWork(const Plan& plan, const tenon_run& run) {
  if (run.input_count != plan.input_bytes.size() || run.output_count != plan.output_bytes.size()) {
    Invalid(plan, "a run with " + std::to_string(run.input_count) + " inputs and " +
                      std::to_string(run.output_count) + " outputs, the plan was made for " +
                      std::to_string(plan.input_bytes.size()) + " and " +
                      std::to_string(plan.output_bytes.size()));
  }
  std::vector<Operand> operands;
  operands.reserve(run.input_count + run.output_count + 1);
  for (uint32_t i = 0; i < run.input_count; ++i) {
    operands.push_back(
        OperandOf(plan, "input " + std::to_string(i), run.inputs[i], plan.input_bytes[i]));
  }
  for (uint32_t i = 0; i < run.output_count; ++i) {
    operands.push_back(
        OperandOf(plan, "output " + std::to_string(i), run.outputs[i], plan.output_bytes[i]));
  }
  const uint64_t workspace_bytes = plan.computation->workspace_bytes();
  if (workspace_bytes > 0 && (!run.workspace || run.workspace->bytes < workspace_bytes)) {
    Invalid(plan, "the workspace has fewer than the " + std::to_string(workspace_bytes) +
                      " bytes asked for");
  }
  operands.push_back(workspace_bytes > 0
                         ? OperandOf(plan, "the workspace", run.workspace, run.workspace->bytes)
                         : Operand());
  return std::make_shared<KernelWork>(plan, std::move(operands), run.correlation_id);
}

std::vector<uint64_t> BytesOf(const tenon_argument* const* arguments, uint32_t count) {
  std::vector<uint64_t> bytes;
  for (uint32_t i = 0; i < count; ++i)
    bytes.push_back(arguments[i] ? arguments[i]->bytes : Plan::kAbsent);
  return bytes;
}

}  // namespace

Result<std::shared_ptr<const Computation>> PlanReference(
    std::shared_ptr<const Node> node, const operators::Kernel& row,
    std::span<const operators::TensorSpec> inputs, std::span<const operators::TensorSpec> outputs) {
  auto plan = row.plan(node->view(), inputs, outputs);
  if (!plan.ok()) return std::move(plan).status();
  return std::shared_ptr<const Computation>(
      std::make_shared<Reference>(std::move(node), std::move(*plan)));
}

Plan::Plan(std::shared_ptr<const Computation> its_computation, const tenon_argument* const* inputs,
           uint32_t input_count, const tenon_argument* const* outputs, uint32_t output_count)
    : computation(std::move(its_computation)),
      input_bytes(BytesOf(inputs, input_count)),
      output_bytes(BytesOf(outputs, output_count)) {}

tenon_status RunPlan(Device& device, const Plan& plan, const tenon_run& run) {
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
