/* Calls every slot of every table from C11. abi_slots_test.sh checks that none is left out. */
#include "abi_c11_test.h"

#include <string.h>

#define CHECK(condition)               \
  do {                                 \
    if (!(condition)) return __LINE__; \
  } while (0)
#define CHECK_OK(call) CHECK((call).code == TENON_OK)

enum { COUNT = 8, BYTES = COUNT * sizeof(float) };
static const float kInput[COUNT] = {1, -2, 3, -4, 5, -6, 7, -8};

typedef struct everything {
  tenon_backend* backend;
  const tenon_host* host;
  const abi_c11_objects* objects;
  const tenon_device_interface* device_api;
  const tenon_memory_interface* memory;
  const tenon_queue_interface* queue_api;
  const tenon_kernel_interface* kernel_api;
  const tenon_compile_interface* compiler;
  const tenon_operators_interface* operators_api;
  const tenon_profile_interface* profile;
  tenon_device* device;
  tenon_queue* queue;
  tenon_timeline* timeline;
  uint64_t signalled;
} everything;

/* ----------------------------------------------------------------------------------- Small helpers
 */
typedef struct held_argument {
  tenon_argument argument;
  int64_t dim, stride;
} held_argument;

static void fill_argument(held_argument* held, tenon_buffer* buffer, void* data, uint32_t kind) {
  memset(held, 0, sizeof *held);
  held->dim = COUNT;
  held->stride = 1;
  held->argument.struct_size = sizeof held->argument;
  held->argument.buffer = buffer;
  held->argument.bytes = BYTES;
  held->argument.dtype = TENON_FLOAT32;
  held->argument.memory_kind = kind;
  held->argument.tensor.data = data;
  held->argument.tensor.ndim = 1;
  held->argument.tensor.dtype.code = kDLFloat;
  held->argument.tensor.dtype.bits = 32;
  held->argument.tensor.dtype.lanes = 1;
  held->argument.tensor.device.device_type = kind == TENON_MEMORY_HOST ? kDLCPU : kDLExtDev;
  held->argument.tensor.shape = &held->dim;
  held->argument.tensor.strides = &held->stride;
}
static void make_bytes(held_argument* held, uint64_t bytes) {
  held->argument.dtype = TENON_UINT8;
  held->argument.tensor.dtype.code = kDLUInt;
  held->argument.tensor.dtype.bits = 8;
  held->argument.bytes = bytes;
  held->dim = (int64_t)bytes;
}
static void count_call(void* context, tenon_code code) {
  *(int*)context += code == TENON_OK ? 1 : 100;
}
static void count_task(void* context) { *(int*)context += 1; }
static void add_range(void* context, int64_t begin, int64_t end) {
  ((int64_t*)context)[begin] = end - begin;
}
static void see_progress(void* context, double share) { *(double*)context = share; }

/* Signals, submits and waits: everything enqueued is done. */
static int finish(everything* e) {
  const tenon_fence fence = {e->timeline, ++e->signalled, TENON_ORIGIN_BACKEND, 0};
  CHECK_OK(e->queue_api->signal(e->queue, &fence, 1));
  CHECK_OK(e->queue_api->submit(e->queue));
  CHECK_OK(e->queue_api->timeline_wait(e->device, e->timeline, e->signalled, UINT64_MAX));
  return 0;
}

/* -------------------------------------------------------------------------------------------- Host
 */
