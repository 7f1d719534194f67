// What work of a kernel computes: made by prepare for concrete shapes, immutable, shared by the
// plan and by the work that is under way. And how a run becomes work.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "device.h"
#include "node.h"
#include "tenon/backend_api/backend.h"
#include "tenon/operators/kernel.h"

namespace tenon::simulator {

class Computation {
 public:
  explicit Computation(std::string name) : name_(std::move(name)) {}
  Computation(const Computation&) = delete;
  Computation& operator=(const Computation&) = delete;
  virtual ~Computation() = default;

  // Absent arguments are null. The workspace has workspace_bytes(), aligned to kMemoryAlignment.
  virtual Status Run(std::span<void* const> inputs, std::span<void* const> outputs,
                     void* workspace) const = 0;
  // Instead of Run where the sizes of the outputs are data: all of them come from `allocate`.
  virtual bool allocates() const { return false; }
  virtual Status RunAllocating(std::span<void* const> inputs, std::span<void* const> no_outputs,
                               void* workspace, operators::OutputAllocator allocate) const {
    (void)allocate;
    return Run(inputs, no_outputs, workspace);
  }

  const std::string& name() const { return name_; }
  uint64_t workspace_bytes() const { return workspace_bytes_; }

 protected:
  void SetWorkspace(uint64_t bytes) { workspace_bytes_ = bytes; }

 private:
  std::string name_;
  uint64_t workspace_bytes_ = 0;
};

// A reference kernel on plain tensors. Fails where the kernel cannot be planned. Of operators whose
// output sizes are data it allocates.
Result<std::shared_ptr<const Computation>> PlanReference(
    std::shared_ptr<const Node> node, const operators::Kernel& row,
    std::span<const operators::TensorSpec> inputs, std::span<const operators::TensorSpec> outputs);

// What tenon_plan points to: the computation, and the bytes of the arguments that it was made for.
struct Plan {
  std::shared_ptr<const Computation> computation;
  std::vector<uint64_t> input_bytes, output_bytes;  // kAbsent where absent
  static constexpr uint64_t kAbsent = UINT64_MAX;

  Plan(std::shared_ptr<const Computation> its_computation, const tenon_argument* const* inputs,
       uint32_t input_count, const tenon_argument* const* outputs, uint32_t output_count);
};

// Checks the arguments against the plan, and enqueues its work; without a queue, and where outputs
// are allocated, it is done when this returns.
tenon_status RunPlan(Device& device, const Plan& plan, const tenon_run& run);

}  // namespace tenon::simulator
