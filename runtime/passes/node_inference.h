// Inference and folding of one node, shared by the passes.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "tenon/passes/passes.h"

namespace tenon::passes {

// Whether the elements can be read in place: large constants may lie anywhere in their file.
inline bool IsAligned(const graph::Constant& constant) {
  const auto width = std::max<uintptr_t>(1, BitWidth(constant.type) / 8);
  return constant.blob == nullptr || reinterpret_cast<uintptr_t>(constant.blob->data) % width == 0;
}

inline bool IsIdentity(const graph::Node& node) {
  return node.definition != nullptr && node.domain.empty() && node.op == "Identity";
}

struct NodeInference {
  std::vector<operators::InferInput> inputs;
  std::vector<TensorView> views;
  std::vector<operators::InferOutput> outputs;
};
// Of a node with subgraphs it says what can be said without them.
Status InferNode(const graph::Graph& graph, const graph::Node& node, const Options& options,
                 NodeInference* out);

// Infers the subgraphs of an If, Loop, Scan or SequenceMap, and from them its outputs.
Status InferSubgraphs(graph::Graph& graph, graph::NodeId id, const Options& options,
                      std::span<operators::InferOutput> outputs);
// Constants that the node captures become constants of its subgraphs.
void SinkConstants(graph::Graph& graph, graph::NodeId id);
// The branch that an If takes, where its condition is constant; else -1.
int ConstantBranch(const graph::Graph& graph, const graph::Node& node);
// A shape in terms of another graph's symbols.
Shape MapShape(const graph::Graph& from, const Shape& shape, graph::Graph& to);

// Folds the node where its outputs are small and what they say is known (constants, or shapes of static tensors), so that
// shapes which depend on them can be inferred. The node stays; it is dead afterwards.
Status FoldShapeArithmetic(graph::Graph& graph, graph::NodeId id, const Options& options);
// Folds the node if it can be; adds the bytes that were made.
Status FoldNode(graph::Graph& graph, graph::NodeId id, const Options& options, uint64_t* bytes);

}  // namespace tenon::passes
