/* A whole backend in one C file: Neg, Relu and Add on float32, on the host's memory. It needs backend.h alone.
 * Build: cc -std=c11 -shared -fPIC -fvisibility=hidden -I<prefix>/include backend_c.c -o libbackend_c.so */
#include <stdlib.h>
#include <string.h>
#include <tenon/backend_api/backend.h>

TENON_BACKEND_NOTE("backend_c", "1.0.0", "Example");

/* The object: what the host sees first, then our own. No static state: there may be several. */
typedef struct Backend {
  tenon_backend base;
  const tenon_host* host;
} Backend;

/* A kernel's run: arguments are dense; queue is NULL, so the work is done when it returns. */
#define RUN(name_, operands_, expression_)                                                    \
  static tenon_status name_(const tenon_kernel_descriptor* d, tenon_kernel* k, tenon_plan* p, \
                            const tenon_run* run) {                                           \
    const float* x = run->inputs[0]->tensor.data;                                             \
    const float* w = run->inputs[operands_ - 1]->tensor.data;                                 \
    float* y = run->outputs[0]->tensor.data;                                                  \
    const uint64_t count = run->outputs[0]->bytes / sizeof(float);                            \
    for (uint64_t i = 0; i < count; ++i) y[i] = (expression_);                                \
    (void)d, (void)k, (void)p, (void)w;                                                       \
    return (tenon_status){0};                                                                 \
  }
RUN(RunNeg, 1, -x[i])
RUN(RunRelu, 1, x[i] < 0 ? 0 : x[i])
RUN(RunAdd, 2, x[i] + w[i])

/* Add takes equal static shapes only; who asks is told why not. */
static tenon_status SupportsAdd(const tenon_kernel_descriptor* d, tenon_backend* backend,
                                tenon_device* device, const tenon_node* node) {
  const tenon_host* host = ((Backend*)backend)->host;
  const tenon_value *a = node->inputs[0], *b = node->inputs[1];
  int equal = a->rank >= 0 && a->rank == b->rank;
  for (int32_t i = 0; equal && i < a->rank; ++i)
    equal = a->dims[i] >= 0 && a->dims[i] == b->dims[i];
  (void)d, (void)device;
  if (equal) return (tenon_status){0};
  return host->refuse(host, TENON_REASON_SHAPE, "inputs", "shapes that differ or are open",
                      "equal static shapes");
}

/* The table: an operator, its semantic revisions, its types, what runs it. */
static const tenon_dtypes kFloat[] = {TENON_DTYPE_BIT(TENON_FLOAT32)};
static const tenon_in_place kInPlace[] = {{0, 0}};
#define KERNEL(name_, op_, revision_, run_, supports_)                                           \
  {                                                                                              \
    .struct_size = TENON_SIZE_TO(tenon_kernel_descriptor, destroy), .name = name_, .domain = "", \
    .op = op_, .revision_min = 1, .revision_max = revision_, .input_dtypes = kFloat,             \
    .output_dtypes = kFloat, .input_dtype_count = 1, .output_dtype_count = 1,                    \
    .in_place = kInPlace, .in_place_count = 1, .run = run_, .supports = supports_                \
  }
static const tenon_kernel_descriptor kNeg = KERNEL("neg", "Neg", 28, RunNeg, NULL);
static const tenon_kernel_descriptor kRelu = KERNEL("relu", "Relu", 28, RunRelu, NULL);
static const tenon_kernel_descriptor kAdd = KERNEL("add", "Add", 28, RunAdd, SupportsAdd);
static const tenon_kernel_descriptor* const kKernels[] = {&kNeg, &kRelu, &kAdd};

static tenon_status Descriptors(tenon_backend* backend,
                                const tenon_kernel_descriptor* const** out_descriptors,
                                uint32_t* out_count) {
  (void)backend;
  *out_descriptors = kKernels;
  *out_count = 3;
  return (tenon_status){0};
}
static const tenon_kernel_interface kKernelInterface = {
    .struct_size = TENON_SIZE_TO(tenon_kernel_interface, layouts), .descriptors = Descriptors};

static const void* Interface(tenon_backend* backend, const char* name, uint32_t version) {
  (void)backend;
  return version == 1 && strcmp(name, "kernel") == 0 ? &kKernelInterface : NULL;
}
static void Destroy(tenon_backend* backend) { free(backend); }

static tenon_status Create(const tenon_host* host, tenon_backend** out_backend) {
  Backend* backend = calloc(1, sizeof *backend);
  if (!backend) return (tenon_status){.code = TENON_OUT_OF_MEMORY};
  backend->base = (tenon_backend){.struct_size = TENON_SIZE_TO(tenon_backend, destroy),
                                  .interface = Interface,
                                  .destroy = Destroy};
  backend->host = host;
  *out_backend = &backend->base;
  return (tenon_status){0};
}

TENON_EXPORT int32_t tenon_negotiate(const tenon_offer* offer, tenon_answer* answer);
int32_t tenon_negotiate(const tenon_offer* offer, tenon_answer* answer) {
  if (offer->abi_major != TENON_ABI_MAJOR || offer->abi_minor_max < TENON_ABI_MINOR_LEAST) return 1;
  answer->abi_minor =
      offer->abi_minor_max < TENON_ABI_MINOR ? offer->abi_minor_max : TENON_ABI_MINOR;
  answer->create = Create, answer->name = "backend_c", answer->version = "1.0.0",
  answer->vendor = "Example";
  return 0;
}
