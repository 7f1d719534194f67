#include "layers/validate_run.h"

#include <algorithm>
#include <cstring>

namespace tenon::backend::validate {
namespace {

constexpr const char* kSlot = "kernel.run";
constexpr uint64_t kMostWalled = uint64_t{64} << 20;  // larger arguments are passed on as they are
constexpr uint64_t kMostAligned = 65536;
constexpr uint64_t kMostRead = uint64_t{1} << 20;  // bytes of an input that are compared

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

bool SamePlace(const tenon_argument& a, const tenon_argument& b) {
  return a.buffer == b.buffer && (a.buffer ? a.offset == b.offset : a.tensor.data == b.tensor.data);
}
bool Overlap(const tenon_argument& a, const tenon_argument& b) {
  if (a.bytes == 0 || b.bytes == 0 || a.buffer != b.buffer ||
      (a.memory_kind == 0) != (b.memory_kind == 0))
    return false;
  const auto begin = [](const tenon_argument& x) {
    return x.buffer ? x.offset : reinterpret_cast<uintptr_t>(x.tensor.data);
  };
  return begin(a) < begin(b) + b.bytes && begin(b) < begin(a) + a.bytes;
}

bool Aliases(const tenon_run& run, uint32_t output) {
  for (uint32_t i = 0; i < run.input_count; ++i) {
    if (run.inputs[i] && Overlap(*run.inputs[i], *run.outputs[output])) return true;
  }
  return false;
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

// What a run that is finished when it returns has done to host memory.
class HostMemory {
 public:
  HostMemory(State& state, tenon_run* run, bool allocates) : state_(state) {
    for (uint32_t i = 0; i < run->input_count; ++i) {
      const bool aliased =
          run->inputs[i] &&
          std::any_of(run->outputs, run->outputs + run->output_count,
                      [&](const tenon_argument* o) { return o && Overlap(*run->inputs[i], *o); });
      inputs_.emplace_back(aliased ? nullptr : run->inputs[i]);
    }
    for (uint32_t i = 0; i < run->output_count; ++i) {
      const bool walled = run->outputs[i] && !allocates && !Aliases(*run, i);
      outputs_.push_back(walled ? std::make_unique<WalledArgument>(state, run->outputs[i])
                                : nullptr);
      list_.push_back(walled ? outputs_.back()->argument() : run->outputs[i]);
    }
    workspace_ = std::make_unique<WalledArgument>(state, run->workspace);
    run->outputs = list_.data();
    run->workspace = workspace_->argument();
  }
  void Finish(const std::string& name) const {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (inputs_[i].Changed())
        state_.Complain("R13", kSlot, name + ": wrote into input " + std::to_string(i));
    }
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (outputs_[i])
        outputs_[i]->Finish(kSlot, name + ": wrote outside of output " + std::to_string(i));
    }
    workspace_->Finish(kSlot, name + ": wrote outside of the workspace");
  }

 private:
  State& state_;
  std::vector<Unwritten> inputs_;
  std::vector<std::unique_ptr<WalledArgument>> outputs_;
  std::vector<const tenon_argument*> list_;
  std::unique_ptr<WalledArgument> workspace_;
};

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
  std::for_each_n(run.inputs, run.input_count, use);
  std::for_each_n(run.outputs, run.output_count, use);
  use(run.workspace);
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
    const HostMemory memory(state, &run, allocates);
    status = state.CallOn(kernel->device, kSlot, [&] {
      return kernel->descriptor.inner->run(kernel->descriptor.inner, kernel->inner, plan, &run);
    });
    memory.Finish(Name(*kernel));
  }
  {
    std::scoped_lock lock(state.mutex, kernel->mutex);
    state.runs.erase(&context);
    kernel->running.erase(kernel->running.find(plan));
  }
  CheckAllocated(*kernel, context, *given, status);
  return status;
}

WalledArgument::WalledArgument(State& state, const tenon_argument* argument)
    : state_(state), original_(argument) {
  if (!argument || argument->memory_kind != TENON_MEMORY_HOST || argument->bytes == 0 ||
      argument->bytes > kMostWalled)
    return;
  // As aligned as it was.
  const auto place = reinterpret_cast<uintptr_t>(argument->tensor.data);
  walled_.emplace(argument->bytes, std::min<uint64_t>(place & -place, kMostAligned));
  if (!walled_->data()) {
    walled_.reset();
    return;
  }
  std::memcpy(&copy_, argument, std::min<size_t>(argument->struct_size, sizeof copy_));
  copy_.struct_size = sizeof copy_;
  copy_.tensor.data = walled_->data();
}
void WalledArgument::Finish(const char* slot, const std::string& complaint) const {
  if (!walled_) return;
  if (!walled_->Intact()) state_.Complain("R13", slot, complaint);
  std::memcpy(original_->tensor.data, walled_->data(), original_->bytes);
}

Unwritten::Unwritten(const tenon_argument* argument) {
  if (!argument || argument->memory_kind != TENON_MEMORY_HOST || !argument->tensor.data) return;
  data_ = static_cast<const unsigned char*>(argument->tensor.data);
  bytes_ = std::min(argument->bytes, kMostRead);
  digest_ = Digest();
}
uint64_t Unwritten::Digest() const {
  uint64_t hash = 14695981039346656037ull;  // FNV-1a
  for (uint64_t i = 0; i < bytes_; ++i) hash = (hash ^ data_[i]) * 1099511628211ull;
  return hash;
}

}  // namespace tenon::backend::validate
