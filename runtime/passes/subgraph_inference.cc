// Types and shapes of what If, Loop, Scan and SequenceMap make, from their subgraphs.
#include <optional>

#include "node_inference.h"

namespace tenon::passes {
namespace {

using graph::Graph;
using graph::kNone;
using graph::Node;
using graph::NodeId;
using graph::Value;
using graph::ValueId;
using operators::InferOutput;

// Finding out what a loop leaves as it is takes several looks at its body, and a branch that cannot
// be taken is looked at twice, at each level. Deeper down nothing is found out.
constexpr int kDeepest = 3;

Status Bad(const Node& node, const std::string& what) {
  return Status(Code::kInvalidArgument, node.op + " \"" + node.name + "\": " + what);
}

// What both may be: symbols are the same where they are the same number.
Shape Join(const Shape& a, const Shape& b) {
  if (!a.has_rank() || !b.has_rank() || a.rank() != b.rank()) return Shape::UnknownRank();
  Shape joined = a;
  for (int axis = 0; axis < joined.rank(); ++axis) {
    if (joined[axis] != b[axis]) joined[axis] = kUnknownDim;
  }
  return joined;
}

Shape RankOnly(const Shape& shape) {
  Shape open = shape;
  for (int axis = 0; axis < open.rank(); ++axis) open[axis] = kUnknownDim;
  return open;
}

Result<Shape> WithoutAxis(const Node& node, const Shape& shape, int64_t axis) {
  if (!shape.has_rank()) return shape;
  if (axis < -shape.rank() || axis >= shape.rank() || shape.rank() == 0) {
    return Bad(node, "axis " + std::to_string(axis) + " is not one of a tensor of shape " +
                         shape.ToString());
  }
  const int at = static_cast<int>(axis < 0 ? axis + shape.rank() : axis);
  Shape rest = shape;
  for (int i = at; i + 1 < rest.rank(); ++i) rest[i] = rest[i + 1];
  rest.Resize(rest.rank() - 1);
  return rest;
}

Result<Shape> WithAxis(const Node& node, const Shape& shape, int64_t axis, int64_t size) {
  if (!shape.has_rank()) return shape;
  if (shape.rank() == kMaxRank)
    return Status(Code::kUnsupported, node.op + " \"" + node.name + "\": its result has rank 9");
  const int rank = shape.rank() + 1;
  if (axis < -rank || axis >= rank)
    return Bad(node, "output axis " + std::to_string(axis) + " of rank " + std::to_string(rank));
  const int at = static_cast<int>(axis < 0 ? axis + rank : axis);
  Shape more = shape;
  more.Append(size);
  for (int i = rank - 1; i > at; --i) more[i] = more[i - 1];
  more[at] = size;
  return more;
}

std::string TypeText(const Value& value) {
  const std::string type(DataTypeName(value.type));
  if (value.kind == ValueKind::kTensor) return type;
  return std::string(ValueKindName(value.kind)) + " of " + type;
}

// One node with subgraphs.
class Inference {
 public:
  Inference(Graph& graph, Node& node, const Options& options, std::span<InferOutput> outputs)
      : graph_(graph), node_(node), options_(options), outputs_(outputs) {
    ++options_.depth;
  }

  Status Run() {
    if (node_.op == "If") return RunIf();
    const auto subgraphs = node_.Subgraphs();
    if (subgraphs.size() != 1 || formal() < (node_.op == "Loop" ? 2u : 0u))
      return Bad(node_, "it needs one body");
    Graph& body = *subgraphs[0];
    if (node_.op == "Loop") return RunLoop(body);
    if (node_.op == "Scan") return RunScan(body);
    if (node_.op == "Scan8") return RunScan8(body);
    return RunSequenceMap(body);
  }

 private:
  size_t formal() const { return node_.inputs.size() - node_.captured; }
  const Value& outer(size_t input) const { return graph_.values[node_.inputs[input]]; }

