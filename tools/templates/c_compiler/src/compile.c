/* The interface "compile": whole segments of the graph become artifacts, which the host stores and
 * loads again. This compiler takes elementwise operators; yours would begin with segment_to_onnx, or
 * walk the segment as this one does. No device is needed: artifacts may be made elsewhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "artifact.h"

const char* const kOpNames[OP_COUNT] = {"Relu", "Neg", "Add", "Sub", "Mul", "Div"};

/* ------------------------------------------------------------------------------------------------- Colours */
static Opcode opcode_of(const tenon_node* node) {
  Opcode op = 0;
  while (op < OP_COUNT && (*node->domain || strcmp(node->op, kOpNames[op]) != 0)) ++op;
  return op;
}

/* Equal shapes as far as known: -1 equals nothing, a symbol (-2 and below) itself. */
static int same_shape(const tenon_value* a, const tenon_value* b) {
  if (a->rank < 0 || a->rank != b->rank) return 0;
  for (int32_t i = 0; i < a->rank; ++i) {
    if (a->dims[i] == -1 || a->dims[i] != b->dims[i]) return 0;
  }
  return 1;
}

/* Not broadcasting: the second operand is a constant of one element, or has the first one's shape. */
static int takes(const tenon_node* node) {
  const Opcode op = opcode_of(node);
  if (op == OP_COUNT || node->input_count != (op < OP_ADD ? 1u : 2u)) return 0;
  const tenon_value* a = node->inputs[0];
  if (a->dtype != TENON_FLOAT32 || a->data) return 0;
  if (op < OP_ADD) return 1;
  const tenon_value* b = node->inputs[1];
  return b->data ? b->data_bytes == sizeof(float) : same_shape(a, b);
}

/* Nodes of one colour may share a segment; the host cuts it so that nothing outside is in between. */
static tenon_status colour(tenon_backend* backend, const tenon_compile_target* target,
                           const tenon_segment* graph, uint32_t* out_colours) {
  (void)backend, (void)target;
  for (uint32_t i = 0; i < graph->node_count; ++i) out_colours[i] = takes(graph->nodes[i]) ? 1 : 0;
  return ok();
}

/* ------------------------------------------------------------------------------------------------- Compile */
struct tenon_artifact {
  uint64_t size;
  Artifact* content;
};

/* The numbers of values: the segment's inputs, its outputs, then each other value when a node gives it. */
typedef struct Values {
  const tenon_value** list;
  uint32_t count;
} Values;

static uint32_t number_of(Values* values, const tenon_value* value) {
  for (uint32_t i = 0; i < values->count; ++i)
    if (values->list[i] == value) return i;
  values->list[values->count] = value;
  return values->count++;
}

static void translate(const tenon_segment* segment, Values* values, Artifact* artifact) {
  for (uint32_t i = 0; i < segment->input_count; ++i) number_of(values, segment->inputs[i]);
  for (uint32_t i = 0; i < segment->output_count; ++i) number_of(values, segment->outputs[i]);
  for (uint32_t i = 0; i < segment->node_count; ++i) {
    const tenon_node* node = segment->nodes[i];
    const tenon_value* b = node->input_count > 1 ? node->inputs[1] : NULL;
    Instruction* instruction = &artifact->instructions[i];
    instruction->op = opcode_of(node);
    instruction->a = number_of(values, node->inputs[0]);
    instruction->b = b && !b->data ? number_of(values, b) : NO_VALUE;
    instruction->out = number_of(values, node->outputs[0]);
    if (b && b->data) memcpy(&instruction->constant, b->data, sizeof(float));
  }
}

static void artifact_release(tenon_backend* backend, tenon_artifact* artifact) {
  (void)backend;
  if (artifact) free(artifact->content);
  free(artifact);
}