static int call_host(const everything* e) {
  const tenon_host* host = e->host;
  host->log(host, TENON_LOG_DEBUG, "a line");
  tenon_status status = host->error(host, TENON_IO, "broken");
  CHECK(status.code == TENON_IO && strcmp(host->error_message(host, status.detail), "broken") == 0);
  host->error_release(host, status.detail);
  status = host->refuse(host, TENON_REASON_RANK, "input 0 rank", "5", "4");
  CHECK(status.code == TENON_UNSUPPORTED);
  CHECK(strcmp(host->error_message(host, status.detail), "input 0 rank: got 5, wants 4") == 0);
  host->error_release(host, status.detail);
  CHECK(strcmp(host->error_message(host, NULL), "") == 0);
  void* memory = host->allocate(host, 100, 256);
  CHECK(memory && (uintptr_t)memory % 256 == 0);
  memset(memory, 1, 100);
  host->free(host, memory);
  host->free(host, NULL);
  int64_t chunks[10] = {0};
  host->parallel_for(host, 10, 4, add_range, chunks);
  CHECK(chunks[0] == 4 && chunks[4] == 4 && chunks[8] == 2);
  CHECK(strcmp(host->option(host, "speed"), "fast") == 0);
  const tenon_operator_schema* schema = host->operator_schema(host, "", "Add");
  CHECK(schema && strcmp(schema->name, "Add") == 0 && schema->min_inputs == 2 &&
        schema->max_inputs == 2);
  CHECK(!host->operator_schema(host, "", "NoSuchOperator"));
  CHECK(host->clock_ns(host) <= host->clock_ns(host));
  CHECK(host->thread_count(host) == 1);
  CHECK(!host->cancelled(host, NULL) && !host->cancelled(host, e->objects->cancel));
  return 0;
}
static int call_host_services(const everything* e) {
  const tenon_host* host = e->host;
  static int done;
  const void* data = NULL;
  uint64_t size = 0, value = 0;
  done = 0;
  CHECK_OK(host->submit(host, count_task, &done));
  CHECK_OK(host->cache_put(host, "key/../1", "bytes", 5));
  CHECK_OK(host->cache_get(host, "key/../1", &data, &size));
  CHECK(size == 5 && memcmp(data, "bytes", 5) == 0);
  host->cache_release(host, data);
  const tenon_status status = host->cache_get(host, "another", &data, &size);
  CHECK(status.code == TENON_NOT_FOUND);
  host->error_release(host, status.detail);
  const tenon_profile_event event = {
      .struct_size = sizeof event, .name = "event", .begin_ns = 1, .end_ns = 2};
  host->profile_event(host, &event);
  CHECK_OK(host->timeline_query(host, e->objects->timeline, &value));
  CHECK(value == 1);
  CHECK_OK(host->timeline_wait(host, e->objects->timeline, 1, 0));
  done = 0;
  host->timeline_notify(host, e->objects->timeline, 1, count_call, &done);
  CHECK(done == 1);
  const tenon_segment segment = {.struct_size = sizeof segment, .name = "segment"};
  CHECK_OK(host->segment_to_onnx(host, &segment, 17, &data, &size));
  host->cache_release(host, data);
  /* allocate_output is called by the kernel "positive", below. */
  return 0;
}

/* ---------------------------------------------------------------------------------- Device, memory
 */
static int call_device(everything* e) {
  const tenon_option* const* options = NULL;
  const tenon_device_info* const* infos = NULL;
  uint32_t count = 0;
  e->device_api->options(e->backend, &options, &count);
  CHECK(count == 2 && strcmp(options[0]->name, "greeting") == 0);
  CHECK_OK(e->device_api->enumerate(e->backend, &infos, &count));
  CHECK(count == 1 && infos[0]->memory_kind_count == 2);
  const tenon_status status = e->device_api->open(e->backend, 77, &e->device);
  CHECK(status.code == TENON_NOT_FOUND && !e->device);
  e->host->error_release(e->host, status.detail);
  CHECK_OK(e->device_api->open(e->backend, infos[0]->id, &e->device));
  return 0;
}
static int call_memory(const everything* e, uint32_t kind) {
  const tenon_memory_interface* memory = e->memory;
  tenon_buffer* buffer = NULL;
  void *base = NULL, *pointer = NULL;
  tenon_fence fence = {0};
  CHECK_OK(memory->allocate(e->device, kind, BYTES, 16, e->queue, &buffer, &base));
  CHECK_OK(memory->map(e->device, buffer, 0, BYTES, TENON_ACCESS_WRITE, NULL, 0, 0, &pointer));
  memcpy(pointer, kInput, BYTES);
  CHECK_OK(memory->unmap(e->device, buffer, pointer, &fence));
  CHECK_OK(memory->map(e->device, buffer, sizeof(float), BYTES - sizeof(float), TENON_ACCESS_READ,
                       NULL, 0, 0, &pointer));
  CHECK(*(float*)pointer == -2);
  CHECK_OK(memory->unmap(e->device, buffer, pointer, NULL));
  tenon_external_memory external = {.struct_size = sizeof external};
  CHECK_OK(memory->export_memory(e->device, buffer, TENON_EXTERNAL_HOST_POINTER, &external));
  CHECK(external.size == BYTES);
  tenon_buffer* imported = NULL;
  CHECK_OK(memory->import_memory(e->device, kind, &external, &imported, &base));
  memory->free(e->device, imported, NULL, 0);
  memory->free(e->device, buffer, NULL, 0);
  tenon_memory_stats stats = {.struct_size = sizeof stats};
  CHECK_OK(memory->stats(e->device, kind, &stats));
  CHECK_OK(memory->trim(e->device));
  return 0;
}