  Status CheckInputs(const Graph& body, size_t formal_inputs) const {
    if (body.inputs.size() == formal_inputs + node_.captured) return {};
    return Bad(node_, "its subgraph has " + std::to_string(body.inputs.size() - node_.captured) +
                          " inputs, expected " + std::to_string(formal_inputs));
  }
  Status CheckTensor(const Value& value, const char* what, size_t index) const {
    if (value.kind == ValueKind::kTensor) return {};
    return Bad(node_, std::string(what) + " " + std::to_string(index) + " is a " +
                          std::string(ValueKindName(value.kind)) + ", expected a tensor");
  }
  // What its turns make from output `first` on is put together, so it is tensors.
  Status CheckTensors(const Graph& body, size_t first) const {
    for (size_t o = first; o < body.outputs.size(); ++o)
      TENON_RETURN_IF_ERROR(CheckTensor(body.values[body.outputs[o]], "its body's output", o));
    return {};
  }
  Status CheckOutputs(const Graph& body, size_t least) const {
    if (body.outputs.size() >= least &&
        outputs_.size() + (node_.op == "Loop") <= body.outputs.size())
      return {};
    return Bad(node_, "its subgraph has " + std::to_string(body.outputs.size()) +
                          " outputs, expected " +
                          std::to_string(std::max(least, outputs_.size() + (node_.op == "Loop"))));
  }

  // One value, which decides how a run goes on.
  Status CheckControl(const Value& value, const std::string& what, DataType type) const {
    const bool fits = value.type == type && value.kind == ValueKind::kTensor;
    if (fits || value.type == DataType::kUndefined) return {};
    return Bad(node_,
               what + " is " + TypeText(value) + ", expected " + std::string(DataTypeName(type)));
  }
  Status CheckControl(size_t input, const std::string& what, DataType type) const {
    if (node_.inputs[input] == kNone) return {};
    return CheckControl(outer(input), what, type);
  }
  // An attribute with an entry for each of `count` values, or none; `flags`: each is 0 or 1.
  Status CheckList(const NodeView& view, const std::string& name, size_t count, bool flags) const {
    const auto list = view.Ints(name);
    if (!list.empty() && list.size() != count) {
      return Bad(node_, name + " has " + std::to_string(list.size()) + " entries, expected " +
                            std::to_string(count));
    }
    for (const int64_t entry : list) {
      if (flags && entry != 0 && entry != 1)
        return Bad(node_, name + " has " + std::to_string(entry) +
                              ", expected 0 (forward) or 1 (reverse)");
    }
    return {};
  }

  static void Set(Graph& body, size_t input, DataType type, ValueKind kind, const Shape& shape) {
    Value& value = body.values[body.inputs[input]];
    if (type != DataType::kUndefined) value.type = type;
    value.kind = kind;
    value.shape = shape;
  }
  void SetCaptured(Graph& body, bool with_shapes = true) const {
    for (size_t c = 0; c < node_.captured; ++c) {
      const Value& value = outer(formal() + c);
      Set(body, body.inputs.size() - node_.captured + c, value.type, value.kind,
          with_shapes ? MapShape(graph_, value.shape, body) : Shape::UnknownRank());
    }
  }
  Status Infer(Graph& body) const {
    TENON_RETURN_IF_ERROR(Canonicalise(body, options_));
    return InferShapes(body, options_);
  }
  InferOutput OutputOf(const Graph& body, size_t output) const {
    const Value& value = body.values[body.outputs[output]];
    const Shape& shape = value.constant ? value.constant->shape : value.shape;
    return {value.type, MapShape(body, shape, graph_), value.kind};
  }

  Status RunIf() {
    const auto branches = node_.Subgraphs();
    if (branches.size() != 2 || formal() != 1) return Bad(node_, "it needs two branches");
    TENON_RETURN_IF_ERROR(CheckControl(0, "the condition", DataType::kBool));
    const int taken = ConstantBranch(graph_, node_);
    bool possible[2] = {taken != 1, taken != 0};
    for (int b = 0; b < 2; ++b) {
      Graph& branch = *branches[static_cast<size_t>(b)];
      TENON_RETURN_IF_ERROR(CheckInputs(branch, 0));
      if (branch.outputs.size() != node_.outputs.size()) {
        return Bad(node_, "a branch has " + std::to_string(branch.outputs.size()) +
                              " outputs, the node " + std::to_string(node_.outputs.size()));
      }
      if (!possible[b]) continue;
      std::optional<Graph> before;
      if (taken < 0 && options_.depth <= kDeepest) before = branch;
      SetCaptured(branch);
      Status fits = Infer(branch);
      if (fits.ok()) continue;
      possible[b] = false;
      if (!before || fits.code() != Code::kInvalidArgument || !(possible[0] || possible[1]))
        return fits;
      // With these shapes no run can take it: one that does gets the error. Until then it is a
      // branch of which no shape is known.
      branch = *std::move(before);
      SetCaptured(branch, false);
      TENON_RETURN_IF_ERROR(Infer(branch));
    }
    for (size_t o = 0; o < outputs_.size(); ++o) {
      outputs_[o] = OutputOf(*branches[possible[0] ? 0 : 1], o);
      if (taken >= 0) continue;
      const InferOutput other = OutputOf(*branches[possible[0] ? 1 : 0], o);
      if (outputs_[o].type != other.type || outputs_[o].kind != other.kind) {
        return Bad(node_, "output " + std::to_string(o) + " is " +
                              std::string(DataTypeName(outputs_[o].type)) + " in one branch and " +
                              std::string(DataTypeName(other.type)) + " in the other");
      }
      if (possible[0] && possible[1]) outputs_[o].shape = Join(outputs_[o].shape, other.shape);
    }
    return {};
  }

