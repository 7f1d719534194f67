// A program with everything live that does not depend on shapes: devices, kernels, constants in
// their memories. Immutable but for fallback kernels, which are made under a lock when first
// needed; any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "live_kernel.h"
#include "tenon/execution/executable.h"
#include "tenon/execution/memory.h"
#include "tenon/program/program.h"
#include "tenon/program/stages.h"

namespace tenon::execution {

class LiveProgram {
 public:
  static Result<std::unique_ptr<LiveProgram>> Create(
      std::shared_ptr<const program::Program> program, const ExecutableOptions& options);

  const program::Program& program() const { return *program_; }
  const ExecutableOptions& options() const { return options_; }
  backend::Device* device(uint32_t index) const { return devices_[index]; }
  const std::vector<backend::Device*>& devices() const { return devices_; }
  const MemorySpace& space(uint32_t memory) const { return spaces_[memory]; }
  // The memory index of a device's kind, kNone where the program has none.
  uint32_t FindMemory(const MemorySpace& space) const;
  // The physical value whose bytes `physical` shares: itself unless it is an alias.
  uint32_t base(uint32_t physical) const { return base_[physical]; }
  const program::Stages& stages() const { return stages_; }
  // The physical values whose arguments can be bound once stage `stage` is planned.
  const std::vector<uint32_t>& bound_in(uint32_t stage) const { return bound_in_[stage]; }
  uint32_t bind_stage(uint32_t physical) const { return bind_stage_[physical]; }
  // Index in a list of all values that kernels allocate, kNone for others; and how many there are.
  uint32_t sized(uint32_t physical) const { return sized_[physical]; }
  const std::vector<program::Stages::Sized>& sized_values() const { return sized_values_; }
  const Location& constant(uint32_t physical) const {
    return constants_[physical];
  }  // of home kConstant
  // Of home kConstant, where it is an object.
  const std::shared_ptr<const Object>& object(uint32_t physical) const {
    return objects_.at(physical);
  }
  // The subprograms of a host step's node.
  const std::vector<std::shared_ptr<Executable>>& subprograms(uint32_t step) const {
    return subprograms_.at(step);
  }

  // By step, in order.
  const std::map<uint32_t, std::vector<std::shared_ptr<Executable>>>& subprograms() const {
    return subprograms_;
  }

  // The kernel of a step: candidate 0 is placement's choice, the others its fallbacks. kNotFound
  // beyond the last.
  Result<const LiveKernel*> Candidate(uint32_t step, uint32_t candidate) const;
  uint64_t constant_bytes() const { return constant_bytes_; }
  uint64_t prepacked_bytes() const { return making_.prepacked_bytes; }
  uint64_t uploaded_bytes() const { return uploaded_bytes_; }
  // OK, or kDeviceLost for the first device that is lost.
  Status CheckDevices() const;

 private:
  LiveProgram() = default;
  Status FindDevices();
  void FindStages();
  Status MakeKernels();
  Status MakeSubprograms();
  Status PlaceConstants();
  Status PlaceConstant(uint32_t physical, CopyQueue* queue);

  std::shared_ptr<const program::Program> program_;
  ExecutableOptions options_;
  std::vector<backend::Device*> devices_;
  std::vector<MemorySpace> spaces_;
  std::vector<uint32_t> base_;
  program::Stages stages_;
  std::vector<std::vector<uint32_t>> bound_in_;  // by stage
  std::vector<uint32_t> bind_stage_, sized_;     // by physical value
  std::vector<program::Stages::Sized> sized_values_;
  std::vector<Location> constants_;
  std::unordered_map<uint32_t, std::shared_ptr<const Object>> objects_;       // by physical value
  std::map<uint32_t, std::vector<std::shared_ptr<Executable>>> subprograms_;  // by step
  std::vector<std::shared_ptr<const void>> held_;  // shared weights, aligned copies
  std::vector<Charge> charges_;
  mutable std::mutex mutex_;
  mutable KernelMaking making_;
  mutable std::vector<std::vector<std::unique_ptr<LiveKernel>>> kernels_;  // by step, by candidate
  uint64_t constant_bytes_ = 0, uploaded_bytes_ = 0;
};

}  // namespace tenon::execution
