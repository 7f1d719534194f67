#include <array>

#include "node_inference.h"

namespace tenon::passes {
namespace {

using graph::Graph;
using graph::kNone;
using graph::Value;

// What the model declares for a value, refined by what was inferred. The first says more where the second is open.
Shape Merge(const Shape& declared, const Shape& inferred) {
  if (!inferred.has_rank()) return declared;
  if (!declared.has_rank() || declared.rank() != inferred.rank()) return inferred;
  Shape merged = inferred;
  for (int axis = 0; axis < merged.rank(); ++axis) {
    if (merged[axis] == kUnknownDim || (merged[axis] < 0 && declared[axis] >= 0))
      merged[axis] = declared[axis];
  }
  return merged;
}

bool Contradicts(const Shape& declared, const Shape& inferred) {
  if (!declared.has_rank() || !inferred.has_rank()) return false;
  if (declared.rank() != inferred.rank()) return true;
  for (int axis = 0; axis < declared.rank(); ++axis) {
    if (declared[axis] >= 0 && inferred[axis] >= 0 && declared[axis] != inferred[axis]) return true;
  }
  return false;
}

// Intermediate declarations of real models are often stale, so what is inferred wins; an output is the model's promise.
Status Apply(const Graph& graph, graph::ValueId id, const graph::Node& node,
             const operators::InferOutput& inferred, Value& value) {
  const bool is_output =
      std::find(graph.outputs.begin(), graph.outputs.end(), id) != graph.outputs.end();
  if (is_output && Contradicts(value.shape, inferred.shape)) {
    return Status(Code::kInvalidArgument, "output \"" + value.name + "\" is declared as " +
                                              value.shape.ToString() + ", but " + node.op + " \"" +
                                              node.name + "\" makes " + inferred.shape.ToString());
  }
  if (is_output && value.type != DataType::kUndefined && inferred.type != DataType::kUndefined &&
      value.type != inferred.type) {
    return Status(Code::kInvalidArgument, "output \"" + value.name + "\" is declared as " +
                                              std::string(DataTypeName(value.type)) + ", but " +
                                              node.op + " \"" + node.name + "\" makes " +
                                              std::string(DataTypeName(inferred.type)));
  }
  if (inferred.type != DataType::kUndefined) value.type = inferred.type;
  value.shape = Contradicts(value.shape, inferred.shape) ? inferred.shape
                                                         : Merge(value.shape, inferred.shape);
  return {};
}

}  // namespace

Status InferNode(const Graph& graph, const graph::Node& node, const Options& options,
                 NodeInference* out) {
  out->inputs.assign(node.inputs.size(), {});
  out->views.assign(node.inputs.size(), {});
  out->outputs.assign(node.outputs.size(), {});
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNone) continue;
    const Value& value = graph.values[node.inputs[i]];
    out->inputs[i] = {true, value.type, value.shape, nullptr};
    if (value.constant && value.constant->blob && IsAligned(*value.constant)) {
      out->views[i] = View(*value.constant);
      out->inputs[i].value = &out->views[i];
    }
  }
  if (!node.definition) {
    if (!options.foreign) return {};
    return options.foreign->Infer(node, out->inputs, out->outputs);
  }
  const graph::NodeViewHolder holder(node);
  return node.definition->infer(holder.view(), out->inputs, out->outputs);
}

Status InferShapes(Graph& graph, const Options& options) {
  NodeInference inference;
  for (graph::NodeId id = 0; id < graph.nodes.size(); ++id) {
    const graph::Node& node = graph.nodes[id];
    if (node.definition && node.revision != node.definition->newest().number)
      continue;  // not canonical yet
    TENON_RETURN_IF_ERROR(InferNode(graph, node, options, &inference));
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == kNone) continue;
      TENON_RETURN_IF_ERROR(
          Apply(graph, node.outputs[i], node, inference.outputs[i], graph.values[node.outputs[i]]));
    }
    if (options.fold) TENON_RETURN_IF_ERROR(FoldShapeArithmetic(graph, id, options));
  }
  return {};
}

}  // namespace tenon::passes
