// tenon.h: runtimes, their backends, models.
#include "api.h"
#include "inspection.h"

#if defined(__linux__)
#include <sys/auxv.h>
#endif
#include <cstdlib>

using namespace tenon;           // NOLINT
using namespace tenon::session;  // NOLINT

namespace {

// Environment variables do not count in a process with raised privileges.
const char* Environment(const char* name) {
#if defined(__linux__)
  if (getauxval(AT_SECURE) != 0) return nullptr;
#endif
  return std::getenv(name);
}

std::vector<std::string> LayersOf(const tenon_runtime_options& options) {
  std::vector<std::string> layers = Strings(options.layers, options.layer_count);
  const char* environment = options.use_environment != 0 ? Environment("TENON_LAYERS") : nullptr;
  if (!layers.empty() || environment == nullptr) return layers;
  std::string_view rest = environment;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(','), rest.size());
    if (end != 0) layers.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return layers;
}

std::string CacheDirectoryOf(const tenon_runtime_options& options) {
  if (options.cache_directory != nullptr) return options.cache_directory;
  return OrEmpty(options.use_environment != 0 ? Environment("TENON_ARTIFACT_CACHE") : nullptr);
}

backend::Discovery WhereOf(tenon_discovery discovery) {
  switch (discovery) {
    case TENON_DISCOVER_NONE:
      return backend::Discovery::kNone;
    case TENON_DISCOVER_SYSTEM:
      return backend::Discovery::kSystem;
    default:
      return backend::Discovery::kBundled;
  }
}

const char* Keep(tenon_runtime* runtime, std::string text) {
  return runtime->texts.emplace_back(std::make_unique<std::string>(std::move(text)))->c_str();
}

void AddInfo(tenon_runtime* runtime, const FoundBackend& row) {
  auto info = std::make_unique<tenon_backend_info>();
  info->struct_size = sizeof *info;
  info->code = static_cast<tenon_code>(row.why.code());
  info->refusal = Keep(runtime, std::string(row.why.message()));
  info->name = Keep(runtime, row.manifest.name);
  info->version = "";
  info->vendor = Keep(runtime, row.manifest.vendor);
  info->library_path = Keep(runtime, row.manifest.library_path);
  info->manifest_path = Keep(runtime, row.manifest.manifest_path);
  if (row.loaded) {
    backend::Backend& backend = *row.loaded;
    auto& devices =
        runtime->devices.emplace_back(std::make_unique<std::vector<const tenon_device_info*>>());
    for (const auto& device : backend.devices()) devices->push_back(&device->info());
    info->name = backend.name().c_str();
    info->version = backend.version().c_str();
    info->vendor = backend.vendor().c_str();
    info->abi_minor = backend.abi_minor();
    info->kernel_count = static_cast<uint32_t>(backend.descriptors().size());
    info->compiles = backend.compile() != nullptr;
    info->devices = devices->data();
    info->device_count = static_cast<uint32_t>(devices->size());
    info->options = backend.options().data();
    info->option_count = static_cast<uint32_t>(backend.options().size());
    info->operator_count = static_cast<uint32_t>(backend.operators().size());
    info->kernels = backend.descriptors().data();
    auto& left_out = runtime->left_out.emplace_back(std::make_unique<std::vector<const char*>>());
    for (const std::string& line : backend.left_out()) left_out->push_back(line.c_str());
    info->left_out = left_out->data();
    info->left_out_count = static_cast<uint32_t>(left_out->size());
  }
  runtime->list.push_back(info.get());
  runtime->infos.push_back(std::move(info));
}

model::ImportOptions ToLimits(const tenon_limits* limits) {
  const tenon_limits given = ReadStruct(limits);
  model::ImportOptions out;
  if (given.max_depth != 0) out.max_depth = given.max_depth;
  if (given.max_model_bytes != 0) out.max_model_bytes = given.max_model_bytes;
  if (given.max_tensor_bytes != 0) out.max_tensor_bytes = given.max_tensor_bytes;
  if (given.max_nodes != 0) {
    out.max_nodes = given.max_nodes;
    out.max_expanded_nodes = std::min(out.max_expanded_nodes, given.max_nodes);
  }
  out.data_folder = OrEmpty(given.data_folder);
  out.copy_files = given.copy_files != 0;
  return out;
}

Status GiveModel(Result<std::shared_ptr<const Model>> model, tenon_model** out_model) {
  if (!model.ok()) return std::move(model).status();
  *out_model = new tenon_model{std::move(model).value()};
  return Status();
}

}  // namespace

