#include "tenon/program/work.h"

namespace tenon::program {
namespace {

using ShapeOf = std::function<Shape(uint32_t)>;

class Counter {
 public:
  Counter(const Program& program, const ShapeOf& shape) : program_(program), shape_(shape) {}

  operators::Cost Node(const ProgramNode& node) const {
    if (!node.subprograms.empty()) return {};
    std::vector<operators::InferInput> inputs(node.node.inputs.size());
    std::vector<operators::InferOutput> outputs(node.node.outputs.size());
    operators::Cost work;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const uint32_t logical = node.node.inputs[i];
      if (logical == kNone) continue;
      const LogicalValue& value = program_.logical[logical];
      inputs[i] = {true, value.type, shape_(logical), nullptr, value.kind};
      if (!value.is_object() && !inputs[i].shape.IsStatic()) return {};
      work.bytes += Bytes(logical);
    }
    for (size_t o = 0; o < outputs.size(); ++o) {
      const uint32_t logical = node.node.outputs[o];
      if (logical == kNone) continue;
      const LogicalValue& value = program_.logical[logical];
      outputs[o] = {value.type, shape_(logical), value.kind};
      if (!value.is_object() && !outputs[o].shape.IsStatic()) return {};
      work.bytes += Bytes(logical);
      if (!value.is_object()) work.flops += static_cast<double>(outputs[o].shape.ElementCount());
    }
    const operators::Operator* definition = node.node.definition;
    if (definition == nullptr || (definition->flags & operators::kOnHost) != 0)
      return {0, work.bytes};
    if (definition->cost == nullptr) return work;
    const graph::NodeViewHolder holder(node.node);
    return definition->cost(holder.view(), inputs, outputs);
  }

  double Edges(const Step& step) const {
    double bytes = 0;
    for (const auto* side : {&step.inputs, &step.outputs}) {
      for (const uint32_t physical : *side) {
        if (physical != kNone) bytes += Bytes(program_.physical[physical].logical);
      }
    }
    return bytes;
  }

 private:
  double Bytes(uint32_t logical) const {
    const LogicalValue& value = program_.logical[logical];
    if (value.is_object()) return 0;
    const Shape shape = shape_(logical);
    if (!shape.IsStatic()) return 0;
    return static_cast<double>(shape.ElementCount()) * BitWidth(value.type) / 8;
  }

  const Program& program_;
  const ShapeOf& shape_;
};

}  // namespace

operators::Cost WorkOf(const Program& program, const Step& step, const ShapeOf& shape) {
  const Counter counter(program, shape);
  if (step.node != kNone) return counter.Node(program.nodes[step.node]);
  if (step.kind != StepKind::kKernel && step.kind != StepKind::kCopy) return {};
  operators::Cost work{0, counter.Edges(step)};
  if (step.kernel == kNone) return work;
  for (const uint32_t node : program.kernels[step.kernel].segment)
    work.flops += counter.Node(program.nodes[node]).flops;
  return work;
}

}  // namespace tenon::program
