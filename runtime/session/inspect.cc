// A graph at one stage: as a dump, as a summary, or as a model.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "inspection.h"
#include "tenon/graph/file.h"

namespace tenon::session {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kLargest = 10;

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
                   {"kind", ValueKindName(value.kind)},
                   {"dtype", DataTypeName(value.type)},
                   {"shape", DimsJson(graph, value.shape)}});
  }
  return out;
}

// Symbols with the places in inputs that they come from; without one, the first value that has it.
Json SymbolsJson(const graph::Graph& graph) {
  Json out = Json::array();
  const auto places_in = [&](const graph::Value& value, uint32_t symbol, Json* places) {
    for (int axis = 0; axis < value.shape.rank(); ++axis) {
      if (value.shape[axis] == SymbolDim(symbol))
        places->push_back(value.name + "[" + std::to_string(axis) + "]");
    }
  };
  for (uint32_t s = 0; s < graph.symbols.size(); ++s) {
    Json places = Json::array();
    for (graph::ValueId v : graph.inputs) places_in(graph.values[v], s, &places);
    const bool from_input = !places.empty();
    for (size_t v = 0; places.empty() && v < graph.values.size(); ++v)
      places_in(graph.values[v], s, &places);
    if (places.empty()) continue;  // a size was given
    out.push_back(
        {{"name", graph.symbols[s]}, {"of_input", from_input}, {"places", std::move(places)}});
  }
  return out;
}

// Nodes of all graphs, and constants of them, each once.
struct Contents {
  struct Operator {
    int nodes = 0, unknown = 0;
    double flops = 0, bytes = 0;
  };
  std::map<std::pair<std::string, std::string>, Operator> operators;
  std::vector<std::pair<std::string, const graph::Constant*>> constants;
  std::unordered_set<const void*> seen;
  size_t subgraphs = 0, subgraph_nodes = 0, depth = 0;

  void Add(const graph::Graph& graph, const std::string& path, size_t level,
           const GraphWork& work) {
    for (const graph::Value& value : graph.values) {
      if (value.constant && seen.insert(KeyOf(*value.constant)).second)
        constants.emplace_back(value.name, value.constant.get());
    }
    depth = std::max(depth, level);
    if (level != 0) subgraph_nodes += graph.nodes.size();
    for (const graph::Node& node : graph.nodes) {
      Operator& op = operators[{node.domain, node.op}];
      ++op.nodes;
      const auto cost = work.nodes.find({path, node.name});
      op.unknown += cost == work.nodes.end();
      if (cost != work.nodes.end()) {
        op.flops += cost->second.flops;
        op.bytes += cost->second.bytes;
      }
      const std::vector<const graph::Graph*> inner = node.Subgraphs();
      subgraphs += inner.size();
      for (size_t s = 0; s < inner.size(); ++s)
        Add(*inner[s], placement::SubgraphPath(path, node, s), level + 1, work);
    }
  }

  // A constant that sank into a subgraph shares its bytes.
  static const void* KeyOf(const graph::Constant& constant) {
    return constant.blob && constant.blob->data ? static_cast<const void*>(constant.blob->data)
                                                : &constant;
  }
};

Json OperatorsJson(const Contents& contents) {
  std::vector<std::pair<std::pair<std::string, std::string>, Contents::Operator>> list(
      contents.operators.begin(), contents.operators.end());
  std::ranges::stable_sort(list, std::greater<>(), [](const auto& entry) {
    return std::pair(entry.second.flops, entry.second.nodes);
  });
  Json out = Json::array();
  for (const auto& [name, op] : list) {
    out.push_back({{"op", name.second},
                   {"domain", name.first},
                   {"nodes", op.nodes},
                   {"flops", op.flops},
                   {"bytes", op.bytes},
                   {"nodes_without_cost", op.unknown}});
  }
  return out;
}

Json ParametersJson(const graph::Graph& graph, Contents* contents) {
  struct Sum {
    uint64_t tensors = 0, elements = 0, bytes = 0;
    void Add(const graph::Constant& constant) {
      ++tensors;
      elements += static_cast<uint64_t>(constant.shape.ElementCount());
      if (constant.blob) bytes += constant.blob->size;
      for (const std::string& text : constant.strings) bytes += text.size();
    }
    Json Out() const { return {{"tensors", tensors}, {"elements", elements}, {"bytes", bytes}}; }
  };
  Sum all;
  std::map<std::string, Sum> types;
  for (const auto& [name, constant] : contents->constants) {
    all.Add(*constant);
    types[std::string(DataTypeName(constant->type))].Add(*constant);
  }
  const auto bytes_of = [](const auto& entry) {
    return entry.second->blob ? entry.second->blob->size : 0;
  };
  std::ranges::stable_sort(contents->constants, std::greater<>(), bytes_of);
  Json out = all.Out();
  out["by_dtype"] = Json::object();
  for (const auto& [type, sum] : types) out["by_dtype"][type] = sum.Out();
  out["largest"] = Json::array();
  for (const auto& entry : contents->constants) {
    if (out["largest"].size() == kLargest) break;
    out["largest"].push_back({{"name", entry.first},
                              {"dtype", DataTypeName(entry.second->type)},
                              {"shape", DimsJson(graph, entry.second->shape)},
                              {"bytes", bytes_of(entry)}});
  }
  return out;
}