/* ----------------------------------------------------------------------------------- Queue, kernel
 */
static int call_queue(everything* e, tenon_buffer* buffer) {
  const tenon_queue_interface* api = e->queue_api;
  const uint32_t pattern = 0x40000000u; /* 2.0f */
  float seen[COUNT] = {0};
  const tenon_location device = {buffer, NULL, 0}, host = {NULL, seen, 0};
  const tenon_fence of_host = {e->objects->timeline, 1, TENON_ORIGIN_HOST, 0};
  uint64_t value = 0;
  int done = 0;
  CHECK_OK(api->wait(e->queue, &of_host, 1));
  CHECK_OK(api->fill(e->queue, &device, BYTES, &pattern, sizeof pattern));
  CHECK_OK(api->copy(e->queue, &device, &host, BYTES));
  CHECK_OK(api->timeline_notify(e->device, e->timeline, e->signalled + 1, count_call, &done));
  CHECK(finish(e) == 0);
  CHECK(done == 1 && seen[0] == 2 && seen[COUNT - 1] == 2);
  CHECK_OK(api->timeline_query(e->device, e->timeline, &value));
  CHECK(value == e->signalled);
  tenon_recording* recording = NULL;
  CHECK_OK(api->record_begin(e->queue));
  CHECK_OK(api->copy(e->queue, &device, &host, BYTES));
  CHECK_OK(api->record_end(e->queue, &recording));
  memset(seen, 0, BYTES);
  CHECK_OK(api->replay(e->queue, recording));
  CHECK(finish(e) == 0 && seen[0] == 2);
  api->recording_destroy(e->queue, recording);
  return 0;
}

/* One kernel from supports to destroy: out = op(in, kInput) on the queue, and at once without it.
 */
static int call_kernel(everything* e, const tenon_kernel_descriptor* k, const tenon_node* node,
                       const float* expected) {
  tenon_kernel* kernel = NULL;
  tenon_buffer *in = NULL, *out = NULL, *scratch = NULL, *blob = NULL;
  void *in_base = NULL, *out_base = NULL, *scratch_base = NULL, *blob_base = NULL;
  CHECK_OK(k->supports(k, e->backend, e->device, node));
  CHECK_OK(k->create(k, e->backend, e->device, node, &kernel));
  CHECK_OK(e->memory->allocate(e->device, 1, BYTES, 64, NULL, &in, &in_base));
  CHECK_OK(e->memory->allocate(e->device, 1, BYTES, 64, NULL, &out, &out_base));
  CHECK_OK(e->memory->allocate(e->device, 1, 64, 64, NULL, &scratch, &scratch_base));
  CHECK_OK(e->memory->allocate(e->device, 1, BYTES, 64, NULL, &blob, &blob_base));
  held_argument x, w, packed, y, workspace;
  fill_argument(&x, in, in_base, 1);
  fill_argument(&y, out, out_base, 1);
  fill_argument(&w, NULL, (void*)(uintptr_t)kInput, TENON_MEMORY_HOST);
  fill_argument(&packed, blob, blob_base, 1);
  make_bytes(&packed, BYTES);
  fill_argument(&workspace, scratch, scratch_base, 1);
  make_bytes(&workspace, 64);
  if (k->prepack) {
    tenon_prepack_info info = {.struct_size = sizeof info};
    CHECK_OK(k->prepack(k, kernel, 1, &w.argument, NULL, &info));
    CHECK(info.bytes == BYTES && info.memory_kind == 1);
    CHECK_OK(k->prepack(k, kernel, 1, &w.argument, &packed.argument, &info));
  }
  const tenon_location host = {NULL, (void*)(uintptr_t)kInput, 0}, device = {in, NULL, 0};
  float seen[COUNT] = {0};
  const tenon_location result = {out, NULL, 0}, back = {NULL, seen, 0};
  CHECK_OK(e->queue_api->copy(e->queue, &host, &device, BYTES));
  const tenon_argument* inputs[] = {&x.argument, &packed.argument};
  const tenon_argument* outputs[] = {&y.argument};
  tenon_plan_info plan = {.struct_size = sizeof plan};
  if (k->prepare) {
    x.argument.tensor.data = y.argument.tensor.data = packed.argument.tensor.data = NULL;
    x.argument.buffer = y.argument.buffer = packed.argument.buffer = NULL;
    CHECK_OK(k->prepare(k, kernel, inputs, node->input_count, outputs, 1, &plan));
    x.argument.tensor.data = in_base, y.argument.tensor.data = out_base,
    packed.argument.tensor.data = blob_base;
    x.argument.buffer = in, y.argument.buffer = out, packed.argument.buffer = blob;
  }
  const tenon_run run = {.struct_size = sizeof run,
                         .input_count = node->input_count,
                         .inputs = inputs,
                         .outputs = outputs,
                         .output_count = 1,
                         .workspace = plan.workspace_bytes ? &workspace.argument : NULL,
                         .queue = e->queue,
                         .cancel = e->objects->cancel,
                         .correlation_id = 7};
  CHECK_OK(k->run(k, kernel, plan.plan, &run));
  CHECK_OK(e->queue_api->copy(e->queue, &result, &back, BYTES));
  CHECK(finish(e) == 0);
  CHECK(memcmp(seen, expected, BYTES) == 0);
  if (k->plan_release) k->plan_release(k, kernel, plan.plan);
  k->destroy(k, kernel);
  e->memory->free(e->device, in, NULL, 0);
  e->memory->free(e->device, out, NULL, 0);
  e->memory->free(e->device, scratch, NULL, 0);
  e->memory->free(e->device, blob, NULL, 0);
  return 0;
}
static int call_positive(everything* e, const tenon_kernel_descriptor* k, const tenon_node* node) {
  tenon_kernel* kernel = NULL;
  held_argument x;
  fill_argument(&x, NULL, (void*)(uintptr_t)kInput, TENON_MEMORY_HOST);
  const tenon_argument* inputs[] = {&x.argument};
  const tenon_argument* outputs[] = {NULL};
  CHECK_OK(k->create(k, e->backend, e->device, node, &kernel));
  const tenon_run run = {.struct_size = sizeof run,
                         .input_count = 1,
                         .inputs = inputs,
                         .outputs = outputs,
                         .output_count = 1,
                         .context = e->objects->context};
  CHECK_OK(k->run(k, kernel, NULL, &run)); /* calls allocate_output( of the host */
  k->destroy(k, kernel);
  return 0;
}