tenon_status tenon_runtime_create(const tenon_runtime_options* options,
                                  tenon_runtime** out_runtime) {
  return Guard([&] {
    TENON_REQUIRE(out_runtime);
    const tenon_runtime_options given = ReadStruct(options);
    RuntimeOptions made;
    made.discovery.where = WhereOf(given.discovery);
    made.discovery.files = Strings(given.backend_files, given.backend_file_count);
    made.discovery.use_environment = given.use_environment != 0;
    made.layers = LayersOf(given);
    made.threads = given.threads;
    made.cache_directory = CacheDirectoryOf(given);
    made.unload = given.unload_backends != 0;
    if (given.log != nullptr) {
      made.log = [log = given.log, context = given.log_context, least = given.log_level](
                     tenon_log_level level, std::string_view message) {
        if (level >= least) log(context, level, std::string(message).c_str());
      };
    }
    if (given.backends_only == 0) model::RegisterSchemas();
    auto runtime = std::make_unique<tenon_runtime>();
    runtime->impl = std::make_shared<Runtime>(std::move(made));
    *out_runtime = runtime.release();
    return Status();
  });
}

void tenon_runtime_release(tenon_runtime* runtime) { delete runtime; }
uint32_t tenon_runtime_threads(const tenon_runtime* runtime) { return runtime->impl->threads(); }

tenon_status tenon_runtime_backends(tenon_runtime* runtime,
                                    const tenon_backend_info* const** out_infos,
                                    uint32_t* out_count) {
  return Guard([&] {
    TENON_REQUIRE(runtime);
    const auto& rows = runtime->impl->backends();
    std::lock_guard lock(runtime->mutex);
    if (runtime->list.empty()) {
      for (const FoundBackend& row : rows) AddInfo(runtime, row);
    }
    *out_infos = runtime->list.data();
    *out_count = static_cast<uint32_t>(runtime->list.size());
    return Status();
  });
}

tenon_status tenon_runtime_violations(tenon_runtime* runtime, tenon_blob** out_blob) {
  return Guard([&] {
    TENON_REQUIRE(runtime);
    std::string text;
    for (const std::string& line : runtime->impl->Violations()) text += line + "\n";
    return MakeBlob(std::move(text), out_blob);
  });
}

tenon_status tenon_model_open_file(tenon_runtime* runtime, const char* path,
                                   const tenon_limits* limits, tenon_model** out_model) {
  return Guard([&] {
    TENON_REQUIRE(runtime);
    TENON_REQUIRE(path);
    return GiveModel(Model::OpenFile(runtime->impl, path, ToLimits(limits)), out_model);
  });
}

tenon_status tenon_model_open_memory(tenon_runtime* runtime, const void* data, uint64_t size,
                                     int32_t keep, const tenon_limits* limits,
                                     tenon_model** out_model) {
  return Guard([&] {
    TENON_REQUIRE(runtime);
    if (size != 0) TENON_REQUIRE(data);
    return GiveModel(Model::OpenMemory(runtime->impl, data, size, keep != 0, ToLimits(limits)),
                     out_model);
  });
}

void tenon_model_release(tenon_model* model) { delete model; }

void tenon_model_inputs(const tenon_model* model, const tenon_value_info* const** out_infos,
                        uint32_t* out_count) {
  *out_infos = model->impl->inputs().infos().data();
  *out_count = static_cast<uint32_t>(model->impl->inputs().infos().size());
}
void tenon_model_outputs(const tenon_model* model, const tenon_value_info* const** out_infos,
                         uint32_t* out_count) {
  *out_infos = model->impl->outputs().infos().data();
  *out_count = static_cast<uint32_t>(model->impl->outputs().infos().size());
}
void tenon_model_metadata(const tenon_model* model, const char* const** out_pairs,
                          uint32_t* out_count) {
  *out_pairs = model->impl->metadata().pairs().data();
  *out_count = static_cast<uint32_t>(model->impl->metadata().pairs().size() / 2);
}
tenon_status tenon_model_inspect(tenon_model* model, tenon_format format, tenon_blob** out_blob) {
  return Guard([&] {
    TENON_REQUIRE(model);
    return MakeBlob(InspectModel(*model->impl, "imported", {}, format), out_blob);
  });
}

tenon_status tenon_backend_probe(const char* path) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(path);
    if (!std::string_view(path).ends_with(".json")) return backend::Probe(path);
    TENON_ASSIGN(const backend::Manifest manifest, backend::ReadManifest(path));
    return backend::Probe(manifest.library_path);
  });
}
