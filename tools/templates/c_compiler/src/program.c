/* A loaded artifact: a kernel with prepare, run, plan_release and destroy, like any other. */
#include <stdlib.h>
#include <string.h>

#include "artifact.h"

/* -------------------------------------------------------------------------------------------- Device code */
typedef struct Parameters {
  int64_t count; /* of elements */
  Opcode op;
  float constant;
} Parameters;

/* buffers: a, out and, where it is no constant, b. One binary of the whole segment would be better: this one writes every
 * inner value to memory. */
static void run_on_device(void* const* buffers, const void* parameters, int has_b) {
  const Parameters* p = parameters;
  const float *a = buffers[0], *b = has_b ? buffers[2] : NULL;
  float* out = buffers[1];
  for (int64_t i = 0; i < p->count; ++i) {
    const float y = b ? b[i] : p->constant;
    switch (p->op) {
      case OP_RELU:
        out[i] = a[i] < 0 ? 0 : a[i];
        break;
      case OP_NEG:
        out[i] = -a[i];
        break;
      case OP_ADD:
        out[i] = a[i] + y;
        break;
      case OP_SUB:
        out[i] = a[i] - y;
        break;
      case OP_MUL:
        out[i] = a[i] * y;
        break;
      default:
        out[i] = a[i] / y;
    }
  }
}
static void with_constant(void* const* buffers, const void* p) { run_on_device(buffers, p, 0); }
static void with_value(void* const* buffers, const void* p) { run_on_device(buffers, p, 1); }

/* ------------------------------------------------------------------------------------------------- Program */
struct tenon_kernel {
  tenon_device* device;
  Artifact* artifact;
};

/* What depends on shapes. Prepare makes one for each combination of input shapes, and the host keeps
 * it; runs of several plans may be under way at once. */
struct tenon_plan {
  struct {
    int64_t count;   /* of elements */
    uint64_t offset; /* of an inner value: in the workspace */
  } values[1];
};

static uint64_t aligned(uint64_t bytes) {
  return (bytes + DRIVER_ALIGNMENT - 1) / DRIVER_ALIGNMENT * DRIVER_ALIGNMENT;
}

enum { NOT_GIVEN = -1 };

/* Whether each value is given once, before it is used, with as many elements as the others of its
 * instruction and as the host's buffer. */
static int count_values(const Artifact* artifact, tenon_plan* plan,
                        const tenon_argument* const* inputs, const tenon_argument* const* outputs) {
  for (uint32_t i = 0; i < artifact->value_count; ++i) plan->values[i].count = NOT_GIVEN;
  for (uint32_t i = 0; i < artifact->input_count; ++i)
    plan->values[i].count = (int64_t)(inputs[i]->bytes / sizeof(float));
  for (uint32_t i = 0; i < artifact->instruction_count; ++i) {
    const Instruction* in = &artifact->instructions[i];
    const int64_t count = plan->values[in->a].count;
    if (count == NOT_GIVEN || plan->values[in->out].count != NOT_GIVEN ||
        (in->b != NO_VALUE && plan->values[in->b].count != count))
      return 0;
    plan->values[in->out].count = count;
  }
  for (uint32_t i = 0; i < artifact->output_count; ++i) {
    if (plan->values[artifact->input_count + i].count !=
        (int64_t)(outputs[i]->bytes / sizeof(float)))
      return 0;
  }
  for (uint32_t i = 0; i < artifact->value_count; ++i)
    if (plan->values[i].count == NOT_GIVEN) return 0;
  return 1;
}

/* Inner values lie in the workspace one behind the other. */
static tenon_status prepare(const tenon_kernel_descriptor* d, tenon_kernel* kernel,
                            const tenon_argument* const* inputs, uint32_t input_count,
                            const tenon_argument* const* outputs, uint32_t output_count,
                            tenon_plan_info* out_info) {
  const Artifact* artifact = kernel->artifact;
  const tenon_host* host = kernel->device->host;
  uint64_t bytes = 0;
  (void)d;
  if (input_count != artifact->input_count || output_count != artifact->output_count)
    return host->error(host, TENON_DATA_LOSS, "the artifact is of another segment");
  tenon_plan* plan = calloc(artifact->value_count, sizeof plan->values[0]);
  if (!plan) return (tenon_status){.code = TENON_OUT_OF_MEMORY};
  if (!count_values(artifact, plan, inputs, outputs)) {
    free(plan);
    return host->error(host, TENON_DATA_LOSS, "the artifact does not fit its segment");
  }
  for (uint32_t i = input_count + output_count; i < artifact->value_count; ++i) {
    plan->values[i].offset = bytes;
    bytes += aligned((uint64_t)plan->values[i].count * sizeof(float));
  }
  out_info->workspace_kind = kDeviceMemory;
  out_info->workspace_alignment = DRIVER_ALIGNMENT;
  out_info->workspace_bytes = bytes;
  out_info->plan = plan;
  return ok();
}

static void plan_release(const tenon_kernel_descriptor* d, tenon_kernel* kernel, tenon_plan* plan) {
  (void)d, (void)kernel;
  free(plan);
}

static driver_address address_of_value(const tenon_run* run, const tenon_plan* plan,
                                       uint32_t value) {
  const uint32_t inner = run->input_count + run->output_count;
  if (value < run->input_count) return address_of(run->inputs[value]);
  if (value < inner) return address_of(run->outputs[value - run->input_count]);
  return address_of(run->workspace) + plan->values[value].offset;
}

static tenon_status run(const tenon_kernel_descriptor* d, tenon_kernel* kernel, tenon_plan* plan,
                        const tenon_run* run) {
  const Artifact* artifact = kernel->artifact;
  int failure = 0;
  (void)d;
  for (uint32_t i = 0; i < artifact->instruction_count && failure == 0; ++i) {
    const Instruction* in = &artifact->instructions[i];
    const Parameters parameters = {plan->values[in->a].count, in->op, in->constant};
    if (parameters.count == 0) continue; /* there may be no buffers then */
    driver_address buffers[3] = {address_of_value(run, plan, in->a),
                                 address_of_value(run, plan, in->out)};
    uint32_t count = 2;
    if (in->b != NO_VALUE) buffers[count++] = address_of_value(run, plan, in->b);
    failure = driver_launch(run->queue->stream, count == 3 ? with_value : with_constant, buffers,
                            count, &parameters, sizeof parameters);
  }
  return driver_status(kernel->device->host, failure, "launch");
}

static void destroy(const tenon_kernel_descriptor* d, tenon_kernel* kernel) {
  (void)d;
  if (kernel) free(kernel->artifact);
  free(kernel);
}

/* A real device would upload the binary here. */
tenon_status program_load(tenon_device* device, const void* data, uint64_t size,
                          const tenon_kernel_descriptor** out_descriptor,
                          tenon_kernel** out_kernel) {
  static const tenon_kernel_descriptor descriptor = {
      .struct_size = TENON_SIZE_TO(tenon_kernel_descriptor, destroy),
      .name = "program",
      .domain = "",
      .op = "",
      .prepare = prepare,
      .run = run,
      .plan_release = plan_release,
      .destroy = destroy};
  tenon_kernel* kernel = malloc(sizeof *kernel);
  Artifact* artifact = malloc(size);
  if (!kernel || !artifact) {
    free(kernel);
    free(artifact);
    return (tenon_status){.code = TENON_OUT_OF_MEMORY};
  }
  memcpy(artifact, data, size);
  *kernel = (tenon_kernel){device, artifact};
  *out_descriptor = &descriptor;
  *out_kernel = kernel;
  return ok();
}