  // The states that go around: inputs [first, first + shapes) of the body, whose outputs
  // [first_output, ..) are the next ones. `shapes` are the first ones; then what holds in all turns.
  Status InferStates(Graph& body, size_t first, size_t first_output, std::vector<Shape>* shapes) {
    const auto set = [&](Graph& at) {
      for (size_t s = 0; s < shapes->size(); ++s)
        at.values[at.inputs[first + s]].shape = (*shapes)[s];
    };
    const std::vector<Shape> initial = *shapes;
    for (Shape& shape : *shapes) shape = RankOnly(shape);
    set(body);
    TENON_RETURN_IF_ERROR(Canonicalise(body, options_));
    *shapes = initial;
    if (options_.depth > kDeepest) {
      for (Shape& shape : *shapes) shape = Shape::UnknownRank();
    }
    for (int round = 0; options_.depth <= kDeepest; ++round) {
      Graph trial = body;
      set(trial);
      Options looking = options_;
      looking.fold = false;
      TENON_RETURN_IF_ERROR(InferShapes(trial, looking));
      bool stable = true;
      for (size_t s = 0; s < shapes->size(); ++s) {
        const Value& made = trial.values[trial.outputs[first_output + s]];
        Shape joined = Join((*shapes)[s], MapShape(trial, made.shape, body));
        if (joined == (*shapes)[s]) continue;
        stable = false;
        (*shapes)[s] = round < 2 ? joined : Shape::UnknownRank();
      }
      if (stable) break;
    }
    set(body);
    TENON_RETURN_IF_ERROR(InferShapes(body, options_));
    for (size_t s = 0; s < shapes->size(); ++s) {
      const Value& in = body.values[body.inputs[first + s]];
      const Value& out = body.values[body.outputs[first_output + s]];
      // What was an optional sequence may go on as a sequence.
      const bool element =
          in.kind == ValueKind::kOptionalSequence && out.kind == ValueKind::kSequence;
      if (in.type == out.type && (in.kind == out.kind || element)) continue;
      return Bad(node_, "what goes around as \"" + in.name + "\" is " + TypeText(in) +
                            ", its body makes " + TypeText(out) + " of it (\"" + out.name +
                            "\"): expected the same type");
    }
    return {};
  }

  Status RunLoop(Graph& body) {
    const size_t carried = formal() - 2;
    TENON_RETURN_IF_ERROR(CheckControl(0, "the trip count", DataType::kInt64));
    TENON_RETURN_IF_ERROR(CheckControl(1, "the condition", DataType::kBool));
    TENON_RETURN_IF_ERROR(CheckInputs(body, 2 + carried));
    TENON_RETURN_IF_ERROR(CheckOutputs(body, 1 + carried));
    for (size_t i = 0; i < 2; ++i) {
      const bool list = body.values[body.inputs[i]].shape.rank() == 1;
      Set(body, i, i == 0 ? DataType::kInt64 : DataType::kBool, ValueKind::kTensor,
          list ? Shape{1} : Shape{});
    }
    std::vector<Shape> shapes;
    TENON_RETURN_IF_ERROR(SetStates(body, 2, 2, carried, &shapes));
    SetCaptured(body);
    TENON_RETURN_IF_ERROR(InferStates(body, 2, 1, &shapes));
    TENON_RETURN_IF_ERROR(CheckTensors(body, 1 + carried));
    TENON_RETURN_IF_ERROR(CheckControl(body.values[body.outputs[0]],
                                       "the condition that its body makes", DataType::kBool));
    for (size_t o = 0; o < outputs_.size(); ++o) {
      outputs_[o] = OutputOf(body, 1 + o);
      if (o < carried) {
        outputs_[o].shape = MapShape(body, shapes[o], graph_);
      } else {
        TENON_ASSIGN(outputs_[o].shape, WithAxis(node_, outputs_[o].shape, 0, kUnknownDim));
      }
    }
    return {};
  }

