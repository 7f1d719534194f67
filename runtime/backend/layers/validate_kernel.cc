// The slots of a descriptor: the life of a kernel, without its runs.
#include <algorithm>
#include <cstring>

#include "layers/validate_backend.h"
#include "layers/validate_run.h"
#include "layers/validate_written.h"

namespace tenon::backend::validate {
namespace {

std::string Name(const Descriptor& d) { return std::string("kernel ") + d.inner->name; }

// Whether static data is still what it was when it was looked up.
void CheckUnchanged(const Descriptor& d, const char* slot) {
  const uint32_t size = std::min<uint32_t>(d.seen.struct_size, sizeof d.seen);
  if (std::memcmp(&d.seen, d.inner, size) == 0) return;
  d.backend->state->Complain("R14", slot,
                             Name(d) + ": its descriptor has changed since it was looked up");
}

tenon_status TENON_CALL Supports(const tenon_kernel_descriptor* handle, tenon_backend* backend,
                                 tenon_device* device, const tenon_node* node) {
  constexpr const char* kSlot = "kernel.supports";
  const Descriptor& d = Descriptor::Of(handle);
  State& state = *d.backend->state;
  Device* on = nullptr;
  if (!CheckDevice(*d.backend, kSlot, device, &on) || !CheckNode(state, kSlot, node))
    return Unusable();
  if (backend != &d.backend->object) return state.Refuse("R4", kSlot, "the backend is another one");
  return state.Call(kSlot, [&] {
    return d.inner->supports(d.inner, d.backend->inner, on ? on->inner : nullptr, node);
  });
}

tenon_status TENON_CALL Create(const tenon_kernel_descriptor* handle, tenon_backend* backend,
                               tenon_device* device, const tenon_node* node,
                               tenon_kernel** out_kernel) {
  constexpr const char* kSlot = "kernel.create";
  const Descriptor& d = Descriptor::Of(handle);
  State& state = *d.backend->state;
  Device* on = nullptr;
  if (!CheckDevice(*d.backend, kSlot, device, &on) ||
      !CheckOut(state, kSlot, "out_kernel", out_kernel) || !CheckNode(state, kSlot, node))
    return Unusable();
  if (backend != &d.backend->object) return state.Refuse("R4", kSlot, "the backend is another one");
  CheckUnchanged(d, kSlot);
  tenon_kernel* kernel = nullptr;
  const tenon_status status = state.Call(kSlot, [&] {
    return d.inner->create(d.inner, d.backend->inner, on ? on->inner : nullptr, node, &kernel);
  });
  if (status.code != TENON_OK) {
    if (kernel) state.Complain("R2", kSlot, Name(d) + ": failed, but out_kernel is set");
    return status;
  }
  if (!kernel) {
    state.Complain("R3", kSlot, Name(d) + ": gives no kernel");
    return status;
  }
  *out_kernel = reinterpret_cast<tenon_kernel*>(MakeKernel(d, on, kernel));
  return status;
}

// What prepack says of its blob; compared with what it said first.
void CheckPacked(Kernel& kernel, uint32_t input, bool with_blob, const tenon_prepack_info& info) {
  constexpr const char* kSlot = "kernel.prepack";
  State& state = kernel.state;
  const std::string what = Name(kernel.descriptor) + ", input " + std::to_string(input) + ": ";
  if (info.bytes != 0) {
    if (info.alignment != 0 && !IsPowerOfTwo(info.alignment)) {
      state.Complain("R13", kSlot,
                     what + "alignment " + std::to_string(info.alignment) + " is no power of two");
    }
    if (info.memory_kind != TENON_MEMORY_HOST &&
        !kernel.descriptor.backend->HasKind(kernel.device, info.memory_kind)) {
      state.Complain("R13", kSlot,
                     what + "there is no memory kind " + std::to_string(info.memory_kind));
    }
    if (!std::memchr(info.format, 0, sizeof info.format) || info.format[0] == 0) {
      state.Complain("R7", kSlot, what + "format is empty, or not zero-terminated");
    }
  }
  std::lock_guard lock(kernel.mutex);
  const auto known = kernel.packed.find(input);
  if (!with_blob) {
    kernel.packed[input] = info;
  } else if (known == kernel.packed.end()) {
    state.Complain("R14", kSlot, what + "a blob is given before the kernel was asked for its size");
  } else if (known->second.bytes != info.bytes ||
             std::strncmp(known->second.format, info.format, sizeof info.format) != 0) {
    state.Complain("R14", kSlot, what + "says something else than when it was asked for the size");
  }
}

// The blob is what prepack asked for.
void CheckBlob(Kernel& kernel, const char* slot, uint32_t input, const tenon_argument& blob) {
  std::unique_lock lock(kernel.mutex);
  const auto known = kernel.packed.find(input);
  if (known == kernel.packed.end()) return;
  const tenon_prepack_info info = known->second;
  lock.unlock();
  const auto place = blob.tensor.data ? reinterpret_cast<uintptr_t>(blob.tensor.data) : blob.offset;
  if (blob.bytes == info.bytes && blob.memory_kind == info.memory_kind &&
      (info.alignment == 0 || place % info.alignment == 0))
    return;
  kernel.state.Complain("R13", slot,
                        Name(kernel.descriptor) + ", input " + std::to_string(input) +
                            ": the blob is of another size or memory kind, or less aligned, than "
                            "it was asked for");
}

tenon_status TENON_CALL Prepack(const tenon_kernel_descriptor* descriptor, tenon_kernel* handle,
                                uint32_t input, const tenon_argument* weight,
                                const tenon_argument* blob, tenon_prepack_info* out_info) {
  constexpr const char* kSlot = "kernel.prepack";
  Kernel* kernel = Of(descriptor, handle, kSlot);
  if (!kernel) return Unusable();
  State& state = kernel->state;
  const OneThread::Scope one(state, kernel->one, kSlot, "kernel");
  if (!CheckOut(state, kSlot, "out_info", out_info) ||
      !CheckGiven(state, kSlot, "weight", weight) ||
      !CheckSize(state, kSlot, "tenon_prepack_info", out_info->struct_size,
                 TENON_SIZE_TO(tenon_prepack_info, format)) ||
      !CheckArgument(state, kSlot, "weight", weight, kernel->device, Contents::kPresent) ||
      (blob && !CheckArgument(state, kSlot, "blob", blob, kernel->device, Contents::kPresent))) {
    return Unusable();
  }
  if (weight->memory_kind != TENON_MEMORY_HOST)
    state.Complain("R13", kSlot, "the weight is not in host memory");
  if (kernel->prepared)
    state.Complain("R14", kSlot, Name(kernel->descriptor) + ": prepack comes after prepare");
  if (blob) CheckBlob(*kernel, kSlot, input, *blob);
  const tenon_prepack_info before = *out_info;
  const WalledArgument walled(state, blob);
  const Unwritten unwritten(state, weight);
  Surroundings around(state);
  around.Add(blob, "the blob");
  around.Begin();
  NoteUnchecked(state, nullptr, blob);
  const tenon_status status = state.Call(kSlot, [&] {
    return kernel->descriptor.inner->prepack(kernel->descriptor.inner, kernel->inner, input, weight,
                                             walled.argument(), out_info);
  });
  walled.Finish(kSlot, Name(kernel->descriptor) + ": wrote outside of the blob");
  around.Finish(kSlot, Name(kernel->descriptor));
  if (unwritten.Changed())
    state.Complain("R13", kSlot, Name(kernel->descriptor) + ": wrote into the weight");
  if (out_info->struct_size != before.struct_size)
    state.Complain("R1", kSlot, "changed struct_size, which the host sets");
  if (status.code == TENON_OK) CheckPacked(*kernel, input, blob != nullptr, *out_info);
  return status;
}

void CheckPlan(Kernel& kernel, const tenon_plan_info& info) {
  constexpr const char* kSlot = "kernel.prepare";
  State& state = kernel.state;
  const std::string what = Name(kernel.descriptor) + ": ";
  if (info.plan && !kernel.descriptor.inner->plan_release) {
    state.Complain("R9", kSlot, what + "gives a plan, but its slot plan_release is NULL");
  }
  if (info.workspace_bytes != 0) {
    if (info.workspace_alignment != 0 && !IsPowerOfTwo(info.workspace_alignment)) {
      state.Complain("R13", kSlot,
                     what + "workspace_alignment " + std::to_string(info.workspace_alignment) +
                         " is no power of two");
    }
    if (info.workspace_kind != TENON_MEMORY_HOST &&
        !kernel.descriptor.backend->HasKind(kernel.device, info.workspace_kind)) {
      state.Complain("R13", kSlot,
                     what + "there is no memory kind " + std::to_string(info.workspace_kind) +
                         " for the workspace");
    }
  }
  std::lock_guard lock(kernel.mutex);
  if (!info.plan) {
    kernel.least_workspace = std::min(kernel.least_workspace, info.workspace_bytes);
  } else if (!kernel.plans.emplace(info.plan, info).second) {
    state.Complain("R4", kSlot,
                   what + "gives plan " + Address(info.plan) + ", which is live already");
  }
}

tenon_status TENON_CALL Prepare(const tenon_kernel_descriptor* descriptor, tenon_kernel* handle,
                                const tenon_argument* const* inputs, uint32_t input_count,
                                const tenon_argument* const* outputs, uint32_t output_count,
                                tenon_plan_info* out_info) {
  constexpr const char* kSlot = "kernel.prepare";
  Kernel* kernel = Of(descriptor, handle, kSlot);
  if (!kernel) return Unusable();
  State& state = kernel->state;
  if (!CheckOut(state, kSlot, "out_info", out_info) ||
      !CheckSize(state, kSlot, "tenon_plan_info", out_info->struct_size,
                 // NOLINTNEXTLINE(bugprone-sizeof-expression): the size of a pointer is meant
                 TENON_SIZE_TO(tenon_plan_info, plan)) ||
      !CheckArguments(state, kSlot, "input", inputs, input_count, kernel->device,
                      Contents::kAbsent) ||
      !CheckArguments(state, kSlot, "output", outputs, output_count, kernel->device,
                      Allocates(*kernel) ? Contents::kAllocated : Contents::kAbsent)) {
    return Unusable();
  }
  CheckUnchanged(kernel->descriptor, kSlot);
  CheckDeclared(*kernel, kSlot, inputs, input_count, outputs, output_count);
  kernel->prepared = true;
  const tenon_plan_info before = *out_info;
  const tenon_status status = state.Call(kSlot, [&] {
    return kernel->descriptor.inner->prepare(kernel->descriptor.inner, kernel->inner, inputs,
                                             input_count, outputs, output_count, out_info);
  });
  if (out_info->struct_size != before.struct_size)
    state.Complain("R1", kSlot, "changed struct_size, which the host sets");
  if (status.code == TENON_OK) {
    CheckPlan(*kernel, *out_info);
  } else if (out_info->plan != before.plan && out_info->plan) {
    state.Complain("R2", kSlot, Name(kernel->descriptor) + ": failed, but gives a plan");
  }
  return status;
}

void TENON_CALL PlanRelease(const tenon_kernel_descriptor* descriptor, tenon_kernel* handle,
                            tenon_plan* plan) {
  constexpr const char* kSlot = "kernel.plan_release";
  Kernel* kernel = Of(descriptor, handle, kSlot);
  if (!kernel) return;
  if (plan) {
    std::unique_lock lock(kernel->mutex);
    const bool live = kernel->plans.erase(plan) > 0, runs = kernel->running.contains(plan);
    lock.unlock();
    if (runs)
      kernel->state.Complain("R4", kSlot,
                             Name(kernel->descriptor) + ": the plan is ended during its run");
    if (!live)
      return kernel->state.Complain(
          "R4", kSlot,
          Name(kernel->descriptor) + ": plan " + Address(plan) + " is no live plan of the kernel");
  }
  kernel->state.CallVoid(kSlot, [&] {
    kernel->descriptor.inner->plan_release(kernel->descriptor.inner, kernel->inner, plan);
  });
}

void TENON_CALL Destroy(const tenon_kernel_descriptor* descriptor, tenon_kernel* handle) {
  constexpr const char* kSlot = "kernel.destroy";
  if (!handle) return;
  Kernel* kernel = Of(descriptor, handle, kSlot);
  if (!kernel) return;
  State& state = kernel->state;
  std::unique_lock lock(kernel->mutex);
  const size_t plans = kernel->plans.size(), runs = kernel->running.size();
  lock.unlock();
  if (plans)
    state.Complain("R4", kSlot,
                   Name(kernel->descriptor) + " is ended while " + std::to_string(plans) +
                       " of its plans live");
  if (runs) state.Complain("R4", kSlot, Name(kernel->descriptor) + " is ended during its run");
  kernel->alive = false;
  --state.open_kernels;
  if (kernel->device) --kernel->device->kernels;
  state.CallVoid(
      kSlot, [&] { kernel->descriptor.inner->destroy(kernel->descriptor.inner, kernel->inner); });
}
}  // namespace

Kernel* MakeKernel(const Descriptor& descriptor, Device* device, tenon_kernel* inner) {
  State& state = *descriptor.backend->state;
  ++state.open_kernels;
  if (device) ++device->kernels;
  return state.Make<Kernel>(descriptor, device, inner);
}

Kernel* Of(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel, const char* slot) {
  const Descriptor& d = Descriptor::Of(descriptor);
  if (!kernel) {
    if (!d.inner->create) return d.stateless;
    d.backend->state->Complain("R7", slot, Name(d) + ": the kernel is NULL");
    return nullptr;
  }
  auto* wrapper = static_cast<Kernel*>(d.backend->state->Find(kernel, "kernel", slot));
  if (!wrapper || &wrapper->descriptor == &d) return wrapper;
  wrapper->state.Complain(
      "R4", slot, "the kernel was made by " + Name(wrapper->descriptor) + ", not by " + Name(d));
  return nullptr;
}
void FillDescriptor(tenon_kernel_descriptor* ours) {
  tenon_kernel_descriptor& table = *ours;
  if (table.supports) table.supports = Supports;
  if (table.create) table.create = Create;
  if (table.prepack) table.prepack = Prepack;
  if (table.prepare) table.prepare = Prepare;
  table.run = Run;
  if (table.plan_release) table.plan_release = PlanRelease;
  if (table.destroy) table.destroy = Destroy;
}

}  // namespace tenon::backend::validate
