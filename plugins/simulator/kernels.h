// The kernel descriptors: one for each row of operators::AllKernels() on plain layouts, a few on
// the blocked layout, and the two reorders between them. All share their slots; they differ in how
// they plan.
//
// A tenon_kernel is a Kernel, a tenon_plan a Plan. Both are immutable once made.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "blocked.h"
#include "computation.h"
#include "node.h"
#include "tenon/backend_api/sdk/sdk.h"
#include "tenon/operators/kernel.h"

namespace tenon::simulator {

class Backend;
class Device;

struct Kernel {
  Device& device;
  std::shared_ptr<const Node> node;
};

class KernelDescriptor : public sdk::HostedDescriptor {
 public:
  using Specs = std::span<const operators::TensorSpec>;

  KernelDescriptor(Backend& backend, std::string name, std::string_view domain,
                   std::string_view op);
  KernelDescriptor(const KernelDescriptor&) = delete;
  KernelDescriptor& operator=(const KernelDescriptor&) = delete;
  virtual ~KernelDescriptor() = default;

  Backend& backend() const { return backend_; }
  // Whether the option `claim` counts.
  virtual bool Claimable() const { return true; }
  // What the fields cannot say: kOk, or a refusal. Dimensions may be unknown.
  virtual tenon_status Accepts(const tenon_node& node) const = 0;
  // For static shapes; kUnsupported declines.
  virtual Result<std::shared_ptr<const Computation>> MakePlan(std::shared_ptr<const Node> node,
                                                              Specs inputs,
                                                              Specs outputs) const = 0;

 protected:
  void SetRevisions(int min, int max);
  // Of input 0, and of all others.
  void SetTypes(tenon_dtypes first);
  // The last repeats.
  void SetLayouts(std::vector<tenon_layout> inputs, std::vector<tenon_layout> outputs);
  void AddInPlace(uint32_t input, uint32_t output);

 private:
  Backend& backend_;
  std::string name_, domain_, op_;
  tenon_dtypes types_[2];
  std::vector<tenon_layout> layouts_of_inputs_, layouts_of_outputs_;
  std::vector<tenon_in_place> aliases_;
};

using Descriptors = std::vector<std::unique_ptr<KernelDescriptor>>;
// In kernels_plain.cc, kernels_blocked.cc and kernels_reorder.cc. They append.
void AddPlainKernels(Backend& backend, Descriptors& descriptors);
void AddBlockedKernels(Backend& backend, Descriptors& descriptors);
void AddReorders(Backend& backend, Descriptors& descriptors);

}  // namespace tenon::simulator
