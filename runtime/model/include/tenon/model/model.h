// ONNX in and out. The only room that sees protobuf and the ONNX library; everything that comes from a file is distrusted.
// Functions are thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tenon/graph/graph.h"

namespace tenon::model {

// What a file says about itself, besides its graph.
struct FileFacts {
  int64_t ir_version = 0, model_version = 0;
  std::string producer, producer_version, domain, documentation;
  struct Function {
    std::string domain, name;
    size_t nodes = 0;
  };
  std::vector<Function> functions;  // of the model's own; calls are expanded
  struct File {
    std::string location;  // as the model says it
    uint64_t bytes = 0;
  };
  std::vector<File> external;  // with weights
  uint64_t bytes = 0;          // of the model's file
};

struct ImportOptions {
  uint64_t max_model_bytes = uint64_t{64} << 30;   // of a file
  uint64_t max_tensor_bytes = uint64_t{32} << 30;  // of one initializer
  uint64_t max_nodes = 1'000'000;
  uint64_t max_expanded_nodes = 100'000;  // of functions, where they are called
  uint32_t max_depth = 32;                // of graphs within attributes, and of functions
  std::set<std::pair<std::string, std::string>>
      custom_operators;          // (domain, name) of backends' own operators
  std::set<std::string> expand;  // operators of the default domain whose function body is wanted
                                 // though Tenon knows them
  std::string data_folder;  // of external data; "": the model file's, none for a model from memory
  bool copy_files = false;  // read into memory, not mapped: they may change afterwards
  FileFacts* facts = nullptr;  // filled where not null
};

// Registers ONNX's operator schemas: once for the process, when the first runtime is created. Import does it where nobody
// has.
void RegisterSchemas();

// Maps the file and those with its external data, which must not change while the graph's constants live (graph/file.h says
// what happens if they do). kNotFound, kDataLoss (truncated, random),
// kInvalidArgument (breaks ONNX's rules) or kUnsupported name the place in the model. Operators stand in the revision of
// the file's opset afterwards; passes::Canonicalise moves them on.
Result<graph::Graph> ImportFile(const std::string& path, const ImportOptions& options = {});
// The bytes stay where they are: `owner` keeps them alive as long as the graph's constants.
Result<graph::Graph> ImportMemory(std::span<const std::byte> bytes,
                                  std::shared_ptr<const void> owner,
                                  const ImportOptions& options = {});

struct ExportOptions {
  // Of the default domain; 0: the oldest from 13 on that has all nodes as they stand, else the oldest that has.
  int opset = 0;
  // metadata_props of a node, by the path of its graph ("" for the model's, "If_3/then_branch") and the node; may be null.
  std::function<std::vector<std::pair<std::string, std::string>>(const std::string&,
                                                                 const graph::Node&)>
      annotate;
};
// The canonical graph as an ONNX model with its weights. Operators of other domains stay as they are.
Result<std::string> Export(const graph::Graph& graph, const ExportOptions& options = {});

// The newest opset of the default domain that import knows.
int NewestOpset();

// What ONNX's schema says about an operator.
struct SchemaArgument {
  std::string name;
  bool optional = false, variadic = false;
  std::vector<std::string> types;  // "tensor(float)", sorted
};
struct SchemaAttribute {
  std::string name;
  const char* type = "";  // "int", "floats" ...
  bool required = false;
  std::string default_value;  // as a model's text would say it; "" where there is none
};
struct SchemaDescription {
  bool function = false;  // has a body of other operators
  std::vector<SchemaArgument> inputs, outputs;
  std::vector<SchemaAttribute> attributes;  // sorted by name
};
// nullopt: the domain has no such operator in that opset.
std::optional<SchemaDescription> DescribeSchema(const std::string& domain, const std::string& name,
                                                int opset);

}  // namespace tenon::model
