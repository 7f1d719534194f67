#include "matcher.h"

#include <algorithm>

#include "tenon/passes/passes.h"

namespace tenon::placement {

Matcher::Matcher(backend::Device& device, tenon_numerics numerics)
    : device_(&device), numerics_(numerics) {
  for (const tenon_kernel_descriptor* kernel : device.backend().descriptors()) {
    kernels_[{kernel->domain, kernel->op}].push_back(kernel);
  }
}

std::vector<Match> Matcher::Find(const graph::Graph& graph, graph::NodeId id,
                                 std::vector<Refusal>* refusals) const {
  const graph::Node& node = graph.nodes[id];
  const std::string& backend = device_->backend().name();
  std::vector<Match> matches;
  const auto found = kernels_.find({node.domain, node.op});
  if (found == kernels_.end()) {
    const std::string name = node.domain.empty() ? node.op : node.domain + "." + node.op;
    if (refusals)
      refusals->push_back({backend, "", TENON_REASON_OPERATOR,
                           "operator: there is no kernel for " + name + LeftOut()});
    return matches;
  }
  Revisions revisions;
  for (const tenon_kernel_descriptor* kernel : found->second) {
    Match match{kernel, nullptr};
    Refusal refusal{backend, kernel->name, TENON_REASON_OTHER, ""};
    if (Try(*kernel, graph, id, &revisions, &match, &refusal)) {
      matches.push_back(std::move(match));
    } else if (refusals) {
      refusals->push_back(std::move(refusal));
    }
  }
  return matches;
}

// What may be why the backend lacks an operator.
std::string Matcher::LeftOut() const {
  std::string text;
  for (const std::string& line : device_->backend().left_out())
    text += (text.empty() ? " (" : "; ") + line;
  return text.empty() ? text : text + ")";
}

bool Matcher::Try(const tenon_kernel_descriptor& kernel, const graph::Graph& graph,
                  graph::NodeId id, Revisions* revisions, Match* out_match, Refusal* out) const {
  const graph::Graph* where = &graph;
  graph::NodeId at = id;
  const int revision = graph.nodes[id].revision;
  if (revision < static_cast<int>(kernel.revision_min) ||
      revision > static_cast<int>(kernel.revision_max)) {
    const int target = NewestRevision(graph.nodes[id], kernel.revision_min, kernel.revision_max);
    out->reason = TENON_REASON_REVISION;
    out->message = "revision: got " + std::to_string(revision) + ", wants " +
                   std::to_string(kernel.revision_min) + " to " +
                   std::to_string(kernel.revision_max);
    if (target == 0 || target > revision) return false;
    auto rewritten = revisions->find(target);
    if (rewritten == revisions->end())
      rewritten = revisions->emplace(target, RewriteAlone(graph, id, target)).first;
    if (!rewritten->second.ok()) {
      out->message +=
          ", and it can't be said there: " + std::string(rewritten->second.status().message());
      return false;
    }
    out_match->rewritten = rewritten->second.value();
    where = &out_match->rewritten->graph;
    at = out_match->rewritten->node;
  }
  const graph::Node& node = where->nodes[at];
  if (node.op != kernel.op || node.domain != kernel.domain)
    return false;  // the rule made another operator of it
  if (!DescriptorTakes(*device_, numerics_, kernel, *where, node, out)) return false;
  if (kernel.supports == nullptr) return true;
  AbiValues values(*where);
  for (size_t i = node.inputs.size(); i-- > 0;) {
    if (node.inputs[i] != graph::kNone)
      values.Mutable(node.inputs[i])->layout = InputLayout(kernel, i);
  }
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    if (node.outputs[o] != graph::kNone)
      values.Mutable(node.outputs[o])->layout = OutputLayout(kernel, o);
  }
  const AbiNode view(node, values);
  out->reason = TENON_REASON_OTHER;
  const Status status = device_->backend().Call(
      "kernel.supports",
      [&] {
        return kernel.supports(&kernel, device_->backend().handle(), device_->handle(),
                               view.node());
      },
      &out->reason);
  if (!status.ok()) out->message = status.message();
  return status.ok();
}

int NewestRevision(const graph::Node& node, uint32_t min, uint32_t max) {
  int newest = 0;
  if (node.definition == nullptr) return newest;
  for (const operators::Revision& revision : node.definition->revisions) {
    const auto number = static_cast<uint32_t>(revision.number);
    if (number >= min && number <= max) newest = revision.number;
  }
  return newest;
}

namespace {

bool IsUsed(const graph::Graph& graph, graph::ValueId value) {
  if (std::ranges::find(graph.outputs, value) != graph.outputs.end()) return true;
  return std::ranges::any_of(graph.nodes, [&](const graph::Node& node) {
    return std::ranges::find(node.inputs, value) != node.inputs.end();
  });
}

}  // namespace

Result<std::shared_ptr<const Rewritten>> RewriteAlone(const graph::Graph& graph, graph::NodeId id,
                                                      int revision) {
  auto alone = std::make_shared<Rewritten>();
  graph::Graph& part = alone->graph;
  part.symbols = graph.symbols;
  graph::Node node = graph.nodes[id];
  auto bring = [&](graph::ValueId v) {
    if (v == graph::kNone) return v;
    const auto known = std::ranges::find(alone->values, v);
    if (known != alone->values.end())
      return static_cast<graph::ValueId>(known - alone->values.begin());
    graph::Value value = graph.values[v];
    value.producer = graph::kNone;
    alone->values.push_back(v);
    return part.AddValue(std::move(value));
  };
  for (graph::ValueId& v : node.inputs) v = bring(v);
  for (graph::ValueId v : node.inputs) {
    if (v == graph::kNone || part.values[v].constant) continue;
    if (std::ranges::find(part.inputs, v) == part.inputs.end()) part.inputs.push_back(v);
  }
  const bool single = node.outputs.size() == 1;
  for (graph::ValueId& v : node.outputs) {
    if (v == graph::kNone) continue;
    const bool used = single || IsUsed(graph, v);
    v = bring(v);
    if (used) part.outputs.push_back(v);
  }
  const std::string name = node.name;
  part.AddNode(std::move(node));
  TENON_RETURN_IF_ERROR(passes::RewriteTo(part, 0, revision));
  passes::Options options;
  options.fold = false;
  TENON_RETURN_IF_ERROR(passes::InferShapes(part, options));
  const auto self = std::ranges::find(part.nodes, name, &graph::Node::name);
  if (self == part.nodes.end()) return Status(Code::kInternal, "rewriting lost the node");
  alone->node = static_cast<graph::NodeId>(self - part.nodes.begin());
  return std::shared_ptr<const Rewritten>(std::move(alone));
}

}  // namespace tenon::placement
