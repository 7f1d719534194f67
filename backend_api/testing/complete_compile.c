/* Compiling (an artifact says how many elements to negate), an operator of its own, the profile. */
#include <stdlib.h>
#include <string.h>

#include "complete.h"

/* ---------------------------------------------------------------------------------------- Compile
 */
struct tenon_artifact {
  char bytes[16];
};
static const char kMagic[16] = "complete-neg-1";

static tenon_status colour(tenon_backend* backend, const tenon_compile_target* target,
                           const tenon_segment* graph, uint32_t* out_colours) {
  (void)backend, (void)target;
  for (uint32_t i = 0; i < graph->node_count; ++i)
    out_colours[i] = strcmp(graph->nodes[i]->op, "Neg") == 0;
  return complete_ok();
}
static tenon_status refusal(tenon_backend* backend, const tenon_compile_target* target,
                            const tenon_segment* graph, uint32_t node) {
  const tenon_host* host = complete_host(backend);
  (void)target;
  return host->refuse(host, TENON_REASON_OPERATOR, "operator", graph->nodes[node]->op, "Neg");
}
static tenon_status compile(tenon_backend* backend, const tenon_segment* segment,
                            const tenon_compile_request* request, tenon_artifact** out_artifact) {
  const tenon_host* host = complete_host(backend);
  (void)segment;
  if (host->cancelled(host, request->cancel))
    return complete_fail(host, TENON_CANCELLED, "cancelled");
  tenon_artifact* artifact = calloc(1, sizeof *artifact);
  if (!artifact) return complete_fail(host, TENON_OUT_OF_MEMORY, "no memory for the artifact");
  memcpy(artifact->bytes, kMagic, sizeof kMagic);
  if (request->progress) request->progress(request->progress_context, 1);
  *out_artifact = artifact;
  return complete_ok();
}
static tenon_status artifact_bytes(tenon_backend* backend, tenon_artifact* artifact,
                                   const void** out_data, uint64_t* out_size) {
  (void)backend;
  *out_data = artifact->bytes;
  *out_size = sizeof artifact->bytes;
  return complete_ok();
}
static void artifact_release(tenon_backend* backend, tenon_artifact* artifact) {
  (void)backend;
  free(artifact);
}
static tenon_status check(tenon_backend* backend, const tenon_compile_target* target,
                          const void* data, uint64_t size) {
  (void)target;
  if (size == sizeof kMagic && memcmp(data, kMagic, size) == 0) return complete_ok();
  return complete_fail(complete_host(backend), TENON_DATA_LOSS, "no artifact of this backend");
}
static tenon_status load(tenon_device* device, const void* data, uint64_t size,
                         const tenon_kernel_descriptor** out_descriptor,
                         tenon_kernel** out_kernel) {
  tenon_backend* backend = &device->backend->object;
  const tenon_kernel_descriptor* const* list = NULL;
  uint32_t count = 0;
  tenon_status status = check(backend, NULL, data, size);
  if (status.code != TENON_OK) return status;
  status = complete_kernel_interface.descriptors(backend, &list, &count);
  if (status.code != TENON_OK) return status;
  status = list[0]->create(list[0], backend, device, NULL, out_kernel);
  if (status.code == TENON_OK) *out_descriptor = list[0];
  return status;
}

const tenon_compile_interface complete_compile_interface = {
    .struct_size = sizeof(tenon_compile_interface),
    .colour = colour,
    .compile = compile,
    .artifact_bytes = artifact_bytes,
    .artifact_release = artifact_release,
    .check = check,
    .load = load,
    .refusal = refusal};

/* -------------------------------------------------------------------------------------- Operators
 */
static tenon_status infer(const tenon_operator* self, tenon_backend* backend,
                          const tenon_node* node, tenon_shape* out_outputs) {
  (void)self, (void)backend;
  out_outputs[0].dtype = node->inputs[0]->dtype;
  out_outputs[0].rank = 1;
  out_outputs[0].dims[0] = -1;
  return complete_ok();
}
static tenon_status operators(tenon_backend* backend, const tenon_operator* const** out_operators,
                              uint32_t* out_count) {
  static const tenon_operator positive = {.struct_size = sizeof(tenon_operator),
                                          .revision = 1,
                                          .domain = "test",
                                          .name = "Positive",
                                          .min_inputs = 1,
                                          .max_inputs = 1,
                                          .min_outputs = 1,
                                          .max_outputs = 1,
                                          .description = "The positive elements of its input",
                                          .infer = infer};
  static const tenon_operator* const list[] = {&positive};
  (void)backend;
  *out_operators = list;
  *out_count = 1;
  return complete_ok();
}
const tenon_operators_interface complete_operators_interface = {
    .struct_size = sizeof(tenon_operators_interface), .operators = operators};

/* ---------------------------------------------------------------------------------------- Profile
 */
static tenon_status enable(tenon_device* device, int32_t on) {
  atomic_store(&device->profiling, on);
  return complete_ok();
}
static tenon_status clocks(tenon_device* device, uint64_t* out_device_ns, uint64_t* out_host_ns) {
  const tenon_host* host = device->backend->host;
  *out_device_ns = *out_host_ns = host->clock_ns(host);
  return complete_ok();
}
static tenon_status flush(tenon_device* device) {
  (void)device;
  return complete_ok();
}
const tenon_profile_interface complete_profile_interface = {
    .struct_size = sizeof(tenon_profile_interface),
    .enable = enable,
    .clocks = clocks,
    .flush = flush};
