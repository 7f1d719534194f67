// What `tenon inspect` tells of a graph at one stage. Plain functions; any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "model.h"
#include "preparation.h"

namespace tenon::session {

// Floating-point operations and bytes of a run, node by node, by the operators' cost functions.
struct GraphWork {
  std::map<placement::NodeKey, operators::Cost> nodes;  // those whose shapes are known
  std::map<std::string, int64_t> dims;                  // sizes of open dimensions: given, or 1
  std::set<std::string> assumed;                        // of these, those that nobody gave
  std::string problem;  // why shapes could not be told: the sizes do not fit the model
};
// Bodies of loops count once, and both branches of an If.
GraphWork WorkOf(const graph::Graph& graph, const SessionOptions& options,
                 const ForeignOperators* foreign);

// A graph as a dump, as a summary in JSON (tools/schemas/inspect.json), or as an ONNX model.
Result<std::string> InspectGraph(const graph::Graph& graph, std::string_view stage,
                                 const Model& model, const SessionOptions& options,
                                 const ForeignOperators* foreign, tenon_format format);
// The stage "imported", "canonical" or "optimised" of a model, without a session. Backends are loaded for "optimised",
// which keeps the functions that they take, else for their own operators only, where options.backends names some.
Result<std::string> InspectModel(const Model& model, std::string_view stage,
                                 const SessionOptions& options, tenon_format format);

}  // namespace tenon::session
