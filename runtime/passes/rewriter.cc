// Moves nodes between semantic revisions by the rules in the operators' rows.
#include <algorithm>
#include <optional>

#include "tenon/passes/passes.h"

namespace tenon::passes {
namespace {

using graph::Graph;
using graph::kNone;
using graph::Node;
using graph::NodeId;
using graph::Value;
using graph::ValueId;

// `base`, or where one of `named` (values or nodes) is called so, the first of base_1, base_2 .. that is free.
template <typename Named>
std::string FreshName(const std::vector<Named>& named, const std::string& base) {
  std::string name = base;
  for (int i = 1; std::ranges::find(named, name, &Named::name) != named.end(); ++i)
    name = base + "_" + std::to_string(i);
  return name;
}

class GraphRewriter final : public operators::Rewriter {
 public:
  GraphRewriter(Graph& graph, NodeId id, bool may_know_more)
      : graph_(graph),
        id_(id),
        may_know_more_(may_know_more),
        original_inputs_(graph.nodes[id].inputs) {}

  bool grew() const { return grew_; }
  bool operator_set() const { return operator_set_; }

  const NodeView& node() const override {
    holder_.emplace(graph_.nodes[id_]);
    return holder_->view();
  }
  int input_count() const override { return static_cast<int>(self().inputs.size()); }
  operators::InferInput input(int index) const override {
    operators::InferInput input;
    const auto& inputs = self().inputs;
    if (index < 0 || static_cast<size_t>(index) >= inputs.size() ||
        inputs[static_cast<size_t>(index)] == kNone)
      return input;
    const Value& value = graph_.values[inputs[static_cast<size_t>(index)]];
    input.present = true;
    input.type = value.type;
    input.shape = value.shape;
    if (value.constant) {
      if (views_.size() <= static_cast<size_t>(index))
        views_.resize(static_cast<size_t>(index) + 1);
      auto& view = views_[static_cast<size_t>(index)];
      view = std::make_unique<TensorView>(View(*value.constant));
      input.value = view.get();
    }
    return input;
  }
  int output_count() const override { return static_cast<int>(self().outputs.size()); }

