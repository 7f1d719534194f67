#include "tenon/program/stages.h"

#include <algorithm>
#include <cstring>

#include "index.h"

namespace tenon::program {

void AppendContents(const std::byte* data, uint64_t bytes, std::vector<Shape>* key) {
  for (uint64_t at = 0; at < bytes;) {
    Shape words;
    for (; at < bytes && words.rank() < kMaxRank; at += 8) {
      int64_t word = 0;
      std::memcpy(&word, data + at, std::min<uint64_t>(8, bytes - at));
      words.Append(word);
    }
    key->push_back(words);
  }
}

Stages FindStages(const Program& program) {
  if (program.index) return program.index->stages();
  return ProgramIndex(program).stages();
}

bool Program::Allocates(const Step& step) const {
  if (step.kind == StepKind::kHost) return true;
  return step.kind == StepKind::kKernel && step.kernel != kNone && kernels[step.kernel].allocates;
}

void ProgramIndex::IndexStages(const Program& program) {
  stages_.begin = {0};
  stages_.step.resize(program.steps.size());
  stages_.logical.assign(program.logical.size(), 0);
  stages_.sized.resize(1);
  stages_.read.resize(1);
  std::vector<uint32_t> read_stage(program.logical.size(), 0);
  std::vector<bool> sized(program.logical.size());
  uint32_t now = 0;
  for (uint32_t s = 0; s < program.steps.size(); ++s) {
    const Step& step = program.steps[s];
    stages_.step[s] = now;
    if (step.kind == StepKind::kPlan) {
      stages_.begin.push_back(s + 1);
      stages_.sized.resize(std::max<size_t>(stages_.sized.size(), ++now + 1));
      stages_.read.push_back(step.inputs);
      for (uint32_t p : step.inputs) {
        const uint32_t logical = program.physical[p].logical;
        read_[logical] = true;
        if (read_stage[logical] == 0) read_stage[logical] = now;
      }
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
  stages_.read.resize(stages_.count);
  if (stages_.count == 1) {
    stages_.node.assign(nodes_.size(), 0);
    return;
  }
  for (uint32_t n = 0; n < nodes_.size(); ++n) {
    const Node& node = nodes_[n];
    uint32_t stage = 0;
    for (uint32_t i = 0; i < node.inputs.size(); ++i) {
      const uint32_t l = node.inputs[i];
      if (l == kNone) continue;
      stage = std::max(stage, stages_.logical[l]);
      if (owned_nodes_[n].DecidesShapes(i)) stage = std::max(stage, read_stage[l]);
    }
    stages_.node.push_back(stage);
    for (uint32_t l : node.outputs) {
      if (l != kNone && !sized[l]) stages_.logical[l] = stage;
    }
  }
}

}  // namespace tenon::program
