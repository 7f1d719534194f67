// An imported model: the graph as it came, and what the API tells about it. Immutable; shared by
// its sessions.
#pragma once

#include <memory>

#include "runtime.h"
#include "tenon/graph/graph.h"
#include "tenon/model/model.h"
#include "value_infos.h"

namespace tenon::session {

class Model {
 public:
  static Result<std::shared_ptr<const Model>> OpenFile(std::shared_ptr<Runtime> runtime,
                                                       const std::string& path,
                                                       const model::ImportOptions& limits);
  static Result<std::shared_ptr<const Model>> OpenMemory(std::shared_ptr<Runtime> runtime,
                                                         const void* data, uint64_t size, bool keep,
                                                         const model::ImportOptions& limits);
  Model(std::shared_ptr<Runtime> runtime, graph::Graph graph, model::FileFacts facts,
        uint64_t import_ns);

  const std::shared_ptr<Runtime>& runtime() const { return runtime_; }
  const graph::Graph& graph() const { return graph_; }
  const model::FileFacts& facts() const { return facts_; }
  uint64_t import_ns() const { return import_ns_; }
  const ValueInfos& inputs() const { return inputs_; }
  const ValueInfos& outputs() const { return outputs_; }
  const Metadata& metadata() const { return metadata_; }

 private:
  const std::shared_ptr<Runtime> runtime_;
  const graph::Graph graph_;
  const model::FileFacts facts_;
  const uint64_t import_ns_;
  const ValueInfos inputs_, outputs_;
  const Metadata metadata_;
};

}  // namespace tenon::session
