// Where bytes are, and the steps that bring them where they are needed.
#include <algorithm>
#include <cmath>

#include "lowering.h"

namespace tenon::program {

using Kind = placement::NodeChoice::Kind;

uint32_t Lowering::MemoryOf(uint32_t device, uint32_t kind) const {
  if (kind == TENON_MEMORY_HOST) return 0;
  for (uint32_t m = 1; m < program_.memories.size(); ++m) {
    if (program_.memories[m].device == device && program_.memories[m].kind == kind) return m;
  }
  return 0;
}

uint32_t Lowering::Find(uint32_t logical, uint32_t memory, uint32_t layout, uint32_t device) const {
  for (uint32_t p : places_[logical]) {
    const PhysicalValue& place = program_.physical[p];
    if (place.memory != memory || place.layout != layout) continue;
    if (layout < TENON_LAYOUT_OWN ||
        program_.devices[place.owner].backend == program_.devices[device].backend)
      return p;
  }
  return kNone;
}

uint32_t Lowering::BaseOf(uint32_t physical) const {
  while (program_.physical[physical].home == Home::kAlias)
    physical = program_.physical[physical].index;
  return physical;
}

uint32_t Lowering::AddPhysical(uint32_t logical, uint32_t memory, uint32_t layout, Home home,
                               uint32_t index) {
  const uint32_t p = static_cast<uint32_t>(program_.physical.size());
  program_.physical.push_back({logical, memory, layout, home, index, kNone});
  pending_.emplace_back();
  places_[logical].push_back(p);
  return p;
}

uint32_t Lowering::AddMade(uint32_t logical, uint32_t memory, uint32_t layout, uint32_t device) {
  const bool output =
      memory == 0 && layout == TENON_LAYOUT_ROW_MAJOR && output_home_[logical] != kNone;
  const uint32_t p = AddPhysical(logical, memory, layout, output ? Home::kOutput : Home::kArena,
                                 output ? output_home_[logical] : 0);
  if (layout >= TENON_LAYOUT_OWN) program_.physical[p].owner = device;
  return p;
}

Result<uint32_t> Lowering::Ensure(uint32_t logical, uint32_t memory, uint32_t layout,
                                  uint32_t device) {
  if (const uint32_t p = Find(logical, memory, layout, device); p != kNone) return p;
  TENON_ASSIGN(const uint32_t dense, EnsureDense(logical, memory));
  return layout == TENON_LAYOUT_ROW_MAJOR ? Result<uint32_t>(dense)
                                          : Reorder(dense, layout, device);
}

Result<uint32_t> Lowering::EnsureDense(uint32_t logical, uint32_t memory) {
  if (const uint32_t p = Find(logical, memory, TENON_LAYOUT_ROW_MAJOR, kNone); p != kNone) return p;
  if (view_of_[logical] != kNone) {
    TENON_ASSIGN(const uint32_t viewed, EnsureDense(view_of_[logical], memory));
    return AddPhysical(logical, memory, TENON_LAYOUT_ROW_MAJOR, Home::kAlias, viewed);
  }
  const uint32_t constant = program_.logical[logical].constant;
  if (constant != kNone)
    return AddPhysical(logical, memory, TENON_LAYOUT_ROW_MAJOR, Home::kConstant, constant);
  const std::vector<uint32_t> places = places_[logical];
  for (uint32_t p : places) {
    const PhysicalValue& place = program_.physical[p];
    if (place.memory == memory) return Reorder(p, TENON_LAYOUT_ROW_MAJOR, LayoutDevice(p));
  }
  const uint32_t target = program_.memories[memory].device;
  for (uint32_t p : places) {  // from the same device, or from any device to the host
    const uint32_t source = program_.memories[program_.physical[p].memory].device;
    if (source == kNone || (memory != 0 && source != target)) continue;
    TENON_ASSIGN(const uint32_t dense, EnsureDense(logical, program_.physical[p].memory));
    return Copy(source, dense, memory);
  }
  if (memory == 0) {
    return Status(Code::kInternal,
                  "\"" + program_.logical[logical].name + "\" is used before it is made");
  }
  TENON_ASSIGN(const uint32_t staged, EnsureDense(logical, 0));
  return Copy(target, staged, memory);
}

// Who can read the layout of a physical value: its owner, else the device that made it
// (channels-last).
uint32_t Lowering::LayoutDevice(uint32_t physical) const {
  const PhysicalValue& place = program_.physical[physical];
  if (place.owner != kNone) return place.owner;
  const uint32_t device = program_.memories[place.memory].device;
  if (device != kNone) return device;
  const uint32_t maker = made_by_[place.logical];
  return maker != kNone ? placed_.nodes[maker].device : 0;
}

Result<uint32_t> Lowering::Reorder(uint32_t physical, uint32_t layout, uint32_t device) {
  const PhysicalValue from = program_.physical[physical];
  const LogicalValue& logical = program_.logical[from.logical];
  const tenon_kernel_descriptor* kernel =
      placement::FindReorder(*placed_.devices[device], from.layout, layout,
                             program_.memories[from.memory].kind, logical.type, logical.shape);
  if (kernel == nullptr) {
    return Status(Code::kUnsupported, program_.devices[device].backend +
                                          " has no kernel that reorders \"" + logical.name +
                                          "\" from layout " + std::to_string(from.layout) + " to " +
                                          std::to_string(layout));
  }
  WaitForInput(device, physical);
  const uint32_t made = AddMade(from.logical, from.memory, layout, device);
  KernelRef ref;
  ref.device = device;
  ref.descriptor = kernel->name;
  program_.kernels.push_back(std::move(ref));
  Step step;
  step.device = device;
  step.kernel = static_cast<uint32_t>(program_.kernels.size() - 1);
  step.inputs = {physical};
  step.outputs = {made};
  const size_t row = rows_.size();
  AddRow(Kind::kReorder, device, kernel->name, physical);
  SetSteps(row, PushStep(std::move(step)));
  return made;
}

uint32_t Lowering::Copy(uint32_t device, uint32_t physical, uint32_t memory) {
  WaitForInput(device, physical);
  const PhysicalValue from = program_.physical[physical];
  const uint32_t made = AddMade(from.logical, memory, from.layout, device);
  Step step;
  step.kind = StepKind::kCopy;
  step.device = device;
  step.inputs = {physical};
  step.outputs = {made};
  const size_t row = rows_.size();
  AddRow(Kind::kCopy, device, "", physical);
  SetSteps(row, PushStep(std::move(step)));
  return made;
}

// Before a use of host bytes on `device`: waits for the queue that writes them, unless it is known
// to be done.
void Lowering::WaitForInput(uint32_t device, uint32_t physical) {
  const Pending pending = pending_[BaseOf(physical)];
  if (pending.fence == kNone || pending.device == device) return;
  Step step;
  step.fence = pending.fence;
  if (IsAsync(device)) {
    uint32_t& waited = queue_waited_[device][pending.device];
    if (waited > pending.fence || host_waited_[pending.device] > pending.fence) return;
    waited = pending.fence + 1;
    step.kind = StepKind::kQueueWait;
    step.device = device;
    step.other_device = pending.device;
  } else {
    uint32_t& waited = host_waited_[pending.device];
    if (waited > pending.fence) return;
    waited = pending.fence + 1;
    step.kind = StepKind::kHostWait;
    step.device = pending.device;
  }
  program_.steps.push_back(std::move(step));
}

// Appends a step that works, and a signal right behind it where a queue writes host memory.
uint32_t Lowering::PushStep(Step step) {
  const uint32_t device = step.device;
  const std::vector<uint32_t> outputs = step.outputs;
  PlanBefore(step);
  program_.steps.push_back(std::move(step));
  const uint32_t index = static_cast<uint32_t>(program_.steps.size() - 1);
  if (IsAsync(device)) SignalBehind(device, outputs);
  return index;
}

void Lowering::SignalBehind(uint32_t device, const std::vector<uint32_t>& outputs) {
  auto in_host = [&](uint32_t p) { return p != kNone && program_.physical[p].memory == 0; };
  if (std::ranges::none_of(outputs, in_host)) return;
  Step signal;
  signal.kind = StepKind::kSignal;
  signal.device = device;
  signal.fence = program_.fence_count++;
  for (uint32_t p : outputs) {
    if (in_host(p)) pending_[p] = {device, signal.fence};
  }
  program_.steps.push_back(std::move(signal));
}

void Lowering::AddNodeRow(uint32_t node) {
  if (node < placed_.report.rows.size()) rows_.push_back(placed_.report.rows[node]);
}

void Lowering::SetSteps(size_t first_row, uint32_t step) {
  for (size_t r = first_row; r < rows_.size(); ++r) rows_[r].step = step;
}

void Lowering::AddRow(Kind kind, uint32_t device, const std::string& kernel, uint32_t from) {
  placement::NodeChoice row;
  row.path = placed_.path;
  const LogicalValue& value = program_.logical[program_.physical[from].logical];
  row.op = kind == Kind::kCopy ? "Copy" : "Reorder";
  row.kind = kind;
  row.backend = program_.devices[device].backend;
  row.kernel = kernel;
  row.value = value.name;
  const double bytes =
      placement::AssumedBytes(placed_.graph.values[program_.physical[from].logical]);
  row.bytes = static_cast<uint64_t>(std::ceil(bytes));
  row.cost_us = kind == Kind::kCopy ? placement::CopyCost(*placed_.devices[device], bytes)
                                    : placement::ReorderCost(*placed_.devices[device], bytes);
  rows_.push_back(std::move(row));
}

}  // namespace tenon::program
