/* The interface "kernel": the list of operators that the device runs one by one. */
#include "kernels.h"

#include <string.h>

/* Of two that take a node the host prefers the first. */
static const tenon_kernel_descriptor* const kKernels[] = {&kRelu, &kAdd, &kMatMul};

static tenon_status descriptors(tenon_backend* backend,
                                const tenon_kernel_descriptor* const** out_descriptors,
                                uint32_t* out_count) {
  (void)backend;
  *out_descriptors = kKernels;
  *out_count = sizeof kKernels / sizeof *kKernels;
  return ok();
}

const void* work_interface(const char* name) {
  static const tenon_kernel_interface table = {
      .struct_size = TENON_SIZE_TO(tenon_kernel_interface, layouts), .descriptors = descriptors};
  return strcmp(name, "kernel") == 0 ? &table : NULL;
}
