#include "known_shapes.h"

#include <algorithm>

namespace tenon::model {

using graph::kNone;
using graph::NodeId;
using graph::ValueId;
using operators::InferInput;
using operators::InferOutput;

namespace {

// Operators whose result has the shape of their operands where these are alike.
bool IsElementwise(const graph::Node& node) {
  constexpr std::string_view kOps[] = {"Add", "Identity", "Mul", "Neg", "Sub", "Sum"};
  return node.domain.empty() && std::ranges::find(kOps, node.op) != std::end(kOps);
}

}  // namespace

InferOutput KnownShapes::Known(ValueId id) const {
  if (const auto found = known_.find(id); found != known_.end()) return found->second;
  const graph::Value& value = graph_.values[id];
  if (value.constant) return {value.constant->type, value.constant->shape};
  if (value.producer == kNone && trusts_inputs_) return {value.type, value.shape, value.kind};
  return {};
}

ValueId KnownShapes::Like(ValueId id) const {
  const auto found = likes_.find(id);
  return found == likes_.end() ? id : found->second;
}

ValueId KnownShapes::LikeOf(const graph::Node& node, ValueId output) const {
  if (node.op == "CastLike" && node.domain.empty()) return Like(node.inputs[0]);
  if (node.op == "ConstantOfShape" && node.domain.empty()) {
    const NodeId producer = graph_.values[node.inputs[0]].producer;
    if (producer == kNone) return output;
    const graph::Node& shape = graph_.nodes[producer];
    const bool whole = shape.op == "Shape" && shape.domain.empty() && shape.attributes.empty();
    return whole ? Like(shape.inputs[0]) : output;
  }
  if (!IsElementwise(node)) return output;
  ValueId like = kNone;
  for (const ValueId input : node.inputs) {
    if (Of(input).rank() == 0) continue;
    if (like != kNone && Like(input) != like) return output;
    like = Like(input);
  }
  return like == kNone ? output : like;
}

void KnownShapes::Note(const graph::Node& node, const std::vector<ValueId>& outputs) {
  if (!node.definition || node.revision != node.definition->newest().number) return;
  std::vector<InferInput> inputs(node.inputs.size());
  std::vector<TensorView> views(inputs.size());
  std::vector<InferOutput> found(outputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (node.inputs[i] == kNone) continue;
    const InferOutput known = Known(node.inputs[i]);
    inputs[i] = {true, known.type, known.shape, nullptr, known.kind};
    const auto& constant = graph_.values[node.inputs[i]].constant;
    if (!constant || !constant->blob) continue;
    views[i] = View(*constant);
    const auto width = std::max<uintptr_t>(1, BitWidth(constant->type) / 8);
    if (reinterpret_cast<uintptr_t>(views[i].data) % width == 0) inputs[i].value = &views[i];
  }
  const graph::NodeViewHolder holder(node);
  // What is wrong is told by the passes, in the newest revision.
  if (!node.definition->infer(holder.view(), inputs, found).ok()) return;
  for (size_t o = 0; o < outputs.size(); ++o) {
    if (outputs[o] != kNone) known_[outputs[o]] = found[o];
  }
  if (outputs[0] == kNone) return;
  const ValueId like = LikeOf(node, outputs[0]);
  if (like == outputs[0]) return;
  likes_[outputs[0]] = like;
  known_[outputs[0]].shape = Of(like);
}

}  // namespace tenon::model
