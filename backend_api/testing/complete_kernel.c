/* Kernels: Neg (no state), Add of a constant (prepacked, planned, with workspace), and one whose
 * output depends on data. */
#include <stdlib.h>
#include <string.h>

#include "complete.h"

struct tenon_kernel {
  tenon_device* device;
  const tenon_host* host;
};
struct tenon_plan {
  uint64_t count;
};

static const float* floats(const tenon_argument* argument) {
  if (argument->tensor.data) return argument->tensor.data;
  return (const float*)(const void*)(argument->buffer->bytes + argument->offset);
}
static float* output(const tenon_argument* argument) { return (float*)(uintptr_t)floats(argument); }
static uint64_t count_of(const tenon_argument* argument) { return argument->bytes / sizeof(float); }

static tenon_status supports(const tenon_kernel_descriptor* descriptor, tenon_backend* backend,
                             tenon_device* device, const tenon_node* node) {
  const tenon_host* host = complete_host(backend);
  (void)descriptor, (void)device;
  if (node->inputs[0]->rank >= 0 && node->inputs[0]->rank <= 4) return complete_ok();
  return host->refuse(host, TENON_REASON_RANK, "rank of input 0", "5", "4 or less");
}
static tenon_status create(const tenon_kernel_descriptor* descriptor, tenon_backend* backend,
                           tenon_device* device, const tenon_node* node,
                           tenon_kernel** out_kernel) {
  tenon_kernel* kernel = calloc(1, sizeof *kernel);
  (void)descriptor, (void)node;
  if (!kernel)
    return complete_fail(complete_host(backend), TENON_OUT_OF_MEMORY, "no memory for the kernel");
  kernel->device = device;
  kernel->host = complete_host(backend);
  *out_kernel = kernel;
  return complete_ok();
}
static void destroy(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel) {
  (void)descriptor;
  free(kernel);
}

static tenon_status neg_run(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel,
                            tenon_plan* plan, const tenon_run* run) {
  const complete_command command = {.kind = COMPLETE_NEG,
                                    .a = floats(run->inputs[0]),
                                    .out = output(run->outputs[0]),
                                    .count = count_of(run->outputs[0]),
                                    .correlation_id = run->correlation_id};
  (void)descriptor, (void)plan;
  return complete_enqueue(kernel->device, run->queue, &command);
}

static tenon_status add_prepack(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel,
                                uint32_t input, const tenon_argument* weight,
                                const tenon_argument* blob, tenon_prepack_info* out_info) {
  (void)descriptor, (void)kernel;
  if (input == 1 && blob) memcpy(output(blob), weight->tensor.data, weight->bytes);
  out_info->bytes = input == 1 ? weight->bytes : 0;
  out_info->alignment = 64;
  out_info->memory_kind = COMPLETE_POINTERS;
  strcpy(out_info->format, "plain");
  return complete_ok();
}
static tenon_status add_prepare(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel,
                                const tenon_argument* const* inputs, uint32_t input_count,
                                const tenon_argument* const* outputs, uint32_t output_count,
                                tenon_plan_info* out_info) {
  tenon_plan* plan = malloc(sizeof *plan);
  (void)descriptor, (void)inputs, (void)input_count, (void)output_count;
  if (!plan) return complete_fail(kernel->host, TENON_OUT_OF_MEMORY, "no memory for the plan");
  plan->count = count_of(outputs[0]);
  out_info->workspace_kind = COMPLETE_POINTERS;
  out_info->workspace_bytes = 64;
  out_info->workspace_alignment = 64;
  out_info->plan = plan;
  return complete_ok();
}
static tenon_status add_run(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel,
                            tenon_plan* plan, const tenon_run* run) {
  const complete_command command = {.kind = COMPLETE_ADD,
                                    .a = floats(run->inputs[0]),
                                    .b = floats(run->inputs[1]),
                                    .out = output(run->outputs[0]),
                                    .count = plan->count,
                                    .correlation_id = run->correlation_id};
  (void)descriptor;
  if (kernel->host->cancelled(kernel->host, run->cancel)) {
    return complete_fail(kernel->host, TENON_CANCELLED, "cancelled");
  }
  return complete_enqueue(kernel->device, run->queue, &command);
}
static void add_plan_release(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel,
                             tenon_plan* plan) {
  (void)descriptor, (void)kernel;
  free(plan);
}

