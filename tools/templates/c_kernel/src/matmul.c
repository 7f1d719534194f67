/* MatMul of a matrix and a constant weight, which is packed once into device memory: a kernel with a
 * state for each node, and the slots create, prepack, run and destroy. */
#include <stdlib.h>

#include "kernels.h"

/* Sizes of [m, k] x [k, n]. */
typedef struct Sizes {
  int64_t m, k, n;
} Sizes;

/* buffers: x, the weight as [n, k], y. */
static void matmul_on_device(void* const* buffers, const void* parameters) {
  const Sizes* s = parameters;
  const float *x = buffers[0], *weight = buffers[1];
  float* y = buffers[2];
  for (int64_t i = 0; i < s->m * s->n; ++i) {
    float sum = 0;
    for (int64_t c = 0; c < s->k; ++c) sum += x[i / s->n * s->k + c] * weight[i % s->n * s->k + c];
    y[i] = sum;
  }
}

struct tenon_kernel {
  tenon_device* device;
  int64_t k, n;
};

static tenon_status supports(const tenon_kernel_descriptor* d, tenon_backend* backend,
                             tenon_device* device, const tenon_node* node) {
  const tenon_host* host = ((Backend*)backend)->host;
  const tenon_value* weight = node->inputs[1];
  (void)d, (void)device;
  if (!weight->data)
    return host->refuse(host, TENON_REASON_CONSTANT, "input 1", "a value known only at run time",
                        "a constant");
  if (node->inputs[0]->rank != 2 || weight->rank != 2)
    return host->refuse(host, TENON_REASON_RANK, "inputs", "other ranks", "matrices");
  if (weight->dims[0] == 0)
    return host->refuse(host, TENON_REASON_SHAPE, "input 1", "no rows", "at least one row");
  return ok();
}

/* Copies what it needs: the node is lent for the call. */
static tenon_status create(const tenon_kernel_descriptor* d, tenon_backend* backend,
                           tenon_device* device, const tenon_node* node,
                           tenon_kernel** out_kernel) {
  tenon_kernel* kernel = calloc(1, sizeof *kernel);
  (void)d, (void)backend;
  if (!kernel) return (tenon_status){.code = TENON_OUT_OF_MEMORY};
  kernel->device = device;
  kernel->k = node->inputs[1]->dims[0];
  kernel->n = node->inputs[1]->dims[1];
  *out_kernel = kernel;
  return ok();
}

/* First the size of the blob, then the blob, which is a buffer of ours. The host shares blobs of equal
 * weight and format between kernels and sessions, so the format names all that decides the bytes. */
static tenon_status prepack(const tenon_kernel_descriptor* d, tenon_kernel* kernel, uint32_t input,
                            const tenon_argument* weight, const tenon_argument* blob,
                            tenon_prepack_info* out_info) {
  const int64_t k = kernel->k, n = kernel->n;
  (void)d;
  if (input != 1) return ok(); /* bytes stay 0: it is not packed */
  if (!blob) {
    out_info->memory_kind = kDeviceMemory;
    out_info->bytes = weight->bytes;
    out_info->alignment = DRIVER_ALIGNMENT;
    out_info->format[0] = 't'; /* transposed */
    return ok();
  }
  const float* from = weight->tensor.data;
  float* transposed = malloc(weight->bytes);
  if (!transposed) return (tenon_status){.code = TENON_OUT_OF_MEMORY};
  for (int64_t i = 0; i < k * n; ++i) transposed[i % n * k + i / n] = from[i];
  const int failure =
      driver_write(kernel->device->driver, address_of(blob), transposed, weight->bytes);
  free(transposed);
  return driver_status(kernel->device->host, failure, "prepack");
}

static tenon_status run(const tenon_kernel_descriptor* d, tenon_kernel* kernel, tenon_plan* plan,
                        const tenon_run* run) {
  const tenon_argument *x = run->inputs[0], *y = run->outputs[0];
  const Sizes sizes = {x->tensor.shape[0], kernel->k, kernel->n};
  (void)plan;
  if (y->bytes == 0) return ok();
  const driver_address buffers[] = {address_of(x), address_of(run->inputs[1]), address_of(y)};
  return driver_status(
      kernel->device->host,
      driver_launch(run->queue->stream, matmul_on_device, buffers, 3, &sizes, sizeof sizes),
      d->name);
}

static void destroy(const tenon_kernel_descriptor* d, tenon_kernel* kernel) {
  (void)d;
  free(kernel);
}

const tenon_kernel_descriptor kMatMul = {
    .struct_size = TENON_SIZE_TO(tenon_kernel_descriptor, destroy),
    .name = "matmul",
    .domain = "",
    .op = "MatMul",
    .revision_min = 1,
    .revision_max = 28,
    .input_dtypes = kFloat32,
    .output_dtypes = kFloat32,
    .input_dtype_count = 1,
    .output_dtype_count = 1,
    .error_bound = 1e-5,
    .supports = supports,
    .create = create,
    .prepack = prepack,
    .run = run,
    .destroy = destroy};
