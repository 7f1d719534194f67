// Runs of kernels, and what prepare and run have in common.
#pragma once

#include <optional>

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

// An argument that is written, in memory between walls, where it is in plain host memory;
// afterwards the bytes go where they belong. Elsewhere the argument itself.
class WalledArgument {
 public:
  WalledArgument(State& state, const tenon_argument* argument);
  const tenon_argument* argument() const { return walled_ ? &copy_ : original_; }
  void Finish(const char* slot, const std::string& complaint) const;

 private:
  State& state_;
  const tenon_argument* original_;
  tenon_argument copy_{};
  std::optional<Walled> walled_;
};

// An argument in host memory that may only be read: whether its (first) bytes stay.
class Unwritten {
 public:
  explicit Unwritten(const tenon_argument* argument);
  bool Changed() const { return data_ && Digest() != digest_; }

 private:
  uint64_t Digest() const;
  const unsigned char* data_ = nullptr;
  uint64_t bytes_ = 0, digest_ = 0;
};

}  // namespace tenon::backend::validate
