#include "tenon/program/stages.h"

#include <algorithm>

#include "index.h"

namespace tenon::program {

Stages FindStages(const Program& program) {
  if (program.index) return program.index->stages();
  return ProgramIndex(program).stages();
}

bool Program::Allocates(const Step& step) const {
  return step.kind == StepKind::kKernel && step.kernel != kNone && kernels[step.kernel].allocates;
}

void ProgramIndex::IndexStages(const Program& program) {
  stages_.begin = {0};
  stages_.step.resize(program.steps.size());
  stages_.logical.assign(program.logical.size(), 0);
  stages_.sized.resize(1);
  std::vector<bool> sized(program.logical.size());
  uint32_t now = 0;
  for (uint32_t s = 0; s < program.steps.size(); ++s) {
    const Step& step = program.steps[s];
    stages_.step[s] = now;
    if (step.kind == StepKind::kPlan) {
      stages_.begin.push_back(s + 1);
      stages_.sized.resize(++now + 1);
    }
    if (!program.Allocates(step)) continue;
    stages_.sized.resize(now + 2);
    for (uint32_t p : step.outputs) {
      if (p == kNone) continue;
      const uint32_t logical = program.physical[p].logical;
      stages_.sized[now + 1].push_back({logical, p, s, last_[base_[p]]});
      stages_.logical[logical] = now + 1;
      sized[logical] = true;
    }
  }
  stages_.count = now + 1;
  stages_.sized.resize(stages_.count);
  if (stages_.count == 1) {
    stages_.node.assign(nodes_.size(), 0);
    return;
  }
  for (const Node& node : nodes_) {
    uint32_t stage = 0;
    for (uint32_t l : node.inputs) {
      if (l != kNone) stage = std::max(stage, stages_.logical[l]);
    }
    stages_.node.push_back(stage);
    for (uint32_t l : node.outputs) {
      if (l != kNone && !sized[l]) stages_.logical[l] = stage;
    }
  }
}

}  // namespace tenon::program
