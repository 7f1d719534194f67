// A kernel of a backend, made for one step of a program, with its packed weights; and its plans.
//
// After Create a kernel does not change; Prepare may be called by one thread at a time, plans are
// used by any.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tenon/backend/backend.h"
#include "tenon/execution/weight_cache.h"
#include "tenon/program/program.h"

namespace tenon::execution {

class LiveKernel;

// A plan of a kernel for concrete shapes; ends with its last user.
class KernelPlan {
 public:
  explicit KernelPlan(const LiveKernel& kernel) : kernel_(&kernel) {}
  ~KernelPlan();
  KernelPlan(const KernelPlan&) = delete;
  KernelPlan& operator=(const KernelPlan&) = delete;
  const LiveKernel& kernel() const { return *kernel_; }
  tenon_plan* handle() const { return info_.plan; }
  const tenon_plan_info& info() const { return info_; }

 private:
  friend class LiveKernel;
  const LiveKernel* kernel_;
  tenon_plan_info info_{};
};

// What making a kernel needs, and what it adds up.
struct KernelMaking {
  const program::Program* program = nullptr;
  WeightCache* weights = nullptr;
  std::shared_ptr<ByteBudget> budget;
  uint64_t prepacked_bytes = 0;
};

class LiveKernel {
 public:
  // The descriptor `name` of the step's device (or the step's compiled segment). Failures name node
  // and backend.
  static Result<std::unique_ptr<LiveKernel>> Create(KernelMaking& making, backend::Device& device,
                                                    const program::Step& step,
                                                    const std::string& name);
  ~LiveKernel();
  LiveKernel(const LiveKernel&) = delete;
  LiveKernel& operator=(const LiveKernel&) = delete;

  const tenon_kernel_descriptor* descriptor() const { return descriptor_; }
  tenon_kernel* handle() const { return kernel_; }
  backend::Device& device() const { return *device_; }
  // The blob that the kernel gets instead of input `input`; null where the input stays as it is.
  const tenon_argument* packed(uint32_t input) const;
  const tenon_argument* packed_shape(uint32_t input) const;  // the same without data, for prepare

  // kUnsupported: declined. Arguments have no data.
  Result<std::shared_ptr<const KernelPlan>> Prepare(
      std::span<const tenon_argument* const> inputs,
      std::span<const tenon_argument* const> outputs) const;

 private:
  struct Packed {
    uint32_t input;
    std::shared_ptr<const SharedWeight> weight;
    Charge charge;
    tenon_argument argument, description;
    int64_t dims[2];  // shape, stride
  };
  LiveKernel() = default;
  Status Load(const program::KernelRef& ref);
  Status Make(KernelMaking& making, const program::Step& step);
  Status Prepack(KernelMaking& making, uint32_t input, const graph::Constant& constant);
  Result<std::shared_ptr<Block>> Pack(uint32_t input, const tenon_argument& weight,
                                      const tenon_prepack_info& info);

  backend::Device* device_ = nullptr;
  const tenon_kernel_descriptor* descriptor_ = nullptr;
  tenon_kernel* kernel_ = nullptr;
  std::vector<std::unique_ptr<Packed>> packed_;
};

// `node "conv1" (Conv) on simulator`, or what else the step is.
std::string StepName(const program::Program& program, const program::Step& step);

}  // namespace tenon::execution
