// A loaded artifact, which runs like a kernel.
#pragma once

#include <vector>

#include "artifact.h"
#include "device.h"

namespace plugin {

class Program {
 public:
  // A real device would upload the binary here.
  Program(tenon_device*, sdk::Bytes artifact) : artifact_(Read(artifact)) {}

  // What depends on shapes. Prepare makes one for each combination of input shapes, and the host keeps
  // it; runs of several plans may be under way at once.
  struct Place {
    int64_t count = 0;    // of elements
    uint64_t offset = 0;  // of an inner value: in the workspace
  };
  using Plan = std::vector<Place>;  // by value
  Plan Prepare(sdk::Shapes& shapes) const;
  void Run(const Plan& plan, const sdk::Run& run) const;

 private:
  driver_address AddressOfValue(const Plan& plan, const sdk::Run& run, uint32_t value) const;
  Artifact artifact_;
};

}  // namespace plugin