  void RemoveAttribute(std::string_view name) override {
    std::erase_if(self().attributes,
                  [&](const graph::Attribute& attribute) { return attribute.name == name; });
  }
  void SetInt(std::string_view name, int64_t value) override { Set(name, value); }
  void SetFloat(std::string_view name, float value) override { Set(name, value); }
  void SetString(std::string_view name, std::string_view value) override {
    Set(name, std::string(value));
  }
  void SetInts(std::string_view name, std::span<const int64_t> values) override {
    Set(name, std::vector<int64_t>(values.begin(), values.end()));
  }
  void SetConstantInput(int index, DataType type, const Shape& shape, const void* data) override {
    const auto count = static_cast<uint64_t>(shape.ElementCount());
    Value value;
    value.name = FreshName(graph_.values, self().name + "_input_" + std::to_string(index));
    value.type = type;
    value.shape = shape;
    value.constant = MakeConstant(type, shape, data, (count * BitWidth(type) + 7) / 8);
    SetInput(index, graph_.AddValue(std::move(value)));
  }
  void RemoveInput(int index) override {
    auto& inputs = self().inputs;
    if (static_cast<size_t>(index) >= inputs.size()) return;
    inputs[static_cast<size_t>(index)] = kNone;
    while (!inputs.empty() && inputs.back() == kNone) inputs.pop_back();
  }
  void MoveInput(int from, int to) override {
    const ValueId moved = self().inputs[static_cast<size_t>(from)];
    SetInput(to, moved);
    RemoveInput(from);
  }
  void RemoveOutputs(int first) override {
    auto& outputs = self().outputs;
    while (outputs.size() > static_cast<size_t>(first)) {
      if (outputs.back() != kNone) graph_.values[outputs.back()].producer = kNone;
      outputs.pop_back();
    }
  }
  bool OutputUsed(int index) const override {
    const auto& outputs = self().outputs;
    if (static_cast<size_t>(index) >= outputs.size() ||
        outputs[static_cast<size_t>(index)] == kNone)
      return false;
    const ValueId value = outputs[static_cast<size_t>(index)];
    if (std::find(graph_.outputs.begin(), graph_.outputs.end(), value) != graph_.outputs.end())
      return true;
    return std::any_of(graph_.nodes.begin(), graph_.nodes.end(), [&](const Node& node) {
      return std::find(node.inputs.begin(), node.inputs.end(), value) != node.inputs.end();
    });
  }
  bool MayKnowMore() const override { return may_know_more_; }
  void SetOperator(std::string_view domain, std::string_view name, int revision) override {
    Node& node = self();
    node.domain = domain;
    node.op = name;
    node.revision = revision;
    node.definition = operators::FindOperator(domain, name);
    operator_set_ = true;
  }
  void ReshapeInput(int index, std::span<const int64_t> shape) override {
    const ValueId source = self().inputs[static_cast<size_t>(index)];
    const ValueId target = ConstantInts(shape);
    const ValueId reshaped = NewValue(self().name + "_reshaped", graph_.values[source].type);
    AddHelper("Reshape", {source, target}, reshaped, {});
    SetInput(index, reshaped);
  }
  void FlattenInput(int index, int64_t axis) override {
    const ValueId source = self().inputs[static_cast<size_t>(index)];
    const ValueId matrix = NewValue(self().name + "_matrix", graph_.values[source].type);
    AddHelper("Flatten", {source}, matrix, {{"axis", axis}});
    SetInput(index, matrix);
  }
  void ReshapeOutputBack(int index, int like_input) override {
    const ValueId wanted = self().outputs[static_cast<size_t>(index)];
    const ValueId inner = NewValue(self().name + "_flat", graph_.values[wanted].type);
    const ValueId shape = AddShape(original_inputs_[static_cast<size_t>(like_input)]);
    self().outputs[static_cast<size_t>(index)] = inner;
    graph_.values[inner].producer = id_;
    // A size of the shape may be 0, and is none to keep.
    AddHelper("Reshape", {inner, shape}, wanted, {{"allowzero", int64_t{1}}});
  }

 private:
  Node& self() { return graph_.nodes[id_]; }
  const Node& self() const { return graph_.nodes[id_]; }

  template <typename T>
  void Set(std::string_view name, T value) {
    RemoveAttribute(name);
    self().attributes.push_back({std::string(name), std::move(value)});
  }
  void SetInput(int index, ValueId value) {
    auto& inputs = self().inputs;
    if (inputs.size() <= static_cast<size_t>(index))
      inputs.resize(static_cast<size_t>(index) + 1, kNone);
    inputs[static_cast<size_t>(index)] = value;
  }
  ValueId NewValue(const std::string& base, DataType type) {
    Value value;
    value.name = FreshName(graph_.values, base);
    value.type = type;
    return graph_.AddValue(std::move(value));
  }
  ValueId ConstantInts(std::span<const int64_t> values) {
    Value value;
    value.name = FreshName(graph_.values, self().name + "_shape");
    value.type = DataType::kInt64;
    value.shape = {static_cast<int64_t>(values.size())};
    value.constant = MakeConstant(value.type, value.shape, values.data(), values.size_bytes());
    return graph_.AddValue(std::move(value));
  }
  void AddHelper(std::string_view op, std::vector<ValueId> inputs, ValueId output,
                 std::vector<graph::Attribute> attributes) {
    Node node;
    node.name = FreshName(graph_.nodes, self().name + "_" + std::string(op));
    node.op = op;
    node.definition = operators::FindOperator("", op);
    node.revision = node.definition->newest().number;
    node.inputs = std::move(inputs);
    node.outputs = {output};
    node.attributes = std::move(attributes);
    graph_.AddNode(std::move(node));
    grew_ = true;
  }
  ValueId AddShape(ValueId of) {
    const ValueId shape = NewValue(self().name + "_shape_of", DataType::kInt64);
    AddHelper("Shape", {of}, shape, {});
    return shape;
  }

