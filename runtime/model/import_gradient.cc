// Gradient of ai.onnx.preview.training (https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Gradient.html)
// stands for nodes that this file puts in its place: reverse-mode differentiation over the nodes
// between `xs` and `y`, which were imported before it.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "graph_importer.h"
#include "known_shapes.h"

namespace tenon::model {

using graph::kNone;
using graph::NodeId;
using graph::ValueId;

namespace {

constexpr const char* kKnown = "Add, Identity, MatMul, Mul, Neg, Sub and Sum";

Status Bad(const std::string& what) { return Status(Code::kInvalidArgument, what); }

// The axes of `whole` over which an operand of shape `part` was repeated, without those that it does
// not have. False where that is not known.
bool RepeatedAxes(const Shape& whole, const Shape& part, std::vector<int64_t>* axes) {
  if (!whole.has_rank() || !part.has_rank() || part.rank() > whole.rank()) return false;
  const int more = whole.rank() - part.rank();
  for (int i = 0; i < part.rank(); ++i) {
    if (part[i] == 1 && whole[more + i] != 1) axes->push_back(more + i);
    const bool same = part[i] > 1 || (part[i] != kUnknownDim && part[i] == whole[more + i]);
    if (part[i] != 1 && !same) return false;
  }
  return true;
}

// Whether the output changes with the contents of the input.
bool DependsOnInput(const graph::Node& node, size_t input) {
  if (!node.domain.empty()) return true;
  if (node.op == "CastLike") return input == 0;
  return node.op != "Shape" && node.op != "Size";
}

bool IsDifferentiable(const graph::Node& node) {
  const auto is = [&](const char* op) { return node.op == op; };
  return node.domain.empty() && (is("Add") || is("Identity") || is("MatMul") || is("Mul") ||
                                 is("Neg") || is("Sub") || is("Sum"));
}

}  // namespace

class GraphImporter::Gradient {
 public:
  Gradient(GraphImporter& importer, const onnx::NodeProto& proto, const std::string& name,
           const std::string& where, Scope& scope)
      : importer_(importer),
        proto_(proto),
        name_(name),
        where_(where),
        scope_(scope),
        body_(scope, nullptr, name + "/"),
        shapes_(scope.graph(), importer.depth_ == 0) {
    body_.SetOpset("", NewestOpset());
  }

  Status Run() {
    TENON_RETURN_IF_ERROR(ReadArguments());
    TENON_RETURN_IF_ERROR(Collect());
    TENON_RETURN_IF_ERROR(importer_.CountNodes(static_cast<int>(nodes_.size())));
    for (const NodeId node : nodes_) TENON_RETURN_IF_ERROR(Forward(node));
    if (depends_.contains(y_)) {
      TENON_ASSIGN(std::string ones, Filled(1, y_));
      gradients_[y_].push_back(std::move(ones));
    }
    for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node)
      TENON_RETURN_IF_ERROR(Backward(*node));
    return GiveOutputs();
  }

 private:
  graph::Graph& graph() { return scope_.graph(); }

  // ----------------------------------------------------------------------------------- Arguments

