#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>

#include "fake_backend.h"
#include "fake_memory.h"
#include "fake_objects.h"
#include "fake_queue.h"

struct tenon_kernel {
  const tenon_host* host = nullptr;
  bool queue = false;
};
struct tenon_plan {
  int64_t count;
};

namespace tenon::execution::testing {
namespace {

tenon_status TENON_CALL Create(const tenon_kernel_descriptor* descriptor, tenon_backend* backend,
                               tenon_device*, const tenon_node*, tenon_kernel** out) {
  ++knobs().live_kernels;
  *out = new tenon_kernel{FakeHost(backend), descriptor->user != nullptr};
  return {};
}
void TENON_CALL Destroy(const tenon_kernel_descriptor*, tenon_kernel* kernel) {
  --knobs().live_kernels;
  delete kernel;
}
tenon_status TENON_CALL Prepare(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel,
                                const tenon_argument* const*, uint32_t,
                                const tenon_argument* const* outputs, uint32_t,
                                tenon_plan_info* out) {
  ++knobs().prepares;
  int64_t count = 1;
  for (int i = 0; i < outputs[0]->tensor.ndim; ++i) count *= outputs[0]->tensor.shape[i];
  if (std::string_view(descriptor->op) == "Picky" &&
      std::string_view(descriptor->name) == "picky" && count > 4) {
    return kernel->host->refuse(kernel->host, TENON_REASON_SHAPE, "elements",
                                std::to_string(count).c_str(), "at most 4");
  }
  ++knobs().live_plans;
  out->plan = new tenon_plan{count};
  if (std::string_view(descriptor->op) == "Work") {
    out->workspace_bytes = static_cast<uint64_t>(count) * 4;
    out->workspace_kind = kernel->queue ? kFakeMemory : TENON_MEMORY_HOST;
  }
  return {};
}
void TENON_CALL PlanRelease(const tenon_kernel_descriptor*, tenon_kernel*, tenon_plan* plan) {
  --knobs().live_plans;
  delete plan;
}

float* Floats(const tenon_argument* argument) {
  if (argument == nullptr) return nullptr;
  if (argument->buffer != nullptr)
    return reinterpret_cast<float*>(BytesOf(argument->buffer) + argument->offset);
  return static_cast<float*>(argument->tensor.data);
}

struct Call {
  const float *a, *b;
  float *out, *workspace;
  int64_t count;
  const tenon_host* host;
  const tenon_cancel* cancel;
};

tenon_code Neg(const Call& c) {
  if (knobs().fail_neg > 0 && --knobs().fail_neg == 0) return TENON_INTERNAL;
  for (int64_t i = 0; i < c.count; ++i) c.out[i] = -c.a[i];
  return TENON_OK;
}
tenon_code Add(const Call& c) {
  for (int64_t i = 0; i < c.count; ++i) c.out[i] = c.a[i] + c.b[i];
  return TENON_OK;
}
tenon_code Scale(const Call& c) {  // the packed weight is its negative
  for (int64_t i = 0; i < c.count; ++i) c.out[i] = -(c.a[i] * c.b[i]);
  return TENON_OK;
}
tenon_code Work(const Call& c) {
  for (int64_t i = 0; i < c.count; ++i) c.workspace[i] = 2 * c.a[i];
  for (int64_t i = 0; i < c.count; ++i) c.out[i] = c.workspace[i];
  return TENON_OK;
}
tenon_code WaitForCancel(const Call& c) {
  ++knobs().waiting;
  for (int i = 0; i < 5000 && !c.host->cancelled(c.host, c.cancel); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  --knobs().waiting;
  return c.host->cancelled(c.host, c.cancel) ? TENON_CANCELLED : Neg(c);
}

template <tenon_code (*function)(const Call&)>
tenon_status TENON_CALL Run(const tenon_kernel_descriptor*, tenon_kernel* kernel, tenon_plan* plan,
                            const tenon_run* run) {
  const Call call = {Floats(run->inputs[0]),
                     run->input_count > 1 ? Floats(run->inputs[1]) : nullptr,
                     Floats(run->outputs[0]),
                     Floats(run->workspace),
                     plan->count,
                     kernel->host,
                     run->cancel};
  if (run->queue != nullptr) {
    Enqueue(run->queue, [call] { return function(call); });
    return {};
  }
  if (knobs().throws) throw std::runtime_error("raw");
  const tenon_code code = function(call);
  if (code == TENON_OK) return {};
  return kernel->host->error(kernel->host, code, "the knob says so");
}

tenon_status TENON_CALL RunFew(const tenon_kernel_descriptor*, tenon_kernel* kernel, tenon_plan*,
                               const tenon_run* run) {
  if (knobs().few == Knobs::kForgets) return {};
  const tenon_host* host = kernel->host;
  const float* from = Floats(run->inputs[0]);
  const int64_t count = run->inputs[0]->tensor.shape[0];
  const int64_t dims[2] = {1, std::count_if(from, from + count, [](float x) { return x > 0; })};
  const tenon_argument* out = nullptr;
  const bool one_rank = knobs().few == Knobs::kRank;
  tenon_status status = host->allocate_output(host, run->context, 0, one_rank ? 1 : 2,
                                              one_rank ? dims + 1 : dims, &out);
  if (status.code == TENON_OK && knobs().few == Knobs::kTwice)
    status = host->allocate_output(host, run->context, 0, 2, dims, &out);
  if (status.code != TENON_OK) return status;
  std::copy_if(from, from + count, Floats(out), [](float x) { return x > 0; });
  return {};
}

tenon_status TENON_CALL Prepack(const tenon_kernel_descriptor*, tenon_kernel* kernel,
                                uint32_t input, const tenon_argument* weight,
                                const tenon_argument* blob, tenon_prepack_info* out) {
  if (input != 1) return {};
  out->memory_kind = kernel->queue ? kFakeMemory : TENON_MEMORY_HOST;
  out->bytes = weight->bytes;
  out->alignment = 64;
  std::strcpy(out->format, "negated");
  if (blob == nullptr) return {};
  ++knobs().packs;
  const auto* from = static_cast<const float*>(weight->tensor.data);
  float* to = Floats(blob);
  for (uint64_t i = 0; i < weight->bytes / 4; ++i) to[i] = -from[i];
  return {};
}

const tenon_in_place kInPlace[] = {{0, 0}};

template <tenon_code (*function)(const Call&)>
tenon_kernel_descriptor Descriptor(const char* name, const char* op, bool queue) {
  tenon_kernel_descriptor d{};
  d.struct_size = sizeof d;
  d.name = name;
  d.domain = "";
  d.op = op;
  d.revision_min = 1;
  d.revision_max = 100;
  d.in_place = kInPlace;
  d.in_place_count = 1;
  d.user = queue ? &knobs() : nullptr;
  d.create = Create;
  d.prepare = Prepare;
  d.run = Run<function>;
  d.plan_release = PlanRelease;
  d.destroy = Destroy;
  return d;
}

struct Table {
  explicit Table(bool queue)
      : rows{Descriptor<Neg>("neg", "Neg", queue),
             Descriptor<Add>("add", "Add", queue),
             Descriptor<Scale>("scale", "Scale", queue),
             Descriptor<Neg>("picky", "Picky", queue),
             Descriptor<Neg>("easy", "Picky", queue),
             Descriptor<WaitForCancel>("wait", "Wait", queue),
             Descriptor<Work>("work", "Work", queue),
             Descriptor<Neg>("few", "Few", queue)} {
    rows[2].prepack = Prepack;
    rows[7].run = RunFew;
    rows[7].flags = TENON_KERNEL_ALLOCATES_OUTPUT;
    for (size_t i = 0; i < std::size(rows); ++i) list[i] = &rows[i];
  }
  tenon_kernel_descriptor rows[8];
  const tenon_kernel_descriptor* list[8];
};

template <bool queue>
tenon_status TENON_CALL Descriptors(tenon_backend*, const tenon_kernel_descriptor* const** out,
                                    uint32_t* count) {
  static const Table table(queue);
  *out = table.list;
  *count = 8;
  return {};
}

}  // namespace

const tenon_kernel_interface* FakeKernelInterface(bool queue) {
  static const tenon_kernel_interface sync = {sizeof(tenon_kernel_interface), 0, Descriptors<false>,
                                              nullptr};
  static const tenon_kernel_interface async = {sizeof(tenon_kernel_interface), 0, Descriptors<true>,
                                               nullptr};
  return queue ? &async : &sync;
}

}  // namespace tenon::execution::testing
