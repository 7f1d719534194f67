#include "model.h"

#include <cstring>
#include <functional>

namespace tenon::session {
namespace {

// Imports; where an operator is unknown, again with the operators that backends bring.
Result<graph::Graph> Import(
    Runtime& runtime, const model::ImportOptions& limits,
    const std::function<Result<graph::Graph>(const model::ImportOptions&)>& import) {
  auto graph = import(limits);
  if (graph.ok() || graph.status().code() != Code::kUnsupported) return graph;
  model::ImportOptions options = limits;
  for (const FoundBackend& row : runtime.backends()) {
    if (!row.loaded) continue;
    for (const tenon_operator* op : row.loaded->operators())
      options.custom_operators.emplace(op->domain, op->name);
  }
  return options.custom_operators.empty() ? std::move(graph) : import(options);
}

}  // namespace

Model::Model(std::shared_ptr<Runtime> runtime, graph::Graph graph, model::FileFacts facts,
             uint64_t import_ns)
    : runtime_(std::move(runtime)),
      graph_(std::move(graph)),
      facts_(std::move(facts)),
      import_ns_(import_ns),
      inputs_(graph_, graph_.inputs),
      outputs_(graph_, graph_.outputs),
      metadata_(graph_) {}

Result<std::shared_ptr<const Model>> Model::OpenFile(std::shared_ptr<Runtime> runtime,
                                                     const std::string& path,
                                                     const model::ImportOptions& limits) {
  const uint64_t begin = backend::ClockNs();
  model::FileFacts facts;
  model::ImportOptions asking = limits;
  asking.facts = &facts;
  TENON_ASSIGN(auto graph, Import(*runtime, asking, [&](const model::ImportOptions& options) {
                 return model::ImportFile(path, options);
               }));
  return std::shared_ptr<const Model>(std::make_shared<Model>(
      std::move(runtime), std::move(graph), std::move(facts), backend::ClockNs() - begin));
}

Result<std::shared_ptr<const Model>> Model::OpenMemory(std::shared_ptr<Runtime> runtime,
                                                       const void* data, uint64_t size, bool keep,
                                                       const model::ImportOptions& limits) {
  const uint64_t begin = backend::ClockNs();
  const auto* bytes = static_cast<const std::byte*>(data);
  std::shared_ptr<const std::vector<std::byte>> owner;
  if (!keep) {
    owner = std::make_shared<const std::vector<std::byte>>(bytes, bytes + size);
    bytes = owner->data();
  }
  model::FileFacts facts;
  model::ImportOptions asking = limits;
  asking.facts = &facts;
  TENON_ASSIGN(auto graph, Import(*runtime, asking, [&](const model::ImportOptions& options) {
                 return model::ImportMemory({bytes, static_cast<size_t>(size)}, owner, options);
               }));
  return std::shared_ptr<const Model>(std::make_shared<Model>(
      std::move(runtime), std::move(graph), std::move(facts), backend::ClockNs() - begin));
}

}  // namespace tenon::session
