// A graph at one stage: as a dump, as a summary, or as a model.
#include <map>
#include <nlohmann/json.hpp>

#include "model.h"
#include "tenon/operators/operator.h"

namespace tenon::session {
namespace {

using Json = nlohmann::ordered_json;

Json DimsJson(const graph::Graph& graph, const Shape& shape) {
  Json dims = Json::array();
  for (int64_t dim : shape.dims()) {
    if (dim >= 0) {
      dims.push_back(dim);
    } else if (dim == kUnknownDim) {
      dims.push_back(nullptr);
    } else {
      dims.push_back(graph.symbols[SymbolId(dim)]);
    }
  }
  return shape.has_rank() ? dims : Json();
}

Json ValuesJson(const graph::Graph& graph, const std::vector<graph::ValueId>& values) {
  Json out = Json::array();
  for (graph::ValueId id : values) {
    const graph::Value& value = graph.values[id];
    out.push_back({{"name", value.name},
                   {"dtype", DataTypeName(value.type)},
                   {"shape", DimsJson(graph, value.shape)}});
  }
  return out;
}

// FLOPs and bytes of a node; false where its shapes are not all known.
bool CostOf(const graph::Graph& graph, const graph::Node& node, operators::Cost* out) {
  if (node.definition == nullptr) return false;
  std::vector<operators::InferInput> inputs;
  std::vector<operators::InferOutput> outputs;
  double bytes = 0, elements = 0;
  for (graph::ValueId id : node.inputs) {
    auto& input = inputs.emplace_back();
    if (id == graph::kNone) continue;
    const graph::Value& value = graph.values[id];
    if (!value.shape.IsStatic()) return false;
    input = {true, value.type, value.shape, nullptr};
    bytes += static_cast<double>(value.shape.ElementCount()) * BitWidth(value.type) / 8;
  }
  for (graph::ValueId id : node.outputs) {
    auto& output = outputs.emplace_back();
    if (id == graph::kNone) continue;
    const graph::Value& value = graph.values[id];
    if (!value.shape.IsStatic()) return false;
    output = {value.type, value.shape};
    elements += static_cast<double>(value.shape.ElementCount());
    bytes += static_cast<double>(value.shape.ElementCount()) * BitWidth(value.type) / 8;
  }
  if (node.definition->cost == nullptr) {
    *out = {elements, bytes};
  } else {
    const graph::NodeViewHolder view(node);
    *out = node.definition->cost(view.view(), inputs, outputs);
  }
  return true;
}

std::string Summary(const graph::Graph& graph, std::string_view stage) {
  std::map<std::string, int> operator_counts;
  double flops = 0, bytes = 0;
  int without_cost = 0;
  for (const graph::Node& node : graph.nodes) {
    ++operator_counts[(node.domain.empty() ? "" : node.domain + ".") + node.op];
    operators::Cost cost;
    if (CostOf(graph, node, &cost)) {
      flops += cost.flops;
      bytes += cost.bytes;
    } else {
      ++without_cost;
    }
  }
  int64_t parameters = 0;
  uint64_t parameter_bytes = 0;
  for (const graph::Value& value : graph.values) {
    if (!value.constant) continue;
    parameters += value.constant->shape.ElementCount();
    parameter_bytes += value.constant->blob ? value.constant->blob->size : 0;
  }
  Json opsets = Json::object();
  for (const auto& [domain, version] : graph.opsets) opsets[domain] = version;
  const Json out = {{"version", 1},
                    {"stage", stage},
                    {"name", graph.name},
                    {"inputs", ValuesJson(graph, graph.inputs)},
                    {"outputs", ValuesJson(graph, graph.outputs)},
                    {"symbols", graph.symbols},
                    {"opsets", opsets},
                    {"metadata", Json(graph.metadata)},
                    {"node_count", graph.nodes.size()},
                    {"operators", operator_counts},
                    {"parameters", parameters},
                    {"parameter_bytes", parameter_bytes},
                    {"flops", flops},
                    {"bytes", bytes},
                    {"nodes_without_cost", without_cost}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<std::string> InspectGraph(const graph::Graph& graph, std::string_view stage,
                                 tenon_format format) {
  switch (format) {
    case TENON_FORMAT_TEXT:
      return graph.Dump();
    case TENON_FORMAT_JSON:
      return Summary(graph, stage);
    case TENON_FORMAT_ONNX:
      return model::Export(graph);
    default:
      return Status(Code::kInvalidArgument, "there is no format " + std::to_string(format));
  }
}

}  // namespace tenon::session
