#include "expand_functions.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>

#include "tenon/model/model.h"
#include "tenon/operators/operator.h"
#include "tenon/passes/passes.h"

namespace tenon::session {
namespace {

using graph::Graph;
using graph::kNone;
using graph::Node;
using graph::ValueId;

// The operators of the default domain that some backend has a kernel for; nullopt where one takes whole segments, or there
// is none.
std::optional<std::set<std::string>> Offered(const placement::BackendList& backends) {
  if (backends.groups.empty()) return std::nullopt;
  std::set<std::string> offered;
  for (const auto& group : backends.groups) {
    for (const auto& backend : group) {
      if (backend->compile() != nullptr) return std::nullopt;
      for (const tenon_kernel_descriptor* kernel : backend->descriptors()) {
        if (*kernel->domain == '\0') offered.insert(kernel->op);
      }
    }
  }
  return offered;
}

bool IsWanted(const Node& node, const std::set<std::string>& offered) {
  if (node.definition == nullptr || !node.domain.empty() || offered.contains(node.op)) return false;
  if ((node.definition->flags & (operators::kOnHost | operators::kView)) != 0) return false;
  const auto schema = model::DescribeSchema("", node.op, model::NewestOpset());
  return schema && schema->function;
}

// The node in a graph of its own, whose inputs are `captured`: those of the node's that are no constants.
Graph Alone(const Graph& graph, const Node& node, std::vector<ValueId>* captured) {
  Graph alone;
  alone.name = node.name;
  alone.symbols = graph.symbols;
  alone.opsets = graph.opsets;
  std::unordered_map<ValueId, ValueId> ids;
  const auto copy = [&](ValueId id) {
    if (id == kNone) return kNone;
    const auto [found, is_new] = ids.emplace(id, kNone);
    if (is_new) {
      graph::Value value = graph.values[id];
      value.producer = kNone;
      found->second = alone.AddValue(std::move(value));
    }
    return found->second;
  };
  Node inner = node;
  for (ValueId& id : inner.inputs) {
    const bool open = id != kNone && !graph.values[id].constant && !ids.contains(id);
    if (open) captured->push_back(id);
    id = copy(id);
    if (open) alone.inputs.push_back(id);
  }
  for (ValueId& id : inner.outputs) {
    if (id == kNone) continue;
    id = copy(id);
    alone.outputs.push_back(id);
  }
  alone.AddNode(std::move(inner));
  return alone;
}

// The passes put a branch that is always taken in the place of its If: so the body becomes one. False: there is no body
// for these arguments.
Result<bool> Replace(Graph& graph, graph::NodeId id) {
  std::vector<ValueId> captured;
  model::ExportOptions newest;
  newest.opset = model::NewestOpset();
  TENON_ASSIGN(const std::string bytes,
               model::Export(Alone(graph, graph.nodes[id], &captured), newest));
  model::ImportOptions options;
  options.expand = {graph.nodes[id].op};
  auto owner = std::make_shared<std::string>(bytes);
  TENON_ASSIGN(Graph body, model::ImportMemory(std::as_bytes(std::span(*owner)), owner, options));
  const auto same = [&](const Node& inner) { return inner.op == graph.nodes[id].op; };
  if (std::ranges::any_of(body.nodes, same)) return false;
  const bool always = true;
  graph::Value condition;
  condition.name = graph.nodes[id].name + "/always";
  condition.type = DataType::kBool;
  condition.shape = Shape(std::span<const int64_t>());
  condition.constant = passes::MakeConstant(DataType::kBool, condition.shape, &always, 1);
  Node branch;
  branch.op = "If";
  branch.definition = operators::FindOperator("", "If");
  branch.revision = branch.definition->newest().number;
  branch.inputs = {graph.AddValue(std::move(condition))};
  Node& node = graph.nodes[id];
  branch.name = node.name;
  branch.captured = static_cast<uint32_t>(captured.size());
  branch.inputs.insert(branch.inputs.end(), captured.begin(), captured.end());
  std::ranges::copy_if(node.outputs, std::back_inserter(branch.outputs),
                       [](ValueId output) { return output != kNone; });
  branch.attributes = {{"else_branch", graph::Subgraph(body)},
                       {"then_branch", graph::Subgraph(std::move(body))}};
  node = std::move(branch);
  return true;
}

Result<bool> Expand(Graph& graph, const std::set<std::string>& offered) {
  bool changed = false;
  for (graph::NodeId id = 0; id < graph.nodes.size(); ++id) {
    for (Graph* subgraph : graph.nodes[id].Subgraphs()) {
      TENON_ASSIGN(const bool inner, Expand(*subgraph, offered));
      changed |= inner;
    }
    if (!IsWanted(graph.nodes[id], offered)) continue;
    TENON_ASSIGN(const bool replaced, Replace(graph, id));
    changed |= replaced;
  }
  return changed;
}

}  // namespace

Result<bool> ExpandFunctions(Graph& graph, const placement::BackendList& backends) {
  const auto offered = Offered(backends);
  if (!offered) return false;
  return Expand(graph, *offered);
}

}  // namespace tenon::session
