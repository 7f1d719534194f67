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
  void operator()(const std::shared_ptr<Graph>&) const {}
};

}  // namespace

TensorView View(const Constant& constant) {
  const std::byte* data = constant.blob ? constant.blob->data : nullptr;
  return {constant.type, constant.shape, const_cast<std::byte*>(data)};
}

NodeViewHolder::NodeViewHolder(const Node& node) {
  attributes_.reserve(node.attributes.size());
  for (const Attribute& attribute : node.attributes) {
    if (std::holds_alternative<std::shared_ptr<Graph>>(attribute.value)) continue;
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

const Attribute* Node::Find(std::string_view attribute) const {
  for (const Attribute& candidate : attributes) {
    if (candidate.name == attribute) return &candidate;
  }
  return nullptr;
}

}  // namespace tenon::graph