  Graph& graph_;
  NodeId id_;
  bool may_know_more_;
  std::vector<ValueId> original_inputs_;
  mutable std::optional<graph::NodeViewHolder> holder_;
  mutable std::vector<std::unique_ptr<TensorView>> views_;
  bool grew_ = false;
  bool operator_set_ = false;
};

// One step up or down. `out_grew` is set where nodes were added.
Status Step(Graph& graph, NodeId id, bool up, bool may_know_more, bool* out_grew) {
  Node& node = graph.nodes[id];
  const auto& revisions = node.definition->revisions;
  const auto at =
      std::find_if(revisions.begin(), revisions.end(),
                   [&](const operators::Revision& r) { return r.number == node.revision; });
  if (at == revisions.end() || (up ? at + 1 == revisions.end() : at == revisions.begin())) {
    return Status(Code::kUnsupported, node.op + " \"" + node.name +
                                          "\": there is no revision beyond " +
                                          std::to_string(node.revision));
  }
  const auto& target = up ? *(at + 1) : *(at - 1);
  const operators::RewriteFunction rule = up ? target.from_previous : at->to_previous;
  if (!rule) {
    if (up) {
      graph.nodes[id].revision = target.number;
      return {};
    }
    return Status(Code::kUnsupported,
                  node.op + " \"" + node.name + "\": revision " + std::to_string(node.revision) +
                      " can't be said in revision " + std::to_string(target.number));
  }
  GraphRewriter rewriter(graph, id, may_know_more);
  TENON_RETURN_IF_ERROR(rule(rewriter));
  *out_grew |= rewriter.grew();
  if (!rewriter.operator_set()) graph.nodes[id].revision = target.number;
  return {};
}

}  // namespace

namespace {

// Rewrites every node as far up as the rules can. A rule may need shapes that are not known yet: such nodes are counted,
// and the first refusal is kept.
Status RewriteUp(Graph& graph, bool may_know_more, size_t* out_left, Status* out_refusal) {
  bool grew = false;
  const size_t count = graph.nodes.size();
  *out_left = 0;
  for (NodeId id = 0; id < count; ++id) {
    // The loop ends: a rule moves to a newer revision, or to another operator, of which chains are short.
    for (int steps = 0; graph.nodes[id].definition && steps < 64 &&
                        graph.nodes[id].revision != graph.nodes[id].definition->newest().number;
         ++steps) {
      Status status = Step(graph, id, true, may_know_more, &grew);
      if (status.ok()) continue;
      if (status.code() != Code::kUnsupported) return status;
      if ((*out_left)++ == 0) *out_refusal = std::move(status);
      break;
    }
  }
  return grew ? graph.Sort() : Status();
}

}  // namespace

Status Canonicalise(Graph& graph, const Options& options) {
  size_t left = SIZE_MAX;
  bool may_know_more = true;
  while (true) {
    const size_t before = left;
    Status refusal;
    TENON_RETURN_IF_ERROR(RewriteUp(graph, may_know_more, &left, &refusal));
    if (left == 0) return {};
    if (left >= before && !may_know_more) return refusal;
    may_know_more = left < before;
    if (may_know_more) TENON_RETURN_IF_ERROR(InferShapes(graph, options));
  }
}

Status RewriteTo(Graph& graph, NodeId id, int revision) {
  if (!graph.nodes[id].definition) {
    return Status(Code::kUnsupported,
                  "node \"" + graph.nodes[id].name + "\" is no operator of ours");
  }
  bool grew = false;
  const Node before = graph.nodes[id];
  while (graph.nodes[id].revision != revision) {
    Status status = Step(graph, id, graph.nodes[id].revision < revision, false, &grew);
    if (!status.ok()) {
      if (!grew) graph.nodes[id] = before;
      return status;
    }
  }
  return grew ? graph.Sort() : Status();
}

}  // namespace tenon::passes
