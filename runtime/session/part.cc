#include "part.h"

#include <algorithm>
#include <unordered_map>

#include "tenon/passes/passes.h"

namespace tenon::session {
namespace {

using graph::Graph;
using graph::kNone;
using graph::ValueId;

Result<std::vector<ValueId>> Find(const Graph& graph, std::span<const std::string> names) {
  std::vector<ValueId> found;
  for (const std::string& name : names) {
    const ValueId id = graph.FindValue(name);
    if (id == kNone) {
      return Status(Code::kNotFound,
                    "part: the graph has no value \"" + name +
                        "\" after the passes (tenon inspect --stage optimised shows them)");
    }
    found.push_back(id);
  }
  return found;
}

// The value comes from outside: what made it makes another one instead, which nobody reads.
Status MakeInput(ValueId id, Graph* graph) {
  if (graph->values[id].constant) {
    return Status(Code::kInvalidArgument,
                  "part: \"" + graph->values[id].name + "\" is a constant, and can't be an input");
  }
  const graph::NodeId producer = graph->values[id].producer;
  if (producer == kNone) return Status();
  graph::Value unread = graph->values[id];
  while (graph->FindValue(unread.name) != kNone) unread.name += "_unread";
  graph->values[id].producer = kNone;
  const ValueId instead = graph->AddValue(std::move(unread));
  std::ranges::replace(graph->nodes[producer].outputs, id, instead);
  return Status();
}

// Values that somebody needs and nobody gives.
Status CheckInputs(const Graph& graph) {
  std::vector<bool> given(graph.values.size());
  for (ValueId input : graph.inputs) given[input] = true;
  const auto check = [&](ValueId id) {
    if (id == kNone || given[id]) return Status();
    const graph::Value& value = graph.values[id];
    if (value.producer != kNone || value.constant) return Status();
    return Status(Code::kInvalidArgument,
                  "part: its outputs need \"" + value.name + "\", which is none of its inputs");
  };
  for (const graph::Node& node : graph.nodes) {
    for (ValueId input : node.inputs) TENON_RETURN_IF_ERROR(check(input));
  }
  for (ValueId output : graph.outputs) TENON_RETURN_IF_ERROR(check(output));
  return Status();
}

}  // namespace

Status TakePart(std::span<const std::string> inputs, std::span<const std::string> outputs,
                Graph* graph) {
  if (inputs.empty() && outputs.empty()) return Status();
  TENON_ASSIGN(const std::vector<ValueId> from, Find(*graph, inputs));
  TENON_ASSIGN(const std::vector<ValueId> to, Find(*graph, outputs));
  if (!to.empty()) graph->outputs = to;
  if (!from.empty()) graph->inputs = from;
  for (ValueId id : from) TENON_RETURN_IF_ERROR(MakeInput(id, graph));
  TENON_RETURN_IF_ERROR(passes::EliminateDead(*graph, {}));
  TENON_RETURN_IF_ERROR(CheckInputs(*graph));
  return graph->Validate();
}

void AddAllOutputs(Graph* graph) {
  std::vector<bool> listed(graph->values.size());
  for (ValueId output : graph->outputs) listed[output] = true;
  for (const graph::Node& node : graph->nodes) {
    for (ValueId output : node.outputs) {
      if (output != kNone && !listed[output]) graph->outputs.push_back(output);
    }
  }
}

}  // namespace tenon::session
