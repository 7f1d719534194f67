#include "segment_export.h"

#include <unordered_map>

#include "tenon/graph/graph.h"
#include "tenon/model/model.h"

namespace tenon::session {
namespace {

// Makes a Graph of a segment again. Constants lend their bytes: the segment outlives the export.
class SegmentReader {
 public:
  graph::Graph Read(const tenon_segment& segment) {
    graph_.name = segment.name;
    for (uint32_t s = 0; s < segment.symbol_count; ++s)
      graph_.symbols.emplace_back(segment.symbols[s]);
    for (uint32_t i = 0; i < segment.input_count; ++i)
      graph_.inputs.push_back(Value(segment.inputs[i]));
    for (uint32_t n = 0; n < segment.node_count; ++n) AddNode(*segment.nodes[n]);
    for (uint32_t o = 0; o < segment.output_count; ++o)
      graph_.outputs.push_back(Value(segment.outputs[o]));
    return std::move(graph_);
  }

 private:
  static Shape ShapeOf(const tenon_value& value) {
    if (value.rank < 0) return Shape::UnknownRank();
    return Shape(std::span(value.dims, static_cast<size_t>(value.rank)));
  }

  static graph::Constant ConstantOf(const tenon_value& value) {
    graph::Constant constant;
    constant.type = static_cast<DataType>(value.dtype);
    constant.shape = ShapeOf(value);
    auto blob = std::make_shared<graph::Blob>();
    blob->data = static_cast<const std::byte*>(value.data);
    blob->size = value.data_bytes;
    constant.blob = std::move(blob);
    return constant;
  }

  graph::ValueId Value(const tenon_value* value) {
    if (value == nullptr) return graph::kNone;
    if (auto found = values_.find(value); found != values_.end()) return found->second;
    graph::Value out;
    out.name = value->name;
    out.type = static_cast<DataType>(value->dtype);
    out.shape = ShapeOf(*value);
    if (value->data != nullptr)
      out.constant = std::make_shared<const graph::Constant>(ConstantOf(*value));
    return values_[value] = graph_.AddValue(std::move(out));
  }

  static graph::Attribute AttributeOf(const tenon_attribute& in) {
    graph::Attribute out;
    out.name = in.name;
    switch (in.kind) {
      case TENON_ATTRIBUTE_INT:
        out.value = in.i;
        break;
      case TENON_ATTRIBUTE_FLOAT:
        out.value = static_cast<float>(in.f);
        break;
      case TENON_ATTRIBUTE_STRING:
        out.value = std::string(in.s, in.s_bytes);
        break;
      case TENON_ATTRIBUTE_INTS:
        out.value = std::vector<int64_t>(in.ints, in.ints + in.count);
        break;
      case TENON_ATTRIBUTE_FLOATS:
        out.value = std::vector<float>(in.floats, in.floats + in.count);
        break;
      case TENON_ATTRIBUTE_STRINGS:
        out.value = std::vector<std::string>(in.strings, in.strings + in.count);
        break;
      case TENON_ATTRIBUTE_TENSOR:
        out.value = ConstantOf(*in.tensor);
        break;
      case TENON_ATTRIBUTE_GRAPH:
        out.value = graph::Subgraph(SegmentReader().Read(*in.graph));
        break;
      default:
        break;
    }
    return out;
  }

  void AddNode(const tenon_node& in) {
    graph::Node node;
    node.name = in.name;
    node.domain = in.domain;
    node.op = in.op;
    node.revision = static_cast<int>(in.revision);
    node.definition = operators::FindOperator(in.domain, in.op);
    for (uint32_t i = 0; i < in.input_count; ++i) node.inputs.push_back(Value(in.inputs[i]));
    for (uint32_t o = 0; o < in.output_count; ++o) node.outputs.push_back(Value(in.outputs[o]));
    for (uint32_t a = 0; a < in.attribute_count; ++a)
      node.attributes.push_back(AttributeOf(*in.attributes[a]));
    graph_.AddNode(std::move(node));
  }

  graph::Graph graph_;
  std::unordered_map<const tenon_value*, graph::ValueId> values_;
};

}  // namespace

Result<std::string> ExportSegment(const tenon_segment* segment, uint32_t opset) {
  model::ExportOptions options;
  options.opset = static_cast<int>(opset);
  return model::Export(SegmentReader().Read(*segment), options);
}

}  // namespace tenon::session
