#include "layers/validate_run.h"

#include <algorithm>

#include "layers/validate_written.h"

namespace tenon::backend::validate {
namespace {

constexpr const char* kSlot = "kernel.run";

std::string Name(const Kernel& kernel) {
  return std::string("kernel ") + kernel.descriptor.inner->name;
}

// Entry `index` of a list by argument, whose last entry repeats.
template <typename T>
T Repeating(const T* list, uint32_t count, uint32_t index) {
  return list[std::min(index, count - 1)];
}

struct Declared {
  const tenon_dtypes* dtypes;
  uint32_t dtype_count;
  const uint32_t* memory;
  uint32_t memory_count;
  const tenon_layout* layouts;
  uint32_t layout_count;
};

// Bytes of the blob that stands for the input; 0 where it is not packed.
uint64_t PackedBytes(Kernel& kernel, uint32_t input) {
  std::lock_guard lock(kernel.mutex);
  const auto packed = kernel.packed.find(input);
  return packed == kernel.packed.end() ? 0 : packed->second.bytes;
}

void CheckDeclaredList(Kernel& kernel, const char* slot, const char* what, const Declared& d,
                       const tenon_argument* const* list, uint32_t count, bool inputs) {
  for (uint32_t i = 0; i < count; ++i) {
    const tenon_argument* a = list[i];
    if (!a) continue;
    const std::string name = Name(kernel) + ", " + what + " " + std::to_string(i) + ": ";
    if (const uint64_t blob = inputs ? PackedBytes(kernel, i) : 0) {
      if (a->dtype != TENON_UINT8 || a->tensor.ndim != 1 || a->bytes != blob)
        kernel.state.Complain("R13", slot,
                              name + "is packed, expected its blob: uint8, rank 1, " +
                                  std::to_string(blob) + " bytes");
      continue;
    }
    if (d.dtype_count && a->dtype >= 0 && a->dtype < 64 &&
        !(Repeating(d.dtypes, d.dtype_count, i) & TENON_DTYPE_BIT(a->dtype))) {
      kernel.state.Complain("R14", slot,
                            name + "dtype " + std::to_string(a->dtype) + " is not declared");
    }
    if (d.memory_count && a->memory_kind < 32 &&
        !(Repeating(d.memory, d.memory_count, i) & (1u << a->memory_kind))) {
      kernel.state.Complain(
          "R14", slot, name + "memory kind " + std::to_string(a->memory_kind) + " is not declared");
    }
    const tenon_layout layout = d.layout_count ? Repeating(d.layouts, d.layout_count, i)
                                               : tenon_layout{TENON_LAYOUT_ROW_MAJOR};
    if (a->layout != layout) {
      kernel.state.Complain(
          "R14", slot,
          name + "layout " + std::to_string(a->layout) + ", declared is " + std::to_string(layout));
    }
  }
}

// Outputs overlap nothing, but inputs that the descriptor names.
void CheckAliases(Kernel& kernel, const tenon_run& run) {
  const tenon_kernel_descriptor& d = *kernel.descriptor.inner;
  for (uint32_t o = 0; o < run.output_count; ++o) {
    if (!run.outputs[o]) continue;
    for (uint32_t i = 0; i < run.input_count; ++i) {
      if (!run.inputs[i] || !Overlap(*run.inputs[i], *run.outputs[o])) continue;
      const bool declared =
          std::any_of(d.in_place, d.in_place + d.in_place_count,
                      [&](const tenon_in_place& p) { return p.input == i && p.output == o; });
      if (declared && SamePlace(*run.inputs[i], *run.outputs[o]) &&
          run.inputs[i]->bytes == run.outputs[o]->bytes)
        continue;
      kernel.state.Complain("R14", kSlot,
                            Name(kernel) + ": output " + std::to_string(o) + " overlaps input " +
                                std::to_string(i) + ", which the descriptor does not allow");
    }
    for (uint32_t p = 0; p < o; ++p) {
      if (!run.outputs[p] || !Overlap(*run.outputs[p], *run.outputs[o])) continue;
      kernel.state.Complain("R13", kSlot,
                            Name(kernel) + ": outputs " + std::to_string(p) + " and " +
                                std::to_string(o) + " overlap");
    }
  }
}

// The plan is live, and the workspace is what it asked for. Where prepare gives no plans, which one
// a run is of is not known: it needs what the least of them needs.
bool CheckPlan(Kernel& kernel, tenon_plan* plan, const tenon_run& run) {
  if (kernel.descriptor.inner->prepare && !kernel.prepared) {
    kernel.state.Complain("R13", kSlot, Name(kernel) + ": runs before it was prepared");
    return false;
  }
  tenon_plan_info info{};
  std::unique_lock lock(kernel.mutex);
  const auto found = kernel.plans.find(plan);
  const bool live = !plan || found != kernel.plans.end();
  if (plan && live) info = found->second;
  if (!plan && kernel.least_workspace != UINT64_MAX) info.workspace_bytes = kernel.least_workspace;
  lock.unlock();
  if (!live) {
    kernel.state.Complain(
        "R4", kSlot, Name(kernel) + ": plan " + Address(plan) + " is no live plan of the kernel");
    return false;
  }
  const tenon_argument* workspace = run.workspace;
  if (!workspace) {
    if (info.workspace_bytes == 0) return true;
    kernel.state.Complain("R13", kSlot,
                          Name(kernel) + ": workspace is NULL, the plan asked for " +
                              std::to_string(info.workspace_bytes) + " bytes");
    return false;
  }
  if (!CheckArgument(kernel.state, kSlot, "workspace", workspace, kernel.device,
                     Contents::kPresent))
    return false;
  if (!plan) return true;
  const auto place = workspace->tensor.data ? reinterpret_cast<uintptr_t>(workspace->tensor.data)
                                            : workspace->offset;
  if (workspace->bytes < info.workspace_bytes || workspace->memory_kind != info.workspace_kind ||
      (info.workspace_alignment && place % info.workspace_alignment != 0)) {
    kernel.state.Complain("R13", kSlot,
                          Name(kernel) +
                              ": the workspace is smaller, of another memory kind or less aligned "
                              "than the plan asked for");
    return false;
  }
  return true;
}

tenon_status RunOnQueue(Kernel& kernel, Queue& queue, tenon_plan* plan, tenon_run& run) {
  State& state = kernel.state;
  const OneThread::Scope one(state, queue.one, kSlot, "queue");
  if (kernel.device && kernel.device != &queue.device) {
    return state.Refuse("R4", kSlot, Name(kernel) + ": the queue is of another device");
  }
  if (queue.recording && !(kernel.descriptor.inner->flags & TENON_KERNEL_CAPTURABLE)) {
    state.Complain("R14", kSlot, Name(kernel) + " is recorded, but not flagged CAPTURABLE");
  }
  const uint64_t point = state.fences.Enqueue(queue.id);
  const auto use = [&](const tenon_argument* a) {
    if (a) UseBuffer(queue, kSlot, a->buffer, a->offset, a->bytes, point);
  };
  const auto write = [&](const tenon_argument* a) {
    use(a);
    NoteUnchecked(state, &queue.device, a);
  };
  std::for_each_n(run.inputs, run.input_count, use);
  std::for_each_n(run.outputs, run.output_count, write);
  write(run.workspace);
  run.queue = queue.inner;
  return state.CallOn(&queue.device, kSlot, [&] {
    return kernel.descriptor.inner->run(kernel.descriptor.inner, kernel.inner, plan, &run);
  });
}

// A kernel that is to allocate its outputs has, those that are wanted.
void CheckAllocated(Kernel& kernel, const RunContext& context, const tenon_run& run,
                    tenon_status status) {
  if (status.code != TENON_OK || !context.may_allocate) return;
  for (uint32_t i = 0; i < std::min(context.output_count, 64u); ++i) {
    if (!run.outputs[i] || (context.allocated >> i) & 1) continue;
    kernel.state.Complain("R14", kSlot,
                          Name(kernel) +
                              ": is flagged ALLOCATES_OUTPUT, but has not allocated "
                              "output " +
                              std::to_string(i));
  }
}

bool CheckRun(Kernel& kernel, const tenon_run* run) {
  State& state = kernel.state;
  if (!CheckGiven(state, kSlot, "run", run)) return false;
  CheckReserved(state, kSlot, "tenon_run", run->reserved);
  return CheckSize(state, kSlot, "tenon_run", run->struct_size,
                   TENON_SIZE_TO(tenon_run, correlation_id)) &&
         CheckArguments(state, kSlot, "input", run->inputs, run->input_count, kernel.device,
                        Contents::kPresent) &&
         CheckArguments(state, kSlot, "output", run->outputs, run->output_count, kernel.device,
                        Allocates(kernel) ? Contents::kAllocated : Contents::kPresent);
}

}  // namespace

void CheckDeclared(Kernel& kernel, const char* slot, const tenon_argument* const* inputs,
                   uint32_t input_count, const tenon_argument* const* outputs,
                   uint32_t output_count) {
  const tenon_kernel_descriptor& d = *kernel.descriptor.inner;
  CheckDeclaredList(kernel, slot, "input",
                    {d.input_dtypes, d.input_dtype_count, d.input_memory, d.input_memory_count,
                     d.input_layouts, d.input_layout_count},
                    inputs, input_count, true);
  CheckDeclaredList(kernel, slot, "output",
                    {d.output_dtypes, d.output_dtype_count, d.output_memory, d.output_memory_count,
                     d.output_layouts, d.output_layout_count},
                    outputs, output_count, false);
}

tenon_status TENON_CALL Run(const tenon_kernel_descriptor* descriptor, tenon_kernel* handle,
                            tenon_plan* plan, const tenon_run* given) {
  Kernel* kernel = Of(descriptor, handle, kSlot);
  if (!kernel || !CheckRun(*kernel, given)) return Unusable();
  State& state = kernel->state;
  Queue* queue = given->queue ? Of(state, given->queue, kSlot) : nullptr;
  if (given->queue && !queue) return Unusable();
  CheckDeclared(*kernel, kSlot, given->inputs, given->input_count, given->outputs,
                given->output_count);
  if (!CheckPlan(*kernel, plan, *given)) return Unusable();
  CheckAliases(*kernel, *given);
  tenon_run run = *given;
  run.struct_size = std::min<uint32_t>(given->struct_size, sizeof run);
  const bool allocates = Allocates(*kernel);
  RunContext context{&state, given->context, kernel->descriptor.inner->name, allocates,
                     given->output_count};
  run.context = given->context ? reinterpret_cast<tenon_run_context*>(&context) : nullptr;
  {
    std::scoped_lock lock(state.mutex, kernel->mutex);
    state.runs.insert(&context);
    kernel->running.insert(plan);
  }
  tenon_status status{};
  if (queue) {
    status = RunOnQueue(*kernel, *queue, plan, run);
  } else {
    RunMemory memory(state, &run, allocates);
    status = state.CallOn(kernel->device, kSlot, [&] {
      return kernel->descriptor.inner->run(kernel->descriptor.inner, kernel->inner, plan, &run);
    });
    memory.Finish(kSlot, Name(*kernel), status.code == TENON_OK);
  }
  {
    std::scoped_lock lock(state.mutex, kernel->mutex);
    state.runs.erase(&context);
    kernel->running.erase(kernel->running.find(plan));
  }
  CheckAllocated(*kernel, context, *given, status);
  return status;
}

}  // namespace tenon::backend::validate
