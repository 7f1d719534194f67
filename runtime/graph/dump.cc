#include <cstdio>
#include <sstream>

#include "tenon/graph/graph.h"

namespace tenon::graph {
namespace {

std::string ShapeText(const Graph& graph, const Shape& shape) {
  if (!shape.has_rank()) return "[...]";
  std::string text = "[";
  for (int i = 0; i < shape.rank(); ++i) {
    if (i) text += ", ";
    const int64_t dim = shape[i];
    if (dim >= 0)
      text += std::to_string(dim);
    else if (dim == kUnknownDim || SymbolId(dim) >= graph.symbols.size())
      text += "?";
    else
      text += graph.symbols[SymbolId(dim)];
  }
  return text + "]";
}

std::string ValueText(const Graph& graph, ValueId id, bool with_type) {
  if (id == kNone) return "-";
  const Value& value = graph.values[id];
  std::string text(1, value.constant ? '@' : '%');
  text += value.name;
  if (with_type || value.constant) {
    const std::string type = std::string(DataTypeName(value.type)) + ShapeText(graph, value.shape);
    text += ":";
    text += value.kind == ValueKind::kTensor
                ? type
                : std::string(ValueKindName(value.kind)) + "(" + type + ")";
  }
  return text;
}

std::string Indented(const std::string& text) {
  std::string indented;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    indented += "    " + text.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return indented;
}

template <typename T>
std::string ListText(const std::vector<T>& values) {
  std::ostringstream text;
  text << '[';
  for (size_t i = 0; i < values.size(); ++i) text << (i ? ", " : "") << values[i];
  text << ']';
  return std::move(text).str();
}

struct AttributeText {
  std::string operator()(int64_t value) const { return std::to_string(value); }
  std::string operator()(float value) const {
    char text[32];
    std::snprintf(text, sizeof text, "%g", static_cast<double>(value));
    return text;
  }
  std::string operator()(const std::string& value) const {
    return std::string(1, '"') + value + '"';
  }
  std::string operator()(const std::vector<int64_t>& values) const { return ListText(values); }
  std::string operator()(const std::vector<float>& values) const { return ListText(values); }
  std::string operator()(const std::vector<std::string>& values) const { return ListText(values); }
  std::string operator()(const Constant& value) const {
    return std::string(DataTypeName(value.type)) + value.shape.ToString();
  }
  std::string operator()(const Subgraph&) const { return "graph"; }
};

std::string Join(const Graph& graph, const std::vector<ValueId>& ids, bool with_type) {
  std::string text;
  for (ValueId id : ids) text += (text.empty() ? "" : ", ") + ValueText(graph, id, with_type);
  return text;
}

}  // namespace

std::string Graph::Dump() const {
  std::string text = "graph " + name + " (" + Join(*this, inputs, true) + ") -> (" +
                     Join(*this, outputs, true) + ")\n";
  for (const Node& node : nodes) {
    text += "  " + Join(*this, node.outputs, true) + " = " +
            (node.domain.empty() ? "" : node.domain + ".") + node.op + "." +
            std::to_string(node.revision) + " \"" + node.name + "\" (" +
            Join(*this, node.inputs, false) + ")";
    if (!node.attributes.empty()) {
      std::string attributes;
      for (const Attribute& attribute : node.attributes) {
        attributes += (attributes.empty() ? "" : ", ") + attribute.name + "=" +
                      std::visit(AttributeText{}, attribute.value);
      }
      text += " {" + attributes + "}";
    }
    text += "\n";
    for (const Graph* subgraph : node.Subgraphs()) text += Indented(subgraph->Dump());
  }
  return text;
}

}  // namespace tenon::graph
