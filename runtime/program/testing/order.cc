#include "order.h"

#include <algorithm>

namespace tenon::program::testing {
namespace {

// Events: step s is given out at 2s, its work ends at 2s + 1.
size_t Issued(uint32_t s) { return 2 * size_t{s}; }
size_t Done(uint32_t s) { return 2 * size_t{s} + 1; }

bool OnQueue(const Program& program, const Step& step) {
  return step.kind != StepKind::kHostWait && step.device != kNone &&
         program.devices[step.device].asynchronous;
}

uint32_t Base(const Program& program, uint32_t p) {
  while (program.physical[p].home == Home::kAlias) p = program.physical[p].index;
  return p;
}

}  // namespace

Order::Order(const Program& program) {
  const uint32_t steps = static_cast<uint32_t>(program.steps.size());
  reach_.assign(2 * steps, std::vector<bool>(2 * steps));
  auto edge = [&](size_t from, size_t to) { reach_[from][to] = true; };
  for (uint32_t s = 0; s < steps; ++s) {
    const Step& step = program.steps[s];
    edge(Issued(s), Done(s));
    if (s + 1 < steps) edge(OnQueue(program, step) ? Issued(s) : Done(s), Issued(s + 1));
    for (uint32_t e = 0; e < s; ++e) {
      const Step& earlier = program.steps[e];
      if (OnQueue(program, step) && OnQueue(program, earlier) && step.device == earlier.device)
        edge(Done(e), Done(s));
      const bool waits = step.kind == StepKind::kHostWait || step.kind == StepKind::kQueueWait;
      if (waits && earlier.kind == StepKind::kSignal && earlier.fence == step.fence)
        edge(Done(e), Done(s));
    }
  }
  // Edges go forward in the numbering of events, so one pass from the back closes the relation.
  for (size_t a = reach_.size(); a-- > 0;) {
    for (size_t b = a + 1; b < reach_.size(); ++b) {
      if (!reach_[a][b]) continue;
      for (size_t c = b + 1; c < reach_.size(); ++c) {
        if (reach_[b][c]) reach_[a][c] = true;
      }
    }
  }
}

// On one queue work begins when what is before it is done; elsewhere when it is given out.
bool Order::DoneBefore(uint32_t a, uint32_t b) const {
  return a < b && (reach_[Done(a)][Issued(b)] || reach_[Done(a)][Done(b)]);
}

std::vector<std::string> FindRaces(const Program& program) {
  const Order order(program);
  std::vector<uint32_t> writer(program.physical.size(), kNone);
  std::vector<std::string> races;
  for (uint32_t s = 0; s < program.steps.size(); ++s) {
    const Step& step = program.steps[s];
    for (uint32_t p : step.inputs) {
      if (p == kNone) continue;
      const uint32_t base = Base(program, p);
      const Home home = program.physical[base].home;
      if (home != Home::kArena && home != Home::kOutput && home != Home::kSized) continue;
      if (writer[base] == kNone)
        races.push_back("step " + std::to_string(s) + " reads what nobody wrote");
      else if (!order.DoneBefore(writer[base], s)) {
        races.push_back(
            "step " + std::to_string(s) + " reads what step " + std::to_string(writer[base]) +
            " may still be writing: " + program.logical[program.physical[base].logical].name);
      }
    }
    for (uint32_t p : step.outputs) {
      if (p != kNone) writer[Base(program, p)] = s;
    }
  }
  return races;
}

namespace {

struct Use {
  uint32_t first = kNone;  // the writer
  std::vector<uint32_t> all;
};

bool ReusesInPlace(const Program& program, uint32_t from, uint32_t to, uint32_t step) {
  const Step& s = program.steps[step];
  if (s.kernel == kNone) return false;
  for (const operators::InPlace pair : program.kernels[s.kernel].in_place) {
    if (s.inputs[pair.input] == kNone || s.outputs[pair.output] == kNone) continue;
    if (Base(program, s.inputs[pair.input]) == from && Base(program, s.outputs[pair.output]) == to)
      return true;
  }
  return false;
}

// Whether `to` may have the bytes of `from` after it.
bool Follows(const Program& program, const Order& order, uint32_t from, const Use& use, uint32_t to,
             uint32_t writer, bool same_place) {
  return std::ranges::all_of(use.all, [&](uint32_t step) {
    if (step == writer) return same_place && ReusesInPlace(program, from, to, step);
    return order.DoneBefore(step, writer);
  });
}

}  // namespace

std::vector<std::string> FindOverlaps(const Program& program, const MemoryPlan& plan) {
  const Order order(program);
  std::vector<Use> uses(program.physical.size());
  for (uint32_t s = 0; s < program.steps.size(); ++s) {
    for (uint32_t p : program.steps[s].outputs) {
      if (p == kNone) continue;
      uses[Base(program, p)].first = s;
      uses[Base(program, p)].all.push_back(s);
    }
    for (uint32_t p : program.steps[s].inputs) {
      if (p != kNone) uses[Base(program, p)].all.push_back(s);
    }
  }
  std::vector<std::string> overlaps;
  auto touch = [](const Placement& a, const Placement& b) {
    return a.memory == b.memory && a.block == b.block && a.offset < b.offset + b.bytes &&
           b.offset < a.offset + a.bytes;
  };
  for (uint32_t a = 0; a < program.physical.size(); ++a) {
    const Placement& place = plan.physical[a];
    if (place.block == kNone || uses[a].first == kNone) continue;
    for (uint32_t b = a + 1; b < program.physical.size(); ++b) {
      const Placement& other = plan.physical[b];
      if (other.block == kNone || uses[b].first == kNone || !touch(place, other)) continue;
      const bool same = place.offset == other.offset && place.bytes == other.bytes;
      if (Follows(program, order, a, uses[a], b, uses[b].first, same)) continue;
      if (Follows(program, order, b, uses[b], a, uses[a].first, same)) continue;
      overlaps.push_back(program.logical[program.physical[a].logical].name + " and " +
                         program.logical[program.physical[b].logical].name +
                         " are in the same bytes");
    }
    for (uint32_t s = 0; s < plan.workspace.size(); ++s) {
      if (plan.workspace[s].block == kNone || !touch(place, plan.workspace[s])) continue;
      const bool before =
          std::ranges::all_of(uses[a].all, [&](uint32_t u) { return order.DoneBefore(u, s); });
      if (before || order.DoneBefore(s, uses[a].first)) continue;
      overlaps.push_back("the workspace of step " + std::to_string(s) + " is in the bytes of " +
                         program.logical[program.physical[a].logical].name);
    }
  }
  return overlaps;
}

}  // namespace tenon::program::testing
