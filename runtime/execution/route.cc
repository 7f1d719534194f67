#include "route.h"

#include <algorithm>

namespace tenon::execution {

using program::Home;
using program::kNone;
using program::StepKind;

Route::Route(const LiveProgram& live, BindingLayout layout) : layout_(std::move(layout)) {
  const program::Program& program = live.program();
  places_.resize(program.physical.size());
  left_out_.resize(program.steps.size());
  needed_.resize(program.physical.size());
  for (uint32_t p = 0; p < places_.size(); ++p) {
    const program::PhysicalValue& value = program.physical[p];
    switch (value.home) {
      case Home::kArena:
        places_[p] = {Where::kArena, p};
        break;
      case Home::kConstant:
        places_[p] = {Where::kConstant, p};
        break;
      case Home::kResolved:
        places_[p] = {Where::kResolved, p};
        break;
      case Home::kInput:
        places_[p] = {Where::kInput, value.index};
        break;
      case Home::kOutput:
        places_[p] = {Where::kOutput, value.index};
        break;
      case Home::kSized:
        places_[p] = {Where::kSized, p};
        break;
      case Home::kObject:
        places_[p] = {Where::kObject, p};
        break;
      case Home::kAlias:
        break;
    }
  }
  for (uint32_t i = 0; i < layout_.inputs.size(); ++i) PlaceInput(live, i);
  for (uint32_t o = 0; o < layout_.outputs.size(); ++o) PlaceOutput(live, o);
  SelectSteps(live);
  FindDrains(live);
}

void Route::MakeOwn(const LiveProgram& live, uint32_t base) {
  if (places_[base].where == Where::kOwn) return;
  if (live.sized(base) != kNone) {
    places_[base] = {Where::kSized, base};
    return;
  }
  places_[base] = {Where::kOwn, static_cast<uint32_t>(own_.size())};
  own_.push_back(base);
}

bool Route::HasReader(const LiveProgram& live, uint32_t base) const {
  const program::Program& program = live.program();
  auto is_base = [&](uint32_t p) { return p != kNone && live.base(p) == base; };
  for (uint32_t s = 0; s < program.steps.size(); ++s) {
    if (!left_out_[s] && std::ranges::any_of(program.steps[s].inputs, is_base)) return true;
  }
  return std::ranges::any_of(program.output_physical, is_base);
}

void Route::PlaceInput(const LiveProgram& live, uint32_t input) {
  const program::Program& program = live.program();
  const uint32_t physical = program.input_physical[input];
  if (physical == kNone || live.space(program.physical[physical].memory) == layout_.inputs[input])
    return;
  const MemorySpace& space = layout_.inputs[input];
  for (uint32_t s = 0; s < program.steps.size(); ++s) {
    const program::Step& step = program.steps[s];
    if (step.kind != StepKind::kCopy || step.inputs[0] != physical) continue;
    const program::PhysicalValue& target = program.physical[step.outputs[0]];
    if (target.home != Home::kArena || target.layout != TENON_LAYOUT_ROW_MAJOR) continue;
    if (!(live.space(target.memory) == space)) continue;
    places_[step.outputs[0]] = {Where::kInput, input};
    left_out_[s] = true;
  }
  if (!HasReader(live, physical)) return;
  MakeOwn(live, physical);
  copies_in_.push_back({input, physical});
}

void Route::PlaceOutput(const LiveProgram& live, uint32_t output) {
  const program::Program& program = live.program();
  const uint32_t physical = program.output_physical[output];
  const uint32_t base = live.base(physical);
  const bool direct =
      program.physical[base].home == Home::kOutput && program.physical[base].index == output;
  if (!layout_.outputs[output]) {
    if (direct) MakeOwn(live, base);
    return;
  }
  needed_[base] = true;
  const MemorySpace& space = *layout_.outputs[output];
  // What is computed before the output's shape is known can't be computed into the output.
  const std::vector<uint32_t>& known = live.stages().logical;
  const bool early =
      direct && known[program.physical[base].logical] < known[program.outputs[output]];
  if (early) MakeOwn(live, base);
  if (!direct || early) {
    copies_out_.push_back({output, physical});
    return;
  }
  if (live.space(program.physical[base].memory) == space) return;
  for (uint32_t s = 0; s < program.steps.size(); ++s) {
    const program::Step& step = program.steps[s];
    if (step.kind != StepKind::kCopy || step.outputs[0] != base) continue;
    const uint32_t source = live.base(step.inputs[0]);
    const program::PhysicalValue& value = program.physical[source];
    left_out_[s] = true;
    auto shares = [&](uint32_t p) { return p != kNone && live.base(p) == base; };
    const bool only_output = std::ranges::count_if(program.output_physical, shares) == 1 &&
                             std::ranges::none_of(program.steps, [&](const program::Step& other) {
                               return std::ranges::any_of(other.inputs, shares);
                             });
    const bool movable =
        places_[source].where == Where::kArena || places_[source].where == Where::kSized;
    if (only_output && movable && value.layout == TENON_LAYOUT_ROW_MAJOR &&
        live.space(value.memory) == space) {
      places_[source] = {Where::kOutput, output};
      needed_[base] = false;
      needed_[source] = true;
      return;
    }
    left_out_[s] = false;
  }
  MakeOwn(live, base);
  copies_out_.push_back({output, base});
}

void Route::SelectSteps(const LiveProgram& live) {
  const program::Program& program = live.program();
  for (size_t s = program.steps.size(); s-- > 0;) {
    const program::Step& step = program.steps[s];
    if (left_out_[s]) continue;
    const bool works = step.kind == StepKind::kKernel || step.kind == StepKind::kCopy ||
                       step.kind == StepKind::kHost || step.kind == StepKind::kPlan;
    if (!works) continue;
    const bool needed = step.kind == StepKind::kPlan || program.Allocates(step) ||
                        std::ranges::any_of(step.outputs, [&](uint32_t p) {
                          return p != kNone && needed_[live.base(p)];
                        });
    left_out_[s] = !needed;
    for (uint32_t p : step.inputs) {
      if (needed && p != kNone) needed_[live.base(p)] = true;
    }
  }
  for (uint32_t s = 0; s < program.steps.size(); ++s) {
    if (!left_out_[s]) steps_.push_back(s);
  }
}

void Route::FindDrains(const LiveProgram& live) {
  const program::Program& program = live.program();
  std::vector<uint32_t> last_work(program.devices.size(), kNone),
      waited(program.devices.size(), kNone);
  std::vector<uint32_t> signalled(program.fence_count, kNone);
  auto later = [](uint32_t a, uint32_t b) { return b == kNone || (a != kNone && a > b); };
  for (uint32_t s : steps_) {
    const program::Step& step = program.steps[s];
    if (step.kind == StepKind::kSignal) {
      signalled[step.fence] = s;
    } else if (step.kind == StepKind::kHostWait) {
      const uint32_t device = program.steps[signalled[step.fence]].device;
      if (later(signalled[step.fence], waited[device])) waited[device] = signalled[step.fence];
    } else if (step.device != kNone) {
      last_work[step.device] = s;
    }
  }
  for (uint32_t d = 0; d < last_work.size(); ++d) {
    if (live.device(d)->queue() == nullptr || last_work[d] == kNone) continue;
    if (waited[d] == kNone || waited[d] < last_work[d]) drains_.push_back(d);
  }
}

bool Route::MayAlias(const LiveProgram& live, uint32_t input, uint32_t output) const {
  const program::Program& program = live.program();
  for (const Edge& edge : copies_in_) {
    if (edge.tensor == input) return false;
  }
  for (const Edge& edge : copies_out_) {
    if (edge.tensor == output || places_[live.base(edge.physical)].index == input) return false;
  }
  auto holds = [&](uint32_t p, Where where, uint32_t index) {
    if (p == kNone) return false;
    const Place& place = places_[live.base(p)];
    return place.where == where && place.index == index;
  };
  bool written = false;
  uint32_t device = kNone;
  for (uint32_t s : steps_) {
    const program::Step& step = program.steps[s];
    uint32_t reads = kNone, writes = kNone;
    for (uint32_t i = 0; i < step.inputs.size(); ++i) {
      if (holds(step.inputs[i], Where::kInput, input)) reads = i;
    }
    for (uint32_t o = 0; o < step.outputs.size(); ++o) {
      if (holds(step.outputs[o], Where::kOutput, output)) writes = o;
    }
    if (reads == kNone && writes == kNone) continue;
    // Order between devices is by fences: only one device, or synchronous ones, run in the order of
    // the steps.
    if (device != kNone && device != step.device) return false;
    device = step.device;
    if (reads != kNone && (written || writes != kNone)) return false;
    written |= writes != kNone;
  }
  return true;
}

}  // namespace tenon::execution
