// Shape arithmetic: what small nodes on shapes and constants compute while shapes are resolved.
#pragma once

#include "index.h"
#include "tenon/program/plan.h"

namespace tenon::program {

// The contents of a value where the host knows them: a constant, or computed before; data null
// where not.
TensorView KnownContents(const ProgramIndex& index, const Program& program,
                         const ResolvedShapes& resolved, uint32_t logical);

// Computes the contents of a node's outputs, whose shapes are in `resolved` already.
Status ComputeContents(const ProgramIndex& index, const Program& program,
                       const ProgramIndex::Node& node, ResolvedShapes* resolved);

}  // namespace tenon::program
