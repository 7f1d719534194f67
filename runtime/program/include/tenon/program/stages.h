// What of a program is known when. Shapes come from those of the inputs, but for outputs of kernels
// that allocate: their sizes are data, found while the program runs; and for outputs of nodes whose
// shape is said by the contents of a value that the program computes (Reshape, Range ..). So a program
// is planned in stages: stage 0 from the shapes of the inputs; each kPlan step begins the next, which
// is planned from the stages before it, from the sizes of what their kernels allocated, and from the
// contents that the step reads. A program without
// such kernels is one stage. Derived; immutable; any thread.
#pragma once

#include <cstddef>
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
  // By stage: physical values in host memory whose contents its kPlan step reads.
  std::vector<std::vector<uint32_t>> read;

  uint32_t end(uint32_t stage) const {
    return stage + 1 < count ? begin[stage + 1] : static_cast<uint32_t>(step.size());
  }
};

// The most bytes of contents that planning goes by.
inline constexpr uint64_t kMostReadBytes = 4096;
// Contents as they stand in the keys of plans: words of 8 bytes, as dimensions. Appends to `key`.
void AppendContents(const std::byte* data, uint64_t bytes, std::vector<Shape>* key);
// How many shapes these are.
inline size_t ContentsShapes(uint64_t bytes) { return (bytes + 8 * kMaxRank - 1) / (8 * kMaxRank); }

Stages FindStages(const Program& program);

}  // namespace tenon::program
