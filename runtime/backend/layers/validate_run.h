// Runs of kernels, and what prepare and run have in common.
#pragma once

#include "layers/validate_backend.h"

namespace tenon::backend::validate {

Kernel* MakeKernel(const Descriptor& descriptor, Device* device, tenon_kernel* inner);
// The wrapper of a kernel; kernel NULL is right for a descriptor without create.
Kernel* Of(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel, const char* slot);
tenon_status TENON_CALL Run(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel,
                            tenon_plan* plan, const tenon_run* run);
// Puts the layer's slots where the descriptor has some.
void FillDescriptor(tenon_kernel_descriptor* ours);
// R14: arguments are what the descriptor declares (types, memory, layouts).
void CheckDeclared(Kernel& kernel, const char* slot, const tenon_argument* const* inputs,
                   uint32_t input_count, const tenon_argument* const* outputs,
                   uint32_t output_count);

}  // namespace tenon::backend::validate
