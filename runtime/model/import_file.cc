#include <fcntl.h>
#include <google/protobuf/arena.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "importer.h"

namespace tenon::model {
namespace {

FileFacts FactsOf(const onnx::ModelProto& model, const Source& source) {
  FileFacts facts;
  facts.ir_version = model.ir_version();
  facts.model_version = model.model_version();
  facts.producer = model.producer_name();
  facts.producer_version = model.producer_version();
  facts.domain = model.domain();
  facts.documentation = model.doc_string();
  for (const onnx::FunctionProto& function : model.functions()) {
    facts.functions.push_back(
        {function.domain(), function.name(), static_cast<size_t>(function.node_size())});
  }
  for (const auto& [location, file] : source.external->by_location())
    facts.external.push_back({location, file->bytes().size()});
  facts.bytes = source.bytes.size();
  return facts;
}

Result<graph::Graph> Parse(Source source, const ImportOptions& options) {
  if (source.bytes.empty()) return Status(Code::kDataLoss, "the model is empty (0 bytes)");
  if (source.bytes.size() > options.max_model_bytes) {
    return Status(Code::kInvalidArgument, "the model has " + std::to_string(source.bytes.size()) +
                                              " bytes, the limit is " +
                                              std::to_string(options.max_model_bytes));
  }
  TENON_ASSIGN(StrippedModel stripped, StripModel(source.bytes, options.max_depth));
  if (stripped.proto.size() > INT_MAX) {
    return Status(Code::kUnsupported, "the model has more than 2 GB besides its tensors' raw data");
  }
  // On an arena: protobuf's parser loses what it holds when memory ends.
  google::protobuf::Arena arena;
  auto& model = *google::protobuf::Arena::CreateMessage<onnx::ModelProto>(&arena);
  if (!model.ParseFromArray(stripped.proto.data(), static_cast<int>(stripped.proto.size()))) {
    return Status(Code::kDataLoss, "not an ONNX model: protobuf can't parse it");
  }
  source.raw = std::move(stripped.raw);
  TENON_ASSIGN(graph::Graph graph, ImportModel(model, source, options));
  if (source.file) graph.files.push_back(source.file);
  if (options.facts != nullptr) *options.facts = FactsOf(model, source);
  const auto& external = source.external->files();
  graph.files.insert(graph.files.end(), external.begin(), external.end());
  for (const auto& file : graph.files) TENON_RETURN_IF_ERROR(file->Check());
  return graph;
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<graph::Graph> OpenAndParse(const std::string& path, const ImportOptions& options) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) {
    return Status(errno == ENOENT ? Code::kNotFound : Code::kIo,
                  path + ": can't be opened: " + std::strerror(errno));
  }
  Source source;
  TENON_ASSIGN(source.file,
               graph::File::Adopt(descriptor, path, options.max_model_bytes, options.copy_files));
  source.bytes = source.file->bytes();
  if (source.bytes.empty()) return Status(Code::kDataLoss, path + ": the file is empty");
  ExternalFiles external(options.data_folder.empty() ? FolderOf(path) : options.data_folder,
                         options);
  source.external = &external;
  Result<graph::Graph> graph = Parse(std::move(source), options);
  if (graph.ok()) return graph;
  return std::move(graph).status().WithContext(path);
}

}  // namespace

Result<graph::Graph> ImportFile(const std::string& path, const ImportOptions& options) {
  return Caught([&] { return OpenAndParse(path, options); });
}

Result<graph::Graph> ImportMemory(std::span<const std::byte> bytes,
                                  std::shared_ptr<const void> owner, const ImportOptions& options) {
  return Caught([&]() -> Result<graph::Graph> {
    ExternalFiles external(options.data_folder, options);
    Source source;
    source.bytes = bytes;
    source.owner = std::move(owner);
    source.external = &external;
    return Parse(std::move(source), options);
  });
}

}  // namespace tenon::model
