// The kernel descriptors of the backend: one for each row of operators::AllKernels(), derived from
// it.
//
// A tenon_kernel is a reference::Node, a tenon_plan an operators::KernelPlan. Both are immutable
// once made, so `run` may be called with them on any number of threads.
#pragma once

#include <string>

#include "tenon/backend_api/sdk/sdk.h"
#include "tenon/operators/kernel.h"
#include "tenon/operators/operator.h"

namespace tenon::reference {

class KernelDescriptor : public sdk::HostedDescriptor {
 public:
  // `ordinal` counts the rows of the same operator from 0, so that names are unique.
  KernelDescriptor(const operators::Kernel& row, int ordinal, sdk::Host its_host);
  KernelDescriptor(const KernelDescriptor&) = delete;
  KernelDescriptor& operator=(const KernelDescriptor&) = delete;

  const operators::Kernel& row() const { return row_; }

 private:
  const operators::Kernel& row_;
  std::string name_, domain_, op_;
  tenon_dtypes dtypes_[2];  // of input 0; of all others
  std::vector<tenon_in_place> aliases_;
};

}  // namespace tenon::reference
