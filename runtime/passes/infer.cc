#include <array>

#include "node_inference.h"

namespace tenon::passes {
namespace {

using graph::Graph;
using graph::kNone;
using graph::Value;

// Types that the model declares of its outputs are promises. Of shapes only what is inferred counts.
Status Apply(const Graph& graph, graph::ValueId id, const graph::Node& node, const Options& options,
             const operators::InferOutput& inferred, Value& value) {
  const bool is_output = options.depth == 0 && std::find(graph.outputs.begin(), graph.outputs.end(),
                                                         id) != graph.outputs.end();
  if (is_output && value.type != DataType::kUndefined && value.kind != inferred.kind) {
    return Status(Code::kInvalidArgument, "output \"" + value.name + "\" is declared as a " +
                                              std::string(ValueKindName(value.kind)) + ", but " +
                                              node.op + " \"" + node.name + "\" makes a " +
                                              std::string(ValueKindName(inferred.kind)));
  }
  if (is_output && value.type != DataType::kUndefined && inferred.type != DataType::kUndefined &&
      value.type != inferred.type) {
    return Status(Code::kInvalidArgument, "output \"" + value.name + "\" is declared as " +
                                              std::string(DataTypeName(value.type)) + ", but " +
                                              node.op + " \"" + node.name + "\" makes " +
                                              std::string(DataTypeName(inferred.type)));
  }
  if (inferred.type != DataType::kUndefined) value.type = inferred.type;
  value.kind = inferred.kind;
  value.shape = inferred.shape;
  return {};
}

}  // namespace

namespace {

// Sequences and optionals are for operators that know them; an Identity may be one of anything.
Status CheckKinds(const graph::Node& node, std::span<const operators::InferInput> inputs) {
  const bool knows = node.definition && (node.definition->flags & operators::kOnHost);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].kind == ValueKind::kTensor || knows || IsIdentity(node)) continue;
    return Status(Code::kInvalidArgument,
                  node.op + " \"" + node.name + "\": input " + std::to_string(i) + " is a " +
                      std::string(ValueKindName(inputs[i].kind)) + ", expected a tensor");
  }
  return {};
}

// A shape function's sum gone wrong could be a symbol that the graph does not have.
Status CheckSymbols(const Graph& graph, const graph::Node& node,
                    std::span<const operators::InferOutput> outputs) {
  for (const operators::InferOutput& output : outputs) {
    for (const int64_t dim : output.shape.dims()) {
      if (dim < kUnknownDim && SymbolId(dim) >= graph.symbols.size())
        return Status(Code::kInvalidArgument,
                      node.op + " \"" + node.name + "\": it makes a dimension of negative size");
    }
  }
  return {};
}

// The shape that the value holds as its elements, where a Shape makes it.
const Shape* SizesIn(const Graph& graph, const Value& value) {
  if (value.producer == kNone) return nullptr;
  const graph::Node& node = graph.nodes[value.producer];
  const bool whole = node.definition != nullptr && node.domain.empty() && node.op == "Shape" &&
                     node.attributes.empty() && node.inputs[0] != kNone;
  return whole ? &graph.values[node.inputs[0]].shape : nullptr;
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
    out->inputs[i] = {true, value.type, value.shape, nullptr, value.kind, SizesIn(graph, value)};
    if (value.constant && value.constant->blob && IsAligned(*value.constant)) {
      out->views[i] = View(*value.constant);
      out->inputs[i].value = &out->views[i];
    }
  }
  TENON_RETURN_IF_ERROR(CheckKinds(node, out->inputs));
  if (!node.definition) {
    if (!options.foreign) return {};
    return options.foreign->Infer(node, out->inputs, out->outputs);
  }
  const graph::NodeViewHolder holder(node);
  TENON_RETURN_IF_ERROR(node.definition->infer(holder.view(), out->inputs, out->outputs));
  if (IsIdentity(node)) out->outputs[0].kind = out->inputs[0].kind;
  return CheckSymbols(graph, node, out->outputs);
}

Status InferShapes(Graph& graph, const Options& options) {
  NodeInference inference;
  for (graph::NodeId id = 0; id < graph.nodes.size(); ++id) {
    const graph::Node& node = graph.nodes[id];
    if (node.definition && node.revision != node.definition->newest().number)
      continue;  // not canonical yet
    TENON_RETURN_IF_ERROR(InferNode(graph, node, options, &inference));
    if (!node.Subgraphs().empty())
      TENON_RETURN_IF_ERROR(InferSubgraphs(graph, id, options, inference.outputs));
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == kNone) continue;
      TENON_RETURN_IF_ERROR(Apply(graph, node.outputs[i], node, options, inference.outputs[i],
                                  graph.values[node.outputs[i]]));
    }
    if (options.fold) TENON_RETURN_IF_ERROR(FoldShapeArithmetic(graph, id, options));
  }
  return {};
}

}  // namespace tenon::passes
