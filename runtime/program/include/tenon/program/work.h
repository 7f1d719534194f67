// What a step does: floating-point operations and bytes, by its operators' cost functions. Any thread.
#pragma once

#include <functional>

#include "tenon/program/program.h"

namespace tenon::program {

// `shape` gives a logical value's shape; what touches one that is not static counts as nothing. Bytes are each input and
// output once: of a compiled segment those at its edges, of a copy or reorder what it reads and what it writes. Steps
// that hold subprograms count nothing, for the subprograms' steps do.
operators::Cost WorkOf(const Program& program, const Step& step,
                       const std::function<Shape(uint32_t logical)>& shape);

}  // namespace tenon::program
