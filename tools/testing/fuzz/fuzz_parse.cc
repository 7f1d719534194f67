// The wire scan and the import of a model: any bytes give a graph or a status.
#include <cstdint>
#include <cstdlib>

#include "tenon/model/model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tenon::model::ImportOptions options;
  options.max_nodes = options.max_expanded_nodes = 2000;
  if (const char* folder = std::getenv("TENON_FUZZ_FOLDER")) options.data_folder = folder;
  auto graph = tenon::model::ImportMemory({reinterpret_cast<const std::byte*>(data), size}, nullptr,
                                          options);
  if (!graph.ok() &&
      (graph.status().message().empty() || graph.status().code() == tenon::Code::kInternal)) {
    __builtin_trap();  // Tenon's fault, or no reason
  }
  return 0;
}
