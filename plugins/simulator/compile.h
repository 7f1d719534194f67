// The interface "compile" of the backend: which nodes it would take into segments, and how a
// segment becomes an artifact (members of Backend, in compile.cc). Only where the option `compile`
// is on.
#pragma once

#include "tenon/backend_api/backend.h"

namespace tenon::simulator {

// Whether a node can be part of a segment: it has a kernel, its output shapes do not depend on
// data, and what they are read from is constant.
bool IsCompilable(const tenon_node& node);

}  // namespace tenon::simulator
