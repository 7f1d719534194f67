// What `load` makes of an artifact: a kernel that runs the segment's nodes on a queue. See
// sdk/compile.h.
#pragma once

#include <memory>

#include "artifact.h"
#include "computation.h"
#include "tenon/backend_api/sdk/sdk.h"

namespace tenon::simulator {

class Program {
 public:
  // Throws sdk::Failure where the artifact is damaged or made for something else.
  Program(tenon_device* device, sdk::Bytes artifact);

  std::shared_ptr<const Plan> Prepare(sdk::Shapes& shapes) const;
  tenon_status Run(const std::shared_ptr<const Plan>& plan, const sdk::Run& run) const {
    return RunPlan(device_, *plan, *run.raw());
  }

 private:
  Device& device_;
  std::shared_ptr<const Segment> segment_;
};

}  // namespace tenon::simulator
