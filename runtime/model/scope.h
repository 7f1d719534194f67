// What names mean in one graph, subgraph or function body while it is imported.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "importer.h"

namespace tenon::model {

// A graph that is being made, with the names that are taken in it.
struct GraphUnderWay {
  graph::Graph graph;
  std::unordered_set<std::string> value_names, node_names;
  // Of a subgraph: values around it, and the inputs through which they come in.
  std::vector<std::pair<graph::ValueId, graph::ValueId>> captures;
  std::unordered_map<graph::ValueId, graph::ValueId> captured;
};

// The call of a function, whose attributes its body refers to.
struct Call {
  const onnx::NodeProto& node;
  const onnx::FunctionProto& function;
};

class Scope {
 public:
  // Of a model's graph, or of a subgraph (`outer` is what is around it).
  Scope(GraphUnderWay& made, const Scope* outer_opsets, Scope* outer)
      : made_(made), outer_(outer), call_(outer != nullptr ? outer->call_ : nullptr) {
    if (outer_opsets != nullptr) opsets_ = outer_opsets->opsets_;
    if (outer != nullptr) prefix_ = outer->prefix_;
  }
  // Of a function's body, in the graph of its caller; `prefix` is for names: "layer_1/".
  Scope(Scope& caller, const Call* call, std::string prefix)
      : made_(caller.made_), call_(call), prefix_(std::move(prefix)) {}

  graph::Graph& graph() { return made_.graph; }
  const GraphUnderWay& made() const { return made_; }
  const Call* call() const { return call_; }
  const std::string& prefix() const { return prefix_; }
  bool is_subgraph() const { return outer_ != nullptr; }

  void SetOpset(const std::string& domain, int version) { opsets_.emplace_back(domain, version); }
  int OpsetOf(const std::string& domain) const;

  // Names that a subgraph defines itself; others are looked up around it.
  void DefinesItself(const std::string& name) { own_.insert(name); }
  // The value that a reader of `name` gets: kNone for a function's input that its caller leaves out.
  graph::ValueId Read(const std::string& name, const std::string& reader);
  // The value that `name` stands for from now on. kInvalidArgument: it stands for one already.
  Result<graph::ValueId> Define(const std::string& name, const std::string& what);
  // A function's argument is the caller's value.
  void Bind(const std::string& name, graph::ValueId id) {
    ids_[name] = id;
    defined_.insert(name);
  }
  // A function's output: what defines `name` makes the caller's value.
  void Promise(const std::string& name, graph::ValueId id) { ids_[name] = id; }
  bool IsDefined(const std::string& name) const { return defined_.contains(name); }
  graph::ValueId Find(const std::string& name) const;
  // Where a value is known by name only: declared, or read before it is made.
  graph::ValueId ValueFor(const std::string& name);
  std::string NodeName(const onnx::NodeProto& node, int index);
  std::string ValueName(const std::string& name);
  // Every value that is read is an input, a constant, or made by a node.
  Status CheckProduced() const;

 private:
  graph::ValueId Capture(const std::string& name, graph::ValueId around);

  GraphUnderWay& made_;
  Scope* outer_ = nullptr;
  const Call* call_ = nullptr;
  std::string prefix_;
  std::vector<std::pair<std::string, int>> opsets_;
  std::unordered_map<std::string, graph::ValueId> ids_;
  std::unordered_set<std::string> own_, defined_;
  std::unordered_map<std::string, std::string> readers_;  // by name: the first node that reads it
};

}  // namespace tenon::model
