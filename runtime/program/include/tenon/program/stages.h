// What of a program is known when. Shapes come from those of the inputs, but for outputs of kernels
// that allocate: their sizes are data, found while the program runs. So a program is planned in
// stages: stage 0 from the shapes of the inputs; each kPlan step begins the next, which is planned
// from the stages before it and from the sizes of what their kernels allocated. A program without
// such kernels is one stage. Derived; immutable; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "tenon/program/program.h"

namespace tenon::program {

struct Stages {
  // An output of a kernel that allocates, with what it is placed by: it is taken from step `step`,
  // whose kernel allocates it, up to step `last`.
  struct Sized {
    uint32_t logical = kNone, physical = kNone;
    uint32_t step = kNone, last = kNone;
  };
  uint32_t count = 1;
  std::vector<uint32_t> begin;    // by stage: its first step
  std::vector<uint32_t> step;     // by step
  std::vector<uint32_t> node;     // by node: the stage in which its shape function is asked
  std::vector<uint32_t> logical;  // by logical value: the first stage that knows its shape
  // By stage: what became known for it, in the order of the steps. Empty for stage 0.
  std::vector<std::vector<Sized>> sized;

  uint32_t end(uint32_t stage) const {
    return stage + 1 < count ? begin[stage + 1] : static_cast<uint32_t>(step.size());
  }
};

Stages FindStages(const Program& program);

}  // namespace tenon::program