  Status ReadArguments() {
    std::vector<std::string> names;
    size_t count = 0;
    std::string y;
    for (const char* list : {"xs", "zs"}) {
      for (const onnx::AttributeProto& attribute : proto_.attribute()) {
        if (attribute.name() != list) continue;
        names.insert(names.end(), attribute.strings().begin(), attribute.strings().end());
      }
      if (count == 0) count = names.size();
      if (count == 0) return Bad(where_ + ": has no attribute xs, which names what to derive by");
    }
    for (const onnx::AttributeProto& attribute : proto_.attribute()) {
      if (attribute.name() == "y") y = attribute.s();
    }
    if (proto_.input_size() != static_cast<int>(names.size())) {
      return Bad(where_ + ": has " + std::to_string(proto_.input_size()) + " inputs, expected " +
                 std::to_string(names.size()) + ": one for each name in xs and zs");
    }
    if (proto_.output_size() > static_cast<int>(count)) {
      return Bad(where_ + ": has " + std::to_string(proto_.output_size()) +
                 " outputs, expected at most " + std::to_string(count) +
                 ": one for each name in xs");
    }
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string& input = proto_.input(static_cast<int>(i));
      if (input.empty()) return Bad(where_ + ": input " + std::to_string(i) + " is missing");
      const ValueId given = scope_.Read(input, name_);
      TENON_ASSIGN(const ValueId named, Named(i < count ? "xs" : "zs", names[i]));
      if (given == kNone) return Bad(where_ + ": input " + std::to_string(i) + " is missing");
      if (!given_.emplace(named, given).second)
        return Bad(where_ + ": \"" + names[i] + "\" stands twice in xs and zs");
      if (i < count) {
        xs_.push_back(named);
        depends_.insert(named);
      }
    }
    TENON_ASSIGN(y_, Named("y", y));
    return {};
  }

  Result<ValueId> Named(const std::string& attribute, const std::string& value) {
    const ValueId id = scope_.Find(value);
    if (id != kNone && IsMade(id)) return id;
    return Bad(where_ + ": " + attribute + " names \"" + value +
               "\", expected a value that is made in the same graph before this node");
  }

  bool IsMade(ValueId id) {
    const graph::Value& value = graph().values[id];
    if (value.producer != kNone || value.constant) return true;
    const auto inside = [&](const auto& capture) { return capture.second == id; };
    return std::ranges::find(graph().inputs, id) != graph().inputs.end() ||
           std::ranges::any_of(scope_.made().captures, inside);
  }

  // ------------------------------------------------------------------------------------- Forward

  // The nodes that make y from xs, zs and what else they read, in order.
  Status Collect() {
    std::unordered_set<NodeId> seen;
    std::vector<ValueId> open{y_};
    while (!open.empty()) {
      const ValueId id = open.back();
      open.pop_back();
      if (id == kNone || given_.contains(id)) continue;
      const NodeId producer = graph().values[id].producer;
      if (producer == kNone) {
        if (IsMade(id)) continue;
        return Status(Code::kUnsupported,
                      where_ + ": \"" + graph().values[id].name +
                          "\", on which y depends, is made by no node before it");
      }
      if (!seen.insert(producer).second) continue;
      const auto& inputs = graph().nodes[producer].inputs;
      open.insert(open.end(), inputs.begin(), inputs.end());
    }
    nodes_.assign(seen.begin(), seen.end());
    std::ranges::sort(nodes_);
    return {};
  }

  // The value that stands for `id` when xs and zs have the values that are given.
  ValueId At(ValueId id) const {
    const auto found = given_.find(id);
    if (found != given_.end()) return found->second;
    const auto remade = remade_.find(id);
    return remade == remade_.end() ? id : remade->second;
  }

  // Makes the node anew where it reads other values, and finds whether it depends on xs.
  Status Forward(NodeId id) {
    graph::Node node = graph().nodes[id];
    bool depends = false, changes = false;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      ValueId& input = node.inputs[i];
      if (input == kNone) continue;
      const NodeId producer = given_.contains(input) ? kNone : graph().values[input].producer;
      if (producer != kNone && producer >= id) {
        return Status(Code::kUnsupported, where_ + ": node \"" + node.name +
                                              "\", on which y depends, stands before a node that "
                                              "makes its input");
      }
      depends |= depends_.contains(input) && DependsOnInput(node, i);
      changes |= At(input) != input;
      input = At(input);
    }
    if (depends) {
      for (const ValueId output : node.outputs) {
        if (output != kNone) depends_.insert(output);
      }
      const bool whole = std::ranges::find(node.inputs, kNone) == node.inputs.end();
      if (!IsDifferentiable(node) || !whole || node.Find("broadcast") != nullptr) {
        return Status(Code::kUnsupported,
                      where_ + ": y depends on xs by node \"" + node.name + "\" (" + node.op +
                          "); gradients are known of " + kKnown +
                          ", with all inputs and without the attribute broadcast of opset 6");
      }
    }
    if (changes) TENON_RETURN_IF_ERROR(Remake(node));
    std::vector<ValueId> outputs;
    for (const ValueId output : node.outputs)
      outputs.push_back(output == kNone || given_.contains(output) ? kNone : At(output));
    shapes_.Note(node, outputs);
    return {};
  }

  Status Remake(graph::Node node) {
    TENON_RETURN_IF_ERROR(importer_.CountNodes(1));
    onnx::NodeProto named;
    named.set_name(node.name);
    node.name = body_.NodeName(named, 0);
    for (ValueId& output : node.outputs) {
      if (output == kNone) continue;
      graph::Value value;
      value.name = body_.ValueName(graph().values[output].name);
      value.kind = graph().values[output].kind;
      const ValueId made = graph().AddValue(std::move(value));
      remade_[output] = made;
      output = made;
    }
    graph().AddNode(std::move(node));
    return {};
  }

  // ------------------------------------------------------------------------------------ Backward

  Status Backward(NodeId id) {
    const graph::Node node = graph().nodes[id];
    const ValueId output = node.outputs[0];
    if (output == kNone || given_.contains(output) || !gradients_.contains(output)) return {};
    TENON_ASSIGN(const std::string g, Total(output));
    const auto operand = [&](size_t i) { return Name(At(node.inputs[i])); };
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (!depends_.contains(input)) continue;
      std::string part = g;
      if (node.op == "Neg" || (node.op == "Sub" && i == 1)) {
        TENON_ASSIGN(part, Make("Neg", {g}));
      } else if (node.op == "Mul") {
        TENON_ASSIGN(part, Make("Mul", {g, operand(1 - i)}));
      }
      if (node.op == "MatMul") {
        TENON_ASSIGN(part, OfMatrices(node, i, g, operand(1 - i)));
      } else if (shapes_.Like(At(input)) != shapes_.Like(At(output))) {
        TENON_ASSIGN(part, SumTo(part, shapes_.Of(At(output)), node, input));
      }
      gradients_[input].push_back(std::move(part));
    }
    return {};
  }

  // dA = G B^T, dB = A^T G, of matrices in the last two dimensions.
  Result<std::string> OfMatrices(const graph::Node& node, size_t input, const std::string& g,
                                 const std::string& other) {
    const Shape own = shapes_.Of(At(node.inputs[input]));
    Shape whole = shapes_.Of(At(node.outputs[0]));
    if (own.rank() < 2 || shapes_.Of(At(node.inputs[1 - input])).rank() < 2 || whole.rank() < 2) {
      return Status(Code::kUnsupported,
                    where_ + ": the gradient of MatMul \"" + node.name +
                        "\" is known where both operands have a known rank of at least 2");
    }
    for (int d = 1; d <= 2; ++d) whole[whole.rank() - d] = own[own.rank() - d];
    TENON_ASSIGN(const std::string part, input == 0
                                             ? Make("Einsum", {g, other}, "...ij,...kj->...ik")
                                             : Make("Einsum", {other, g}, "...ij,...ik->...jk"));
    if (own.rank() == 2 && whole.rank() == 2) return part;
    return SumTo(part, whole, node, node.inputs[input]);
  }

  Result<std::string> Total(ValueId id) {
    std::vector<std::string>& parts = gradients_.at(id);
    if (parts.size() == 1) return parts[0];
    TENON_ASSIGN(std::string sum, Make("Sum", parts));
    parts = {sum};
    return sum;
  }

  // The gradient of an operand that was broadcast: sums over the axes that it was repeated in.
  Result<std::string> SumTo(const std::string& gradient, const Shape& shape,
                            const graph::Node& node, ValueId operand) {
    const Shape own = shapes_.Of(At(operand));
    std::vector<int64_t> axes;
    if (!RepeatedAxes(shape, own, &axes)) {
      return Status(Code::kUnsupported,
                    where_ + ": node \"" + node.name + "\" (" + node.op + ") reads \"" +
                        graph().values[operand].name + "\" of shape " + own.ToString() +
                        ", and whether that is broadcast to " + shape.ToString() +
                        " is not known; give the model's inputs shapes that say it");
    }
    std::string sum = gradient;
    if (!axes.empty()) {
      TENON_ASSIGN(const std::string list, MakeInts(axes));
      TENON_ASSIGN(sum, Make("ReduceSum", {sum, list}));
    }
    if (shape.rank() > own.rank()) {
      std::vector<int64_t> first;
      for (int i = 0; i < shape.rank() - own.rank(); ++i) first.push_back(i);
      TENON_ASSIGN(const std::string list, MakeInts(first));
      TENON_ASSIGN(sum, Make("ReduceSum", {sum, list}, "", 0));
    }
    return sum;
  }

  // A tensor of the type and shape that `like` has.
  Result<std::string> Filled(float content, ValueId like) {
    const std::string name = Name(At(like));
    TENON_ASSIGN(const std::string shape, Make("Shape", {name}));
    onnx::NodeProto node = NewNode("ConstantOfShape", {shape});
    auto* value = AddAttribute("value", onnx::AttributeProto::TENSOR, node)->mutable_t();
    value->set_data_type(onnx::TensorProto::FLOAT);
    value->add_dims(1);
    value->add_float_data(content);
    TENON_ASSIGN(const std::string filled, Import(std::move(node)));
    return Make("CastLike", {filled, name});
  }

  Status GiveOutputs() {
    for (int i = 0; i < proto_.output_size(); ++i) {
      if (proto_.output(i).empty()) continue;
      const ValueId x = xs_[static_cast<size_t>(i)];
      TENON_ASSIGN(const std::string total, gradients_.contains(x) ? Total(x) : Filled(0, x));
      TENON_ASSIGN(const ValueId id, scope_.Define(proto_.output(i), where_ + " output"));
      graph::Node copy;
      copy.name = body_.NodeName(NewNode("Identity", {}), i);
      copy.op = "Identity";
      copy.definition = operators::FindOperator("", copy.op);
      copy.revision = copy.definition->newest().number;
      copy.inputs = {body_.Find(total)};
      copy.outputs = {id};
      graph().AddNode(std::move(copy));
    }
    return {};
  }

  // --------------------------------------------------------------------------------------- Nodes

  // Names within the body: "#12" is value 12 of the graph.
  std::string Name(ValueId id) {
    std::string name = "#" + std::to_string(id);
    body_.Bind(name, id);
    return name;
  }

  static onnx::NodeProto NewNode(const std::string& op, const std::vector<std::string>& inputs) {
    onnx::NodeProto node;
    node.set_op_type(op);
    for (const std::string& input : inputs) node.add_input(input);
    return node;
  }

  static onnx::AttributeProto* AddAttribute(const char* name,
                                            onnx::AttributeProto::AttributeType type,
                                            onnx::NodeProto& node) {
    onnx::AttributeProto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    return attribute;
  }

  Result<std::string> Make(const std::string& op, const std::vector<std::string>& inputs,
                           const std::string& equation = "", int keepdims = 1) {
    onnx::NodeProto node = NewNode(op, inputs);
    if (!equation.empty())
      AddAttribute("equation", onnx::AttributeProto::STRING, node)->set_s(equation);
    if (keepdims == 0) AddAttribute("keepdims", onnx::AttributeProto::INT, node)->set_i(0);
    return Import(std::move(node));
  }

  Result<std::string> MakeInts(const std::vector<int64_t>& ints) {
    onnx::NodeProto node = NewNode("Constant", {});
    onnx::AttributeProto* attribute = AddAttribute("value_ints", onnx::AttributeProto::INTS, node);
    for (const int64_t value : ints) attribute->add_ints(value);
    return Import(std::move(node));
  }

  Result<std::string> Import(onnx::NodeProto node) {
    TENON_RETURN_IF_ERROR(importer_.CountNodes(1));
    const std::string made = node.op_type() + "_" + std::to_string(made_++);
    node.set_name(made);
    node.add_output(made);
    TENON_RETURN_IF_ERROR(importer_.ImportNode(node, 0, body_).WithContext(where_));
    return made;
  }

  GraphImporter& importer_;
  const onnx::NodeProto& proto_;
  const std::string &name_, &where_;
  Scope& scope_;  // of the node
  Scope body_;    // of the nodes that take its place
  KnownShapes shapes_;
  int made_ = 0;
  std::unordered_map<ValueId, ValueId> given_;   // from what xs and zs name to the node's inputs
  std::unordered_map<ValueId, ValueId> remade_;  // of nodes between
  std::vector<ValueId> xs_;
  ValueId y_ = kNone;
  std::vector<NodeId> nodes_;                                        // that y depends on
  std::unordered_set<ValueId> depends_;                              // on xs
  std::unordered_map<ValueId, std::vector<std::string>> gradients_;  // whose sum is y's by a value
};

Status GraphImporter::ExpandGradient(const onnx::NodeProto& proto, const std::string& name,
                                     const std::string& where, Scope& scope) {
  return Gradient(*this, proto, name, where, scope).Run();
}

}  // namespace tenon::model