static tenon_status compile(tenon_backend* backend, const tenon_segment* segment,
                            const tenon_compile_request* request, tenon_artifact** out_artifact) {
  const tenon_host* host = ((Backend*)backend)->host;
  char line[128];
  for (uint32_t i = 0; i < segment->node_count; ++i)
    if (!takes(segment->nodes[i]))
      return host->error(host, TENON_UNSUPPORTED, "the segment has a node of no colour");
  /* Where compiling takes long, ask this often; and look at deadline_ns, and call progress. */
  if (host->cancelled(host, request->cancel))
    return host->error(host, TENON_CANCELLED, "compiling was cancelled");
  const uint32_t most = segment->input_count + segment->output_count + segment->node_count;
  const uint64_t size = sizeof(Artifact) + segment->node_count * sizeof(Instruction);
  Values values = {malloc(most * sizeof(tenon_value*)), 0};
  tenon_artifact* artifact = calloc(1, sizeof *artifact);
  Artifact* content = calloc(1, size);
  if (!values.list || !artifact || !content) {
    free(values.list);
    free(artifact);
    free(content);
    return (tenon_status){.code = TENON_OUT_OF_MEMORY};
  }
  *artifact = (tenon_artifact){size, content};
  memcpy(content->magic, MAGIC, sizeof content->magic);
  memcpy(content->fingerprint, DEVICE_FINGERPRINT, sizeof DEVICE_FINGERPRINT);
  translate(segment, &values, content);
  content->input_count = segment->input_count;
  content->output_count = segment->output_count;
  content->value_count = values.count;
  content->instruction_count = segment->node_count;
  content->checksum = artifact_checksum(content);
  free(values.list);
  snprintf(line, sizeof line, "compiled %s: %u instructions", segment->name, segment->node_count);
  host->log(host, TENON_LOG_INFO, line);
  *out_artifact = artifact;
  return ok();
}

static tenon_status artifact_bytes(tenon_backend* backend, tenon_artifact* artifact,
                                   const void** out_data, uint64_t* out_size) {
  (void)backend;
  *out_data = artifact->content;
  *out_size = artifact->size;
  return ok();
}

/* --------------------------------------------------------------------------------------------------- Check */
uint32_t artifact_checksum(const Artifact* artifact) {
  const unsigned char* bytes = (const unsigned char*)&artifact->input_count;
  const uint64_t end = sizeof *artifact + artifact->instruction_count * sizeof(Instruction);
  uint32_t sum = 2166136261u; /* FNV-1a */
  for (uint64_t i = offsetof(Artifact, input_count); i < end; ++i)
    sum = (sum ^ *bytes++) * 16777619u;
  return sum;
}

static int is_whole(const Artifact* artifact, uint64_t size) {
  if (size != sizeof *artifact + artifact->instruction_count * (uint64_t)sizeof(Instruction) ||
      artifact->checksum != artifact_checksum(artifact))
    return 0;
  /* Each instruction gives one value, so that no count asks for more memory than the bytes are worth. */
  const uint64_t outside = (uint64_t)artifact->input_count + artifact->output_count;
  if (outside > artifact->value_count ||
      artifact->value_count > outside + artifact->instruction_count)
    return 0;
  for (uint32_t i = 0; i < artifact->instruction_count; ++i) {
    const Instruction* in = &artifact->instructions[i];
    if (in->op >= OP_COUNT || in->a >= artifact->value_count || in->out >= artifact->value_count ||
        (in->b != NO_VALUE && in->b >= artifact->value_count))
      return 0;
  }
  return 1;
}

tenon_status artifact_check(tenon_backend* backend, const tenon_compile_target* target,
                            const void* data, uint64_t size) {
  const tenon_host* host = ((Backend*)backend)->host;
  const Artifact* artifact = data;
  if (size < sizeof *artifact || memcmp(artifact->magic, MAGIC, sizeof artifact->magic) != 0)
    return host->error(host, TENON_INCOMPATIBLE, "no artifact of this version");
  if (strncmp(artifact->fingerprint, DEVICE_FINGERPRINT, sizeof artifact->fingerprint) != 0 ||
      (*target->fingerprint && strcmp(target->fingerprint, DEVICE_FINGERPRINT) != 0))
    return host->error(host, TENON_INCOMPATIBLE, "the artifact is for another device");
  if (!is_whole(artifact, size))
    return host->error(host, TENON_DATA_LOSS, "the artifact is damaged");
  return ok();
}

const void* work_interface(const char* name) {
  static const tenon_compile_interface table = {
      .struct_size = TENON_SIZE_TO(tenon_compile_interface, load),
      .colour = colour,
      .compile = compile,
      .artifact_bytes = artifact_bytes,
      .artifact_release = artifact_release,
      .check = artifact_check,
      .load = program_load};
  return strcmp(name, "compile") == 0 ? &table : NULL;
}
