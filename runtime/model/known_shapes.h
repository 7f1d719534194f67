// What is known of types and shapes while a graph is imported, before the passes infer them: a gradient
// needs to know which operands are broadcast. Intermediate values may be declared wrongly, so
// declarations count only of the model's inputs.
#pragma once

#include <unordered_map>

#include "tenon/graph/graph.h"

namespace tenon::model {

class KnownShapes {
 public:
  // `trusts_inputs`: values that no node makes are what is declared.
  KnownShapes(const graph::Graph& graph, bool trusts_inputs)
      : graph_(graph), trusts_inputs_(trusts_inputs) {}

  Shape Of(graph::ValueId id) const { return Known(id).shape; }
  // A value whose shape it has, known or not, the same one for all that are like it.
  graph::ValueId Like(graph::ValueId id) const;
  // The node makes `outputs`, which need not be its own. Nothing is found of a node that is not in
  // its operator's newest revision.
  void Note(const graph::Node& node, const std::vector<graph::ValueId>& outputs);

 private:
  operators::InferOutput Known(graph::ValueId id) const;
  graph::ValueId LikeOf(const graph::Node& node, graph::ValueId output) const;

  const graph::Graph& graph_;
  bool trusts_inputs_;
  std::unordered_map<graph::ValueId, operators::InferOutput> known_;
  std::unordered_map<graph::ValueId, graph::ValueId> likes_;
};

}  // namespace tenon::model
