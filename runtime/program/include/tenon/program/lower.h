// Lowering: from a placed graph to a program. Pure; any thread.
#pragma once

#include <memory>

#include "tenon/placement/placement.h"
#include "tenon/program/program.h"

namespace tenon::program {

// `report`, which may be null, gets the rows of the placed graph in the order of the steps, with a row for each copy and
// reorder. kUnsupported: a backend has no reorder between layouts that its kernels want.
Result<std::shared_ptr<const Program>> Lower(const placement::PlacedGraph& placed,
                                             placement::Report* report);

}  // namespace tenon::program
