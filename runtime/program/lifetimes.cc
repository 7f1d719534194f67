// Lifetimes of physical values by step, and chances for reuse in place.
#include <algorithm>

#include "index.h"

namespace tenon::program {

void ProgramIndex::IndexLifetimes(const Program& program) {
  const size_t count = program.physical.size();
  base_.resize(count);
  for (uint32_t p = 0; p < count; ++p) {
    uint32_t b = p;
    while (program.physical[b].home == Home::kAlias) b = program.physical[b].index;
    base_[p] = b;
  }
  first_.assign(count, kNone);
  last_.assign(count, 0);
  for (uint32_t s = 0; s < program.steps.size(); ++s) {
    auto use = [&](uint32_t p) {
      if (p == kNone) return;
      const uint32_t b = base_[p];
      if (first_[b] == kNone && program.physical[b].home == Home::kArena) {
        first_[b] = s;
        arena_bases_.push_back(b);
      }
      last_[b] = s;
    };
    for (uint32_t p : program.steps[s].outputs) use(p);
    for (uint32_t p : program.steps[s].inputs) use(p);
  }
  // What the caller gets a copy of lives to the end.
  for (uint32_t p : program.output_physical) {
    if (p != kNone) last_[base_[p]] = static_cast<uint32_t>(program.steps.size());
  }
}

// Host memory that a queue reads or writes is taken until the host has waited for a fence behind
// that use. What is known to be done is counted like vector clocks: a fence carries what its queue
// knew when it was signalled.
void ProgramIndex::ExtendForQueues(const Program& program) {
  const size_t devices = program.devices.size();
  if (program.fence_count == 0 &&
      std::ranges::none_of(program.devices,
                           [](const DeviceRef& device) { return device.asynchronous; })) {
    return;
  }
  using Clock = std::vector<int64_t>;  // by device: the last step known to be done
  std::vector<Clock> queues(devices, Clock(devices, -1)),
      fences(program.fence_count, Clock(devices, -1));
  auto merge = [](Clock& into, const Clock& from) {
    for (size_t d = 0; d < into.size(); ++d) into[d] = std::max(into[d], from[d]);
  };
  struct Use {
    uint32_t base, device;
    int64_t step;
  };
  std::vector<Use> open;
  for (uint32_t s = 0; s < program.steps.size(); ++s) {
    const Step& step = program.steps[s];
    if (step.kind == StepKind::kSignal) {
      queues[step.device][step.device] = s;
      fences[step.fence] = queues[step.device];
    } else if (step.kind == StepKind::kQueueWait) {
      merge(queues[step.device], fences[step.fence]);
    } else if (step.kind == StepKind::kHostWait) {
      std::erase_if(open, [&](const Use& use) {
        if (fences[step.fence][use.device] < use.step) return false;
        last_[use.base] = std::max(last_[use.base], s);
        return true;
      });
    } else if (step.device != kNone && program.devices[step.device].asynchronous) {
      auto add = [&](uint32_t p) {
        if (p != kNone && program.physical[base_[p]].memory == 0)
          open.push_back({base_[p], step.device, s});
      };
      for (uint32_t p : step.inputs) add(p);
      for (uint32_t p : step.outputs) add(p);
    }
  }
  for (const Use& use : open) last_[use.base] = static_cast<uint32_t>(program.steps.size());
}

bool ProgramIndex::MayReuse(const Program& program, uint32_t s, uint32_t input,
                            uint32_t output) const {
  const PhysicalValue &in = program.physical[input], &out = program.physical[output];
  if (in.home != Home::kArena || out.home != Home::kArena || in.memory != out.memory) return false;
  if (first_[output] != s || last_[input] != s) return false;
  const Step& step = program.steps[s];
  auto shares = [&](uint32_t base) {
    return [this, base](uint32_t p) { return p != kNone && base_[p] == base; };
  };
  return std::ranges::count_if(step.inputs, shares(input)) == 1 &&
         std::ranges::count_if(step.outputs, shares(output)) == 1;
}

void ProgramIndex::IndexReuses(const Program& program) {
  for (uint32_t s = 0; s < program.steps.size(); ++s) {
    const Step& step = program.steps[s];
    if (step.kind != StepKind::kKernel || step.kernel == kNone) continue;
    for (const operators::InPlace pair : program.kernels[step.kernel].in_place) {
      if (pair.input >= step.inputs.size() || pair.output >= step.outputs.size()) continue;
      const uint32_t in = step.inputs[pair.input], out = step.outputs[pair.output];
      if (in == kNone || out == kNone || !MayReuse(program, s, base_[in], base_[out])) continue;
      reuses_.push_back({s, base_[in], base_[out]});
    }
  }
}

}  // namespace tenon::program