/* ------------------------------------------------------------------- Compile, operators, profile
 */
static int call_compile(everything* e, const tenon_node* node) {
  const tenon_node* const nodes[] = {node};
  const tenon_segment segment = {.struct_size = sizeof segment,
                                 .node_count = 1,
                                 .name = "segment",
                                 .nodes = nodes,
                                 .inputs = node->inputs,
                                 .outputs = node->outputs,
                                 .input_count = 1,
                                 .output_count = 1};
  const tenon_compile_target target = {
      .struct_size = sizeof target, .device_name = "complete", .fingerprint = ""};
  double share = 0;
  const tenon_compile_request request = {.struct_size = sizeof request,
                                         .target = &target,
                                         .progress = see_progress,
                                         .progress_context = &share};
  uint32_t colours[1] = {0};
  tenon_artifact* artifact = NULL;
  const void* data = NULL;
  uint64_t size = 0;
  CHECK_OK(e->compiler->colour(e->backend, &target, &segment, colours));
  CHECK(colours[0] == 1);
  const tenon_status no = e->compiler->refusal(e->backend, &target, &segment, 0);
  CHECK(no.code == TENON_UNSUPPORTED);
  e->host->error_release(e->host, no.detail);
  CHECK_OK(e->compiler->compile(e->backend, &segment, &request, &artifact));
  CHECK(share == 1);
  CHECK_OK(e->compiler->artifact_bytes(e->backend, artifact, &data, &size));
  CHECK_OK(e->compiler->check(e->backend, &target, data, size));
  const tenon_status status = e->compiler->check(e->backend, &target, "x", 1);
  CHECK(status.code == TENON_DATA_LOSS);
  e->host->error_release(e->host, status.detail);
  const tenon_kernel_descriptor* descriptor = NULL;
  tenon_kernel* kernel = NULL;
  CHECK_OK(e->compiler->load(e->device, data, size, &descriptor, &kernel));
  descriptor->destroy(descriptor, kernel);
  e->compiler->artifact_release(e->backend, artifact);
  return 0;
}
static int call_operators(everything* e, const tenon_node* node) {
  const tenon_operator* const* list = NULL;
  uint32_t count = 0;
  tenon_shape shape = {0};
  CHECK_OK(e->operators_api->operators(e->backend, &list, &count));
  CHECK(count == 1);
  CHECK_OK(list[0]->infer(list[0], e->backend, node, &shape));
  CHECK(shape.dtype == TENON_FLOAT32 && shape.rank == 1 && shape.dims[0] == -1);
  return 0;
}
static int call_profile(everything* e) {
  uint64_t of_device = 0, of_host = 0;
  CHECK_OK(e->profile->enable(e->device, 1));
  CHECK_OK(e->profile->clocks(e->device, &of_device, &of_host));
  CHECK(of_device != 0 && of_host != 0);
  CHECK_OK(e->profile->flush(e->device));
  CHECK_OK(e->profile->enable(e->device, 0));
  return 0;
}

