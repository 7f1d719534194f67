// One kernel led through its life as a host does it: supports, create, prepack, prepare, run,
// release, destroy. For kernels on host memory (memory kinds that a pointer reaches) without a
// queue; for others test through the runtime, as tests/levels.c of `tenon backends new` does.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/status.h"
#include "tenon/backend_api/sdk/testing/node.h"

namespace tenon::sdk {
inline namespace v0_1 {
namespace testing {

using Arguments = std::vector<const tenon_argument*>;

class TestKernel {
 public:
  explicit TestKernel(const tenon_kernel_descriptor* descriptor, tenon_backend* backend = nullptr,
                      tenon_device* device = nullptr)
      : d_(descriptor), backend_(backend), device_(device) {}
  TestKernel(const TestKernel&) = delete;
  TestKernel& operator=(const TestKernel&) = delete;
  ~TestKernel() {
    for (const tenon_plan_info& plan : plans_) {
      if (d_->plan_release) d_->plan_release(d_, kernel_, plan.plan);
    }
    if (d_->destroy && kernel_) d_->destroy(d_, kernel_);
  }

  // supports, create, and prepack for each constant input.
  tenon_status Create(const tenon_node& node) {
    if (d_->supports) TENON_SDK_TRY(d_->supports(d_, backend_, device_, &node));
    if (d_->create) TENON_SDK_TRY(d_->create(d_, backend_, device_, &node, &kernel_));
    blobs_.resize(node.input_count);
    for (uint32_t i = 0; d_->prepack && i < node.input_count; ++i) {
      if (node.inputs[i] && node.inputs[i]->data) TENON_SDK_TRY(Pack(i, *node.inputs[i]));
    }
    return kOk;
  }

  // A plan for the shapes of these arguments; plans are numbered from 0 and live as long as the
  // kernel.
  tenon_status Prepare(const Arguments& inputs, const Arguments& outputs) {
    tenon_plan_info info{};
    info.struct_size = TENON_SIZE_TO(tenon_plan_info, plan);
    const Arguments packed = WithBlobs(inputs);
    if (d_->prepare) {
      TENON_SDK_TRY(d_->prepare(d_, kernel_, packed.data(), static_cast<uint32_t>(packed.size()),
                                outputs.data(), static_cast<uint32_t>(outputs.size()), &info));
    }
    plans_.push_back(info);
    return kOk;
  }
  const tenon_plan_info& plan(size_t i) const { return plans_[i]; }

  // Runs plan i, with a workspace of its own; any thread.
  tenon_status Run(size_t i, const Arguments& inputs, const Arguments& outputs) const {
    const Memory memory = Allocate(plans_[i].workspace_bytes, plans_[i].workspace_alignment);
    const TestArgument workspace({static_cast<int64_t>(plans_[i].workspace_bytes)}, memory.get());
    const Arguments packed = WithBlobs(inputs);
    tenon_run run{};
    run.struct_size = TENON_SIZE_TO(tenon_run, correlation_id);
    run.inputs = packed.data();
    run.outputs = outputs.data();
    run.input_count = static_cast<uint32_t>(packed.size());
    run.output_count = static_cast<uint32_t>(outputs.size());
    run.workspace = memory ? &workspace : nullptr;
    return d_->run(d_, kernel_, plans_[i].plan, &run);
  }
  // The blob that was made of input i, or NULL.
  const tenon_argument* blob(uint32_t i) const { return blobs_[i].argument.get(); }

 private:
  using Memory = std::unique_ptr<uint8_t[], decltype(&std::free)>;
  struct Blob {
    Memory memory{nullptr, &std::free};
    std::unique_ptr<TestArgument> argument;
  };
  static Memory Allocate(uint64_t bytes, uint64_t alignment) {
    if (alignment < 64) alignment = 64;
    void* memory =
        bytes ? std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment)
              : nullptr;
    return {static_cast<uint8_t*>(memory), &std::free};
  }
  tenon_status Pack(uint32_t input, const tenon_value& value) {
    const TestArgument weight(value);
    tenon_prepack_info info{};
    info.struct_size = TENON_SIZE_TO(tenon_prepack_info, format);
    TENON_SDK_TRY(d_->prepack(d_, kernel_, input, &weight, nullptr, &info));
    if (info.bytes == 0) return kOk;
    Blob& blob = blobs_[input];
    blob.memory = Allocate(info.bytes, info.alignment);
    blob.argument = std::make_unique<TestArgument>(
        std::vector<int64_t>{static_cast<int64_t>(info.bytes)}, blob.memory.get());
    return d_->prepack(d_, kernel_, input, &weight, blob.argument.get(), &info);
  }
  Arguments WithBlobs(Arguments inputs) const {
    for (size_t i = 0; i < inputs.size() && i < blobs_.size(); ++i) {
      if (blobs_[i].argument) inputs[i] = blobs_[i].argument.get();
    }
    return inputs;
  }

  const tenon_kernel_descriptor* d_;
  tenon_backend* backend_;
  tenon_device* device_;
  tenon_kernel* kernel_ = nullptr;
  std::vector<Blob> blobs_;
  std::vector<tenon_plan_info> plans_;
};

}  // namespace testing
}  // namespace v0_1
}  // namespace tenon::sdk