Json WorkJson(const GraphWork& work, const Contents& contents) {
  double flops = 0, bytes = 0;
  int unknown = 0;
  for (const auto& [name, op] : contents.operators) {
    flops += op.flops;
    bytes += op.bytes;
    unknown += op.unknown;
  }
  return {{"flops", flops},    {"bytes", bytes},          {"nodes_without_cost", unknown},
          {"dims", work.dims}, {"assumed", work.assumed}, {"problem", work.problem}};
}

Json FileJson(const model::FileFacts& facts) {
  Json functions = Json::array(), external = Json::array();
  for (const auto& function : facts.functions) {
    functions.push_back(
        {{"domain", function.domain}, {"name", function.name}, {"nodes", function.nodes}});
  }
  for (const auto& file : facts.external)
    external.push_back({{"location", file.location}, {"bytes", file.bytes}});
  return {{"bytes", facts.bytes},
          {"ir_version", facts.ir_version},
          {"producer", facts.producer},
          {"producer_version", facts.producer_version},
          {"domain", facts.domain},
          {"model_version", facts.model_version},
          {"documentation", facts.documentation},
          {"functions", std::move(functions)},
          {"external_data", std::move(external)}};
}

std::string Summary(const graph::Graph& graph, std::string_view stage, const Model& model,
                    const GraphWork& work) {
  Contents contents;
  contents.Add(graph, "", 0, work);
  Json opsets = Json::object(), metadata = Json::object();
  for (const auto& [domain, version] : graph.opsets) opsets[domain] = version;
  for (const auto& [key, value] : graph.metadata) metadata[key] = value;
  const Json out = {{"version", 1},
                    {"stage", stage},
                    {"file", FileJson(model.facts())},
                    {"name", graph.name},
                    {"opsets", std::move(opsets)},
                    {"metadata", std::move(metadata)},
                    {"inputs", ValuesJson(graph, graph.inputs)},
                    {"outputs", ValuesJson(graph, graph.outputs)},
                    {"symbols", SymbolsJson(graph)},
                    {"node_count", graph.nodes.size()},
                    {"subgraphs",
                     {{"count", contents.subgraphs},
                      {"nodes", contents.subgraph_nodes},
                      {"depth", contents.depth}}},
                    {"parameters", ParametersJson(graph, &contents)},
                    {"work", WorkJson(work, contents)},
                    {"operators", OperatorsJson(contents)}};
  return out.dump(1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<std::string> InspectGraph(const graph::Graph& graph, std::string_view stage,
                                 const Model& model, const SessionOptions& options,
                                 const ForeignOperators* foreign, tenon_format format) {
  switch (format) {
    case TENON_FORMAT_TEXT:
      return graph.Dump();
    case TENON_FORMAT_JSON:
      return Summary(graph, stage, model, WorkOf(graph, options, foreign));
    case TENON_FORMAT_ONNX:
      return model::Export(graph);
    default:
      return Status(Code::kInvalidArgument, "there is no format " + std::to_string(format));
  }
}

Result<std::string> InspectModel(const Model& model, std::string_view stage,
                                 const SessionOptions& options, tenon_format format) {
  UsedBackends used;
  if (stage == "optimised" || !options.backends.empty()) {
    TENON_ASSIGN(used, LoadBackends(*model.runtime(), options));
  }
  for (const auto& file : model.graph().files) TENON_RETURN_IF_ERROR(file->Check());
  // Wrong names and sizes are refused here, also where the stage needs none.
  graph::Graph graph = model.graph();
  TENON_ASSIGN(const auto sizes, ParseDims(options.dims));
  if (stage == "imported") {
    if (!sizes.empty()) {
      graph::Graph bound = graph;
      TENON_RETURN_IF_ERROR(passes::BindSymbols(bound, sizes));
    }
    return InspectGraph(graph, stage, model, options, used.foreign.get(), format);
  }
  std::optional<graph::Graph> found;
  TENON_RETURN_IF_ERROR(
      Optimise(options, used, &graph, [&](const char* name, const graph::Graph& at) {
        if (name == stage) found = at;
      }));
  if (found) return InspectGraph(*found, stage, model, options, used.foreign.get(), format);
  return Status(Code::kNotFound, "there is no stage \"" + std::string(stage) +
                                     "\" of a model: there are imported, canonical, optimised");
}

}  // namespace tenon::session