static int call_kernels(everything* e) {
  static const int64_t dims[] = {COUNT};
  static const float negated[COUNT] = {-1, 2, -3, 4, -5, 6, -7, 8};
  static const float doubled[COUNT] = {2, -4, 6, -8, 10, -12, 14, -16};
  const tenon_value x = {
      .struct_size = sizeof x, .dtype = TENON_FLOAT32, .name = "x", .rank = 1, .dims = dims};
  tenon_value w = x, y = x;
  w.name = "w", w.data = kInput, w.data_bytes = BYTES, y.name = "y";
  const tenon_value* const inputs[] = {&x, &w};
  const tenon_value* const outputs[] = {&y};
  tenon_node node = {.struct_size = sizeof node,
                     .revision = 1,
                     .domain = "",
                     .op = "Neg",
                     .name = "n",
                     .inputs = inputs,
                     .outputs = outputs,
                     .input_count = 1,
                     .output_count = 1};
  const tenon_kernel_descriptor* const* k = NULL;
  const tenon_layout_info* const* layouts = NULL;
  uint32_t count = 0;
  int line = 0;
  CHECK_OK(e->kernel_api->descriptors(e->backend, &k, &count));
  CHECK(count == 3);
  if ((line = call_kernel(e, k[0], &node, negated)) != 0) return line;
  if ((line = call_compile(e, &node)) != 0) return line;
  node.op = "Add", node.input_count = 2;
  if ((line = call_kernel(e, k[1], &node, doubled)) != 0) return line;
  node.op = "Positive", node.domain = "test", node.input_count = 1;
  if ((line = call_positive(e, k[2], &node)) != 0) return line;
  if ((line = call_operators(e, &node)) != 0) return line;
  CHECK_OK(e->kernel_api->layouts(e->backend, &layouts, &count));
  CHECK(count == 1 && layouts[0]->bytes(TENON_FLOAT32, 1, dims) == 32);
  return 0;
}

int abi_c11_call_everything(tenon_backend* backend, const tenon_host* host,
                            const abi_c11_objects* objects) {
  everything e = {.backend = backend, .host = host, .objects = objects};
  tenon_buffer* buffer = NULL;
  void* base = NULL;
  int line = 0;
  e.device_api = backend->interface(backend, "device", 1);
  e.memory = backend->interface(backend, "memory", 1);
  e.queue_api = backend->interface(backend, "queue", 1);
  e.kernel_api = backend->interface(backend, "kernel", 1);
  e.compiler = backend->interface(backend, "compile", 1);
  e.operators_api = backend->interface(backend, "operators", 1);
  e.profile = backend->interface(backend, "profile", 1);
  CHECK(e.device_api && e.memory && e.queue_api && e.kernel_api && e.compiler && e.operators_api &&
        e.profile);
  if ((line = call_host(&e)) != 0 || (line = call_host_services(&e)) != 0) return line;
  if ((line = call_device(&e)) != 0) return line;
  CHECK_OK(e.queue_api->create(e.device, &e.queue));
  CHECK_OK(e.queue_api->timeline_create(e.device, &e.timeline));
  if ((line = call_memory(&e, 1)) != 0 || (line = call_memory(&e, 2)) != 0) return line;
  CHECK_OK(e.memory->allocate(e.device, 1, BYTES, 64, NULL, &buffer, &base));
  if ((line = call_queue(&e, buffer)) != 0 || (line = call_kernels(&e)) != 0) return line;
  if ((line = call_profile(&e)) != 0) return line;
  e.memory->free(e.device, buffer, NULL, 0);
  e.queue_api->destroy(e.queue);
  e.queue_api->timeline_destroy(e.device, e.timeline);
  e.device_api->close(e.device);
  CHECK_OK(backend->quiesce(backend, 0)); /* destroy( is called by the program */
  return 0;
}
