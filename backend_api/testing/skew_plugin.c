/* A backend of one kernel that can be built to claim another version than its header's:
 *   SKEW_MAJOR, SKEW_MINOR_LEAST, SKEW_MINOR    what it says of itself in the note
 *   SKEW_CHOOSES                                the minor version that it answers, whatever is
 * offered SKEW_REFUSES                                it refuses every host, with a reason
 *   SKEW_NO_NOTE, SKEW_NO_SYMBOL, SKEW_SANITIZER
 * Built against recorded headers as well: it uses nothing that is not in 0.1. */
#include <string.h>
#include <tenon/backend_api/backend.h>

#ifndef SKEW_MAJOR
#define SKEW_MAJOR TENON_ABI_MAJOR
#endif
#ifndef SKEW_MINOR_LEAST
#define SKEW_MINOR_LEAST TENON_ABI_MINOR_LEAST
#endif
#ifndef SKEW_MINOR
#define SKEW_MINOR TENON_ABI_MINOR
#endif
#ifndef SKEW_SANITIZER
#define SKEW_SANITIZER TENON_SANITIZER
#endif

#ifndef SKEW_NO_NOTE
__attribute__((section(".note.tenon"), used, aligned(4))) static const struct {
  uint32_t owner_size, descriptor_size, type;
  char owner[8];
  tenon_note note;
} skew_note = {6,
               sizeof(tenon_note),
               1,
               "Tenon",
               {SKEW_MAJOR, SKEW_MINOR_LEAST, SKEW_MINOR, SKEW_SANITIZER, "skew", "1", "Tenon"}};
#endif

static tenon_status run(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel,
                        tenon_plan* plan, const tenon_run* arguments) {
  const tenon_status ok = {TENON_OK, 0, NULL};
  const float* x = arguments->inputs[0]->tensor.data;
  float* y = arguments->outputs[0]->tensor.data;
  (void)descriptor, (void)kernel, (void)plan;
  for (uint64_t i = 0; i < arguments->outputs[0]->bytes / sizeof *y; ++i) y[i] = -x[i];
  return ok;
}

static tenon_status descriptors(tenon_backend* backend,
                                const tenon_kernel_descriptor* const** out_descriptors,
                                uint32_t* out_count) {
  static const tenon_kernel_descriptor neg = {.struct_size = sizeof neg,
                                              .name = "neg",
                                              .domain = "",
                                              .op = "Neg",
                                              .revision_min = 1,
                                              .revision_max = 13,
                                              .run = run};
  static const tenon_kernel_descriptor* const list[] = {&neg};
  const tenon_status ok = {TENON_OK, 0, NULL};
  (void)backend;
  *out_descriptors = list;
  *out_count = 1;
  return ok;
}
static const void* interface(tenon_backend* backend, const char* name, uint32_t version) {
  static const tenon_kernel_interface kernels = {.struct_size = sizeof kernels,
                                                 .descriptors = descriptors};
  (void)backend;
  return version == 1 && strcmp(name, "kernel") == 0 ? &kernels : NULL;
}
static void destroy(tenon_backend* backend) { (void)backend; }
static tenon_status create(const tenon_host* host, tenon_backend** out_backend) {
  static tenon_backend object = {
      .struct_size = sizeof object, .interface = interface, .destroy = destroy};
  const tenon_status ok = {TENON_OK, 0, NULL};
  (void)host;
  *out_backend = &object;
  return ok;
}

#ifndef SKEW_NO_SYMBOL
TENON_EXPORT int32_t tenon_negotiate(const tenon_offer* offer, tenon_answer* answer);
int32_t tenon_negotiate(const tenon_offer* offer, tenon_answer* answer) {
#ifdef SKEW_REFUSES
  (void)offer;
  strncpy(answer->reason, "it is Monday", answer->reason_size);
  return 1;
#endif
  answer->abi_minor = SKEW_MINOR;
  if (offer->abi_minor_max < answer->abi_minor) answer->abi_minor = offer->abi_minor_max;
#ifdef SKEW_CHOOSES
  answer->abi_minor = SKEW_CHOOSES;
#endif
  answer->create = create;
  answer->name = "skew";
  answer->version = "1";
  answer->vendor = "Tenon";
  return 0;
}
#endif