  // [batch] states and [batch, length] slices, behind the lengths of the sequences.
  Status RunScan8(Graph& body) {
    const graph::NodeViewHolder holder(node_);
    const int64_t scanned = holder.view().Int("num_scan_inputs", 0);
    if (scanned < 1 || scanned >= static_cast<int64_t>(formal()))
      return Bad(node_, "num_scan_inputs is " + std::to_string(scanned));
    const size_t states = formal() - 1 - static_cast<size_t>(scanned);
    TENON_RETURN_IF_ERROR(CheckInputs(body, formal() - 1));
    TENON_RETURN_IF_ERROR(CheckOutputs(body, states));
    TENON_RETURN_IF_ERROR(
        CheckList(holder.view(), "directions", static_cast<size_t>(scanned), true));
    std::vector<Shape> shapes;
    TENON_RETURN_IF_ERROR(SetStates(body, 1, 0, states, &shapes));
    int64_t batch = kUnknownDim, length = kUnknownDim;
    for (size_t i = 0; i + 1 < formal(); ++i) {
      if (node_.inputs[1 + i] == kNone)
        return Bad(node_, "input " + std::to_string(1 + i) + " is missing");
      const Value& value = outer(1 + i);
      TENON_RETURN_IF_ERROR(CheckTensor(value, "input", 1 + i));
      TENON_ASSIGN(Shape part, WithoutAxis(node_, value.shape, 0));
      if (batch == kUnknownDim && value.shape.has_rank()) batch = value.shape[0];
      if (i >= states) {
        if (length == kUnknownDim && part.rank() > 0) length = part[0];
        TENON_ASSIGN(part, WithoutAxis(node_, part, 0));
      }
      Set(body, i, value.type, value.kind, MapShape(graph_, part, body));
      if (i < states) shapes[i] = body.values[body.inputs[i]].shape;
    }
    SetCaptured(body);
    TENON_RETURN_IF_ERROR(InferStates(body, 0, 0, &shapes));
    TENON_RETURN_IF_ERROR(CheckTensors(body, states));
    for (size_t o = 0; o < outputs_.size(); ++o) {
      outputs_[o] = OutputOf(body, o);
      if (o < states) {
        outputs_[o].shape = MapShape(body, shapes[o], graph_);
      } else {
        TENON_ASSIGN(outputs_[o].shape, WithAxis(node_, outputs_[o].shape, 0, length));
      }
      TENON_ASSIGN(outputs_[o].shape, WithAxis(node_, outputs_[o].shape, 0, batch));
    }
    return {};
  }

  // States of the node are inputs [from, from + count), of the body [to, ..).
  Status SetStates(Graph& body, size_t from, size_t to, size_t count, std::vector<Shape>* shapes) {
    for (size_t s = 0; s < count; ++s) {
      if (node_.inputs[from + s] == kNone)
        return Bad(node_, "input " + std::to_string(from + s) + " is missing");
      const Value& value = outer(from + s);
      shapes->push_back(MapShape(graph_, value.shape, body));
      Set(body, to + s, value.type, value.kind, shapes->back());
    }
    return {};
  }

