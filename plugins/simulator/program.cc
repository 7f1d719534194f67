#include "program.h"

#include "segment_plan.h"

namespace tenon::simulator {

Program::Program(tenon_device* device, sdk::Bytes artifact) : device_(Device::Of(device)) {
  device_.CheckStarts();
  device_.faults().Check(FaultKind::kLoad, "load of an artifact");
  segment_ = std::make_shared<const Segment>(artifact);
}

std::shared_ptr<const Plan> Program::Prepare(sdk::Shapes& shapes) const {
  device_.CheckAlive();
  device_.faults().Check(FaultKind::kPrepare, "prepare of a segment");
  std::vector<const tenon_argument*> inputs, outputs;
  for (uint32_t i = 0; i < shapes.input_count(); ++i) inputs.push_back(shapes.Input(i).raw());
  for (uint32_t o = 0; o < shapes.output_count(); ++o) outputs.push_back(shapes.Output(o).raw());
  auto computation = PlanSegment(segment_, SpecsOf(inputs.data(), shapes.input_count()),
                                 SpecsOf(outputs.data(), shapes.output_count()));
  if (!computation.ok()) Device::Throw(computation.status());
  const uint64_t bytes = (*computation)->workspace_bytes();
  if (bytes > device_.options().largest_allocation) {
    throw sdk::Failure(TENON_UNSUPPORTED, (*computation)->name() + ": its inner values take " +
                                              std::to_string(bytes) +
                                              " bytes, more than the largest allocation");
  }
  shapes.SetWorkspace(bytes, kMemoryAlignment, Memory::Kinds(device_.options()).front().id);
  return std::make_shared<const Plan>(std::move(*computation), inputs.data(), shapes.input_count(),
                                      outputs.data(), shapes.output_count());
}

}  // namespace tenon::simulator
