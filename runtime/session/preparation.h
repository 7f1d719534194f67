// What a model goes through before it is placed: backends are loaded, and the graph is optimised.
#pragma once

#include <functional>
#include <memory>

#include "foreign_operators.h"
#include "options.h"
#include "runtime.h"
#include "tenon/placement/placement.h"

namespace tenon::session {

struct UsedBackends {
  BackendGroups groups;
  placement::BackendList list;
  std::shared_ptr<const ForeignOperators> foreign;
};
// Those that options.backends names, or the default group, each with its options.
Result<UsedBackends> LoadBackends(Runtime& runtime, const SessionOptions& options);

// Binds options.dims and runs all passes. `keep`, which may be null, sees the stages "imported", "canonical" and
// "optimised". Functions that none of the backends has come as their bodies.
Status Optimise(const SessionOptions& options, const UsedBackends& used, graph::Graph* graph,
                const std::function<void(const char*, const graph::Graph&)>& keep = nullptr);

}  // namespace tenon::session
