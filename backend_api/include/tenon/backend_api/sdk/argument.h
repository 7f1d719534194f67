// The arguments of a run, typed: Tensor is one argument with or without data, Run is all of a run.
// Views without state of their own: they compile to the loads that C would do.
#pragma once

#include <cstdint>
#include <span>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/host.h"
#include "tenon/backend_api/sdk/types.h"

namespace tenon::sdk {
inline namespace v0_1 {

// An argument whose elements are T. Absent optional arguments are false, those beyond the end too;
// ask before anything else where the operator allows them to be absent. `T` may be void where only the shape matters.
template <typename T>
class Tensor {
 public:
  explicit Tensor(const tenon_argument* argument = nullptr) : argument_(argument) {}
  explicit operator bool() const { return argument_ != nullptr; }
  const tenon_argument* raw() const { return argument_; }

  tenon_dtype dtype() const { return argument_->dtype; }
  int32_t rank() const { return argument_->tensor.ndim; }
  std::span<const int64_t> dims() const {
    return {argument_->tensor.shape, static_cast<size_t>(rank())};
  }
  int64_t dim(int32_t axis) const { return argument_->tensor.shape[axis]; }
  // In elements, by logical dimension.
  std::span<const int64_t> strides() const {
    return {argument_->tensor.strides, static_cast<size_t>(rank())};
  }
  int64_t Count() const {
    int64_t count = 1;
    for (const int64_t dim : dims()) count *= dim;
    return count;
  }
  uint64_t bytes() const { return argument_->bytes; }

  // The first element: NULL while planning and where the memory kind is not addressable.
  T* data() const { return static_cast<T*>(argument_->tensor.data); }
  auto& operator[](int64_t i) const { return data()[i]; }
  // All elements; of a dense tensor only.
  auto elements() const { return std::span(data(), static_cast<size_t>(Count())); }
  // The backend's own buffer, and where in it the tensor starts.
  template <typename Buffer>
  Buffer* buffer() const {
    return reinterpret_cast<Buffer*>(argument_->buffer);
  }
  uint64_t offset() const { return argument_->offset; }

 private:
  const tenon_argument* argument_;
};

// What a kernel's `run` gets. Lent until it returns.
class Run {
 public:
  Run(Host host, const tenon_run* run) : host_(host), run_(run) {}
  const tenon_run* raw() const { return run_; }
  Host host() const { return host_; }

  uint32_t input_count() const { return run_->input_count; }
  uint32_t output_count() const { return run_->output_count; }
  template <typename T>
  Tensor<const T> Input(uint32_t i) const {
    return Tensor<const T>(i < run_->input_count ? run_->inputs[i] : nullptr);
  }
  template <typename T>
  Tensor<T> Output(uint32_t i) const {
    return Tensor<T>(i < run_->output_count ? run_->outputs[i] : nullptr);
  }
  // The workspace that prepare asked for, as a tensor of bytes: buffer() and offset() where no
  // pointer reaches it. False where prepare asked for none.
  Tensor<uint8_t> WorkspaceTensor() const { return Tensor<uint8_t>(run_->workspace); }
  // Its first element: NULL where the memory kind is not addressable. Not where prepare asked for
  // none.
  template <typename T>
  T* Workspace() const {
    return static_cast<T*>(run_->workspace->tensor.data);
  }
  template <typename Queue>
  Queue* queue() const {
    return reinterpret_cast<Queue*>(run_->queue);
  }
  bool Cancelled() const { return run_->cancel && host_.Cancelled(run_->cancel); }

  // See Host::ParallelFor. Only where the kernel runs on the host and is finished when it returns.
  template <typename F>
  void ParallelFor(int64_t total, int64_t chunk, const F& f) const {
    host_.ParallelFor(total, chunk, f);
  }
  // For an output whose size depends on data (the row's flags say TENON_KERNEL_ALLOCATES_OUTPUT).
  template <typename T>
  Tensor<T> AllocateOutput(uint32_t i, std::span<const int64_t> dims) const {
    const tenon_argument* argument = nullptr;
    const tenon_status status = host_.table()->allocate_output(
        host_.table(), run_->context, i, static_cast<int32_t>(dims.size()), dims.data(), &argument);
    if (!IsOk(status)) ThrowStatus(status);
    return Tensor<T>(argument);
  }

 private:
  [[noreturn]] void ThrowStatus(const tenon_status& status) const {
    const Failure failure(status.code, host_.Message(status));
    host_.Drop(status);
    throw failure;
  }
  Host host_;
  const tenon_run* run_;
};

// What a kernel's `Prepare` gets: the arguments with concrete shapes and no data. Throw a Refusal
// to decline: the next kernel of this backend for the node is asked, or the run fails.
class Shapes {
 public:
  Shapes(const tenon_argument* const* inputs, uint32_t input_count,
         const tenon_argument* const* outputs, uint32_t output_count)
      : inputs_(inputs),
        outputs_(outputs),
        input_count_(input_count),
        output_count_(output_count) {}
  uint32_t input_count() const { return input_count_; }
  uint32_t output_count() const { return output_count_; }
  template <typename T = void>
  Tensor<const T> Input(uint32_t i) const {
    return Tensor<const T>(i < input_count_ ? inputs_[i] : nullptr);
  }
  template <typename T = void>
  Tensor<T> Output(uint32_t i) const {
    return Tensor<T>(i < output_count_ ? outputs_[i] : nullptr);
  }
  // Asks for scratch memory for each run of this plan.
  void SetWorkspace(uint64_t bytes, uint64_t alignment = 64,
                    uint32_t memory_kind = TENON_MEMORY_HOST) {
    workspace_bytes_ = bytes;
    workspace_alignment_ = alignment;
    workspace_kind_ = memory_kind;
  }
  // Gives the host what was asked for; once planning has succeeded.
  void Fill(tenon_plan_info& info, tenon_plan* plan) const {
    info.workspace_kind = workspace_kind_;
    info.workspace_bytes = workspace_bytes_;
    info.workspace_alignment = workspace_alignment_;
    info.plan = plan;
  }

 private:
  const tenon_argument* const* inputs_;
  const tenon_argument* const* outputs_;
  uint32_t input_count_, output_count_;
  uint32_t workspace_kind_ = TENON_MEMORY_HOST;
  uint64_t workspace_bytes_ = 0, workspace_alignment_ = 0;
};

}  // namespace v0_1
}  // namespace tenon::sdk