  Status RunScan(Graph& body) {
    const graph::NodeViewHolder holder(node_);
    const int64_t scanned = holder.view().Int("num_scan_inputs", 0);
    if (scanned < 1 || scanned > static_cast<int64_t>(formal()))
      return Bad(node_, "num_scan_inputs is " + std::to_string(scanned));
    const size_t states = formal() - static_cast<size_t>(scanned);
    TENON_RETURN_IF_ERROR(CheckInputs(body, formal()));
    TENON_RETURN_IF_ERROR(CheckOutputs(body, states));
    const size_t inputs = formal() - states, made = body.outputs.size() - states;
    TENON_RETURN_IF_ERROR(CheckList(holder.view(), "scan_input_axes", inputs, false));
    TENON_RETURN_IF_ERROR(CheckList(holder.view(), "scan_input_directions", inputs, true));
    TENON_RETURN_IF_ERROR(CheckList(holder.view(), "scan_output_axes", made, false));
    TENON_RETURN_IF_ERROR(CheckList(holder.view(), "scan_output_directions", made, true));
    const auto axes = holder.view().Ints("scan_input_axes");
    const auto output_axes = holder.view().Ints("scan_output_axes");
    std::vector<Shape> shapes;
    TENON_RETURN_IF_ERROR(SetStates(body, 0, 0, states, &shapes));
    int64_t length = kUnknownDim;
    for (size_t i = states; i < formal(); ++i) {
      if (node_.inputs[i] == kNone) return Bad(node_, "input " + std::to_string(i) + " is missing");
      const Value& value = outer(i);
      TENON_RETURN_IF_ERROR(CheckTensor(value, "input", i));
      const int64_t axis = i - states < axes.size() ? axes[i - states] : 0;
      TENON_ASSIGN(const Shape slice, WithoutAxis(node_, value.shape, axis));
      Set(body, i, value.type, value.kind, MapShape(graph_, slice, body));
      if (length == kUnknownDim && value.shape.has_rank())
        length = value.shape[static_cast<int>(axis < 0 ? axis + value.shape.rank() : axis)];
    }
    SetCaptured(body);
    TENON_RETURN_IF_ERROR(InferStates(body, 0, 0, &shapes));
    TENON_RETURN_IF_ERROR(CheckTensors(body, states));
    for (size_t o = 0; o < outputs_.size(); ++o) {
      outputs_[o] = OutputOf(body, o);
      if (o < states) {
        outputs_[o].shape = MapShape(body, shapes[o], graph_);
        continue;
      }
      const int64_t axis = o - states < output_axes.size() ? output_axes[o - states] : 0;
      TENON_ASSIGN(outputs_[o].shape, WithAxis(node_, outputs_[o].shape, axis, length));
    }
    return {};
  }

  Status RunSequenceMap(Graph& body) {
    TENON_RETURN_IF_ERROR(CheckInputs(body, formal()));
    TENON_RETURN_IF_ERROR(CheckOutputs(body, 1));
    for (size_t i = 0; i < formal(); ++i) {
      if (node_.inputs[i] == kNone) return Bad(node_, "input " + std::to_string(i) + " is missing");
      const Value& value = outer(i);
      if (i == 0 && value.kind != ValueKind::kSequence)
        return Bad(node_, "input 0 is a " + std::string(ValueKindName(value.kind)) +
                              ", expected a sequence");
      if (value.kind != ValueKind::kSequence) TENON_RETURN_IF_ERROR(CheckTensor(value, "input", i));
      Set(body, i, value.type, ValueKind::kTensor, MapShape(graph_, value.shape, body));
    }
    SetCaptured(body);
    TENON_RETURN_IF_ERROR(Infer(body));
    TENON_RETURN_IF_ERROR(CheckTensors(body, 0));
    for (size_t o = 0; o < outputs_.size(); ++o) {
      outputs_[o] = OutputOf(body, o);
      outputs_[o].kind = ValueKind::kSequence;
    }
    return {};
  }

  Graph& graph_;
  Node& node_;
  Options options_;
  std::span<InferOutput> outputs_;
};

}  // namespace

Shape MapShape(const Graph& from, const Shape& shape, Graph& to) {
  Shape mapped = shape;
  for (int axis = 0; axis < mapped.rank(); ++axis) {
    if (mapped[axis] <= -2)
      mapped[axis] = SymbolDim(to.SymbolFor(from.symbols[SymbolId(mapped[axis])]));
  }
  return mapped;
}

Status InferSubgraphs(Graph& graph, NodeId id, const Options& options,
                      std::span<InferOutput> outputs) {
  SinkConstants(graph, id);
  Node& node = graph.nodes[id];
  return Inference(graph, node, options, outputs)
      .Run()
      .WithContext("in " + node.op + " \"" + node.name + "\"");
}

}  // namespace tenon::passes