/* The positive elements, in plain host memory. */
static tenon_status positive_run(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel,
                                 tenon_plan* plan, const tenon_run* run) {
  const tenon_host* host = kernel->host;
  const tenon_argument* result = NULL;
  const float* x = floats(run->inputs[0]);
  int64_t count = 0;
  (void)descriptor, (void)plan;
  for (uint64_t i = 0; i < count_of(run->inputs[0]); ++i) count += x[i] > 0;
  const tenon_status status = host->allocate_output(host, run->context, 0, 1, &count, &result);
  if (status.code != TENON_OK) return status;
  float* out = result->tensor.data;
  for (uint64_t i = 0; i < count_of(run->inputs[0]); ++i) {
    if (x[i] > 0) *out++ = x[i];
  }
  return complete_ok();
}

static tenon_status descriptors(tenon_backend* backend,
                                const tenon_kernel_descriptor* const** out_descriptors,
                                uint32_t* out_count) {
  static const tenon_dtypes float32 = TENON_DTYPE_BIT(TENON_FLOAT32);
  static const uint32_t own_memory = 1u << COMPLETE_POINTERS | 1u << COMPLETE_HANDLES,
                        host_memory = 1u << TENON_MEMORY_HOST;
  static const tenon_in_place in_place = {0, 0};
#define COMPLETE_ROW(kernel_name, op_domain, op_name, memory)                               \
  .struct_size = sizeof(tenon_kernel_descriptor), .name = kernel_name, .domain = op_domain, \
  .op = op_name, .revision_min = 1, .revision_max = 14, .input_dtypes = &float32,           \
  .output_dtypes = &float32, .input_dtype_count = 1, .output_dtype_count = 1,               \
  .input_memory = memory, .output_memory = memory, .input_memory_count = 1,                 \
  .output_memory_count = 1, .supports = supports, .create = create, .destroy = destroy
  static const tenon_kernel_descriptor neg = {
      COMPLETE_ROW("neg", "", "Neg", &own_memory), .flags = TENON_KERNEL_CAPTURABLE,
      .in_place = &in_place, .in_place_count = 1, .run = neg_run};
  static const tenon_kernel_descriptor add = {COMPLETE_ROW("add", "", "Add", &own_memory),
                                              .flags = TENON_KERNEL_CAPTURABLE,
                                              .prepack = add_prepack,
                                              .prepare = add_prepare,
                                              .run = add_run,
                                              .plan_release = add_plan_release};
  static const tenon_kernel_descriptor positive = {
      COMPLETE_ROW("positive", "test", "Positive", &host_memory),
      .flags = TENON_KERNEL_ALLOCATES_OUTPUT | TENON_KERNEL_HOST_SYNC, .run = positive_run};
#undef COMPLETE_ROW
  static const tenon_kernel_descriptor* const list[] = {&neg, &add, &positive};
  (void)backend;
  *out_descriptors = list;
  *out_count = 3;
  return complete_ok();
}

static uint64_t tiled_bytes(tenon_dtype dtype, int32_t rank, const int64_t* dims) {
  return dtype == TENON_FLOAT32 && rank == 1 ? (uint64_t)(dims[0] + 7) / 8 * 32 : 0;
}
static tenon_status layouts(tenon_backend* backend, const tenon_layout_info* const** out_layouts,
                            uint32_t* out_count) {
  static const tenon_layout_info tiled = {sizeof(tenon_layout_info), TENON_LAYOUT_OWN, "tiled",
                                          tiled_bytes};
  static const tenon_layout_info* const list[] = {&tiled};
  (void)backend;
  *out_layouts = list;
  *out_count = 1;
  return complete_ok();
}

const tenon_kernel_interface complete_kernel_interface = {
    .struct_size = sizeof(tenon_kernel_interface), .descriptors = descriptors, .layouts = layouts};
