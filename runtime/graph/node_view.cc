#include <algorithm>

#include "tenon/graph/graph.h"

namespace tenon::graph {
namespace {

struct Viewer {
  AttributeView& view;
  void operator()(int64_t value) const {
    view.kind = AttributeView::Kind::kInt;
    view.i = value;
  }
  void operator()(float value) const {
    view.kind = AttributeView::Kind::kFloat;
    view.f = value;
  }
  void operator()(const std::string& value) const {
    view.kind = AttributeView::Kind::kString;
    view.s = value;
  }
  void operator()(const std::vector<int64_t>& values) const {
    view.kind = AttributeView::Kind::kInts;
    view.ints = values;
  }
  void operator()(const std::vector<float>& values) const {
    view.kind = AttributeView::Kind::kFloats;
    view.floats = values;
  }
  void operator()(const std::vector<std::string>& values) const {
    view.kind = AttributeView::Kind::kStrings;
    view.strings = values;
  }
  void operator()(const Constant& value) const {
    view.kind = AttributeView::Kind::kTensor;
    view.tensor = View(value);
  }
  void operator()(const Subgraph&) const {}
};

}  // namespace

TensorView View(const Constant& constant) {
  const std::byte* data = constant.blob ? constant.blob->data : nullptr;
  return {constant.type, constant.shape, const_cast<std::byte*>(data)};
}

NodeViewHolder::NodeViewHolder(const Node& node) {
  attributes_.reserve(node.attributes.size());
  for (const Attribute& attribute : node.attributes) {
    if (std::holds_alternative<Subgraph>(attribute.value)) continue;
    AttributeView view;
    view.name = attribute.name;
    std::visit(Viewer{view}, attribute.value);
    attributes_.push_back(view);
  }
  view_.domain = node.domain;
  view_.op = node.op;
  view_.name = node.name;
  view_.revision = node.revision;
  view_.attributes = attributes_;
}

Subgraph::Subgraph(Graph graph) : graph_(std::make_unique<Graph>(std::move(graph))) {}
Subgraph::Subgraph(const Subgraph& other) : graph_(std::make_unique<Graph>(*other.graph_)) {}
Subgraph::Subgraph(Subgraph&&) noexcept = default;
Subgraph& Subgraph::operator=(Subgraph other) noexcept {
  graph_ = std::move(other.graph_);
  return *this;
}
Subgraph::~Subgraph() = default;

namespace {

template <typename N, typename G>
std::vector<G*> ListSubgraphs(N& node) {
  std::vector<std::pair<std::string_view, G*>> found;
  for (auto& attribute : node.attributes) {
    auto* subgraph = std::get_if<Subgraph>(&attribute.value);
    if (subgraph != nullptr) found.emplace_back(attribute.name, &**subgraph);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    const bool first = a.first == "then_branch", second = b.first == "then_branch";
    return first != second ? first : a.first < b.first;
  });
  std::vector<G*> list;
  for (const auto& [name, graph] : found) list.push_back(graph);
  return list;
}

}  // namespace

std::vector<Graph*> Node::Subgraphs() { return ListSubgraphs<Node, Graph>(*this); }
std::vector<const Graph*> Node::Subgraphs() const {
  return ListSubgraphs<const Node, const Graph>(*this);
}

const Attribute* Node::Find(std::string_view attribute) const {
  for (const Attribute& candidate : attributes) {
    if (candidate.name == attribute) return &candidate;
  }
  return nullptr;
}

}  // namespace tenon::graph
