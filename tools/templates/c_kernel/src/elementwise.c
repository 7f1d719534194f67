/* Elementwise operators: without state, so that a kernel is a function `run`. For another one write the
 * code that the device runs, and a descriptor that says which nodes it takes. */
#include "kernels.h"

/* -------------------------------------------------------------------------------------------- Device code */
typedef struct Elements {
  int64_t count;
} Elements;

static void relu_on_device(void* const* buffers, const void* parameters) {
  const Elements* elements = parameters;
  const float* x = buffers[0];
  float* y = buffers[1];
  for (int64_t i = 0; i < elements->count; ++i) y[i] = x[i] < 0 ? 0 : x[i];
}
static void add_on_device(void* const* buffers, const void* parameters) {
  const Elements* elements = parameters;
  const float *a = buffers[0], *b = buffers[1];
  float* y = buffers[2];
  for (int64_t i = 0; i < elements->count; ++i) y[i] = a[i] + b[i];
}

/* -------------------------------------------------------------------------------------------------- Slots */
/* What a descriptor's `user` points to. */
typedef struct Code {
  driver_function function;
} Code;

/* Puts the work on the run's queue and does not wait. Shapes are this run's, whatever the model leaves open. */
static tenon_status run_elementwise(const tenon_kernel_descriptor* d, tenon_kernel* kernel,
                                    tenon_plan* plan, const tenon_run* run) {
  const Elements elements = {.count = (int64_t)(run->outputs[0]->bytes / sizeof(float))};
  driver_address buffers[3];
  uint32_t count = 0;
  (void)kernel, (void)plan;             /* NULL: nothing is kept for a node or a shape */
  if (elements.count == 0) return ok(); /* there are no buffers then */
  for (uint32_t i = 0; i < run->input_count; ++i) buffers[count++] = address_of(run->inputs[i]);
  buffers[count++] = address_of(run->outputs[0]);
  const int failure = driver_launch(run->queue->stream, ((const Code*)d->user)->function, buffers,
                                    count, &elements, sizeof elements);
  return driver_status(run->queue->device->host, failure, d->name);
}

/* Add broadcasts; this one takes equal shapes only, and says so: `tenon explain` shows it to the user. A dimension below
 * -1 is a symbol, equal wherever it appears. */
static tenon_status supports_add(const tenon_kernel_descriptor* d, tenon_backend* backend,
                                 tenon_device* device, const tenon_node* node) {
  const tenon_host* host = ((Backend*)backend)->host;
  const tenon_value *a = node->inputs[0], *b = node->inputs[1];
  int known = a->rank >= 0, equal = a->rank == b->rank;
  (void)d, (void)device;
  for (int32_t i = 0; i < a->rank; ++i) known = known && a->dims[i] != -1;
  for (int32_t i = 0; equal && i < a->rank; ++i) equal = a->dims[i] == b->dims[i];
  if (!known)
    return host->refuse(host, TENON_REASON_DYNAMIC_SHAPE, "input 0 shape", "an unknown dimension",
                        "none: it equals nothing");
  if (equal) return ok();
  return host->refuse(host, TENON_REASON_SHAPE, "inputs", "shapes that differ", "equal shapes");
}

/* -------------------------------------------------------------------------------------------- Descriptors */
/* Revisions are the ONNX versions that changed what the operator means: of Relu 1 alone, of Add 1 and 7, which differ in
 * how they broadcast. So these kernels are right for every opset up to 28. */
static Code kReluCode = {relu_on_device}, kAddCode = {add_on_device};
const tenon_kernel_descriptor kRelu = {
    .struct_size = TENON_SIZE_TO(tenon_kernel_descriptor, destroy),
    .name = "relu",
    .domain = "",
    .op = "Relu",
    .revision_min = 1,
    .revision_max = 28,
    .input_dtypes = kFloat32,
    .output_dtypes = kFloat32,
    .input_dtype_count = 1,
    .output_dtype_count = 1,
    .user = &kReluCode,
    .run = run_elementwise};
const tenon_kernel_descriptor kAdd = {
    .struct_size = TENON_SIZE_TO(tenon_kernel_descriptor, destroy),
    .name = "add",
    .domain = "",
    .op = "Add",
    .revision_min = 1,
    .revision_max = 28,
    .input_dtypes = kFloat32,
    .output_dtypes = kFloat32,
    .input_dtype_count = 1,
    .output_dtype_count = 1,
    .user = &kAddCode,
    .supports = supports_add,
    .run = run_elementwise};
