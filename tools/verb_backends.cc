// tenon backends: which backends were found, loaded or refused, and what they offer.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "files.h"
#include "kernel_text.h"
#include "session_flags.h"
#include "table.h"
#include "verb_backends_new.h"
#include "verbs.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* kOptionKinds[] = {"string", "int", "bool", "choice"};

std::vector<std::string> ChoicesOf(const tenon_option& option) {
  return {option.choices, option.choices + option.choice_count};
}

Json ToJson(const tenon_backend_info& info) {
  Json json = {{"name", info.name},
               {"version", info.version},
               {"vendor", info.vendor},
               {"library", info.library_path},
               {"manifest", info.manifest_path},
               {"loaded", info.code == TENON_OK}};
  if (info.code != TENON_OK) {
    json["code"] = tenon_code_name(info.code);
    json["refusal"] = info.refusal;
    return json;
  }
  json["abi"] = fmt::format("{}.{}", TENON_ABI_MAJOR, info.abi_minor);
  json["kernels"] = info.kernel_count;
  json["kernel_list"] = Json::array();
  for (uint32_t i = 0; i < info.kernel_count; ++i) {
    const tenon_kernel_descriptor& kernel = *info.kernels[i];
    json["kernel_list"].push_back({{"name", kernel.name},
                                   {"op", QualifiedName(kernel.domain, kernel.op)},
                                   {"revision_min", kernel.revision_min},
                                   {"revision_max", kernel.revision_max},
                                   {"types", InputTypes(kernel)}});
  }
  json["left_out"] = Json::array();
  for (uint32_t i = 0; i < info.left_out_count; ++i) json["left_out"].push_back(info.left_out[i]);
  json["compiles"] = info.compiles != 0;
  json["devices"] = Json::array();
  for (uint32_t i = 0; i < info.device_count; ++i) {
    const tenon_device_info& device = *info.devices[i];
    Json memory = Json::array();
    for (uint32_t k = 0; k < device.memory_kind_count; ++k)
      memory.push_back(device.memory_kinds[k]->name);
    json["devices"].push_back({{"id", device.id},
                               {"name", device.name},
                               {"kind", device.kind == TENON_DEVICE_HOST ? "host" : "accelerator"},
                               {"memory", memory},
                               {"gflops", device.gflops},
                               {"gbytes", device.gbytes}});
  }
  json["options"] = Json::array();
  for (uint32_t i = 0; i < info.option_count; ++i) {
    const tenon_option& option = *info.options[i];
    json["options"].push_back({{"name", option.name},
                               {"kind", kOptionKinds[option.kind > 3 ? 0 : option.kind]},
                               {"default", option.default_value ? option.default_value : ""},
                               {"choices", ChoicesOf(option)},
                               {"description", option.description ? option.description : ""}});
  }
  return json;
}

std::string DevicesOf(const tenon_backend_info& info) {
  std::string devices;
  for (uint32_t i = 0; i < info.device_count; ++i)
    devices += fmt::format("{}{}", i ? ", " : "", info.devices[i]->name);
  return devices;
}

// What was loaded as a table, then what was refused, and why.
void PrintList(std::span<const tenon_backend_info* const> infos) {
  Table table({"backend", "version", "abi", "kernels", "compiles", "devices", "library"},
              "lllrlll");
  for (const tenon_backend_info* info : infos) {
    if (info->code != TENON_OK) continue;
    table.Add({info->name, info->version, fmt::format("{}.{}", TENON_ABI_MAJOR, info->abi_minor),
               fmt::format("{}", info->kernel_count), info->compiles ? "yes" : "", DevicesOf(*info),
               info->library_path});
  }
  if (!table.empty()) fmt::print("{}", table.Text());
  if (infos.empty()) fmt::print("no backend was found\n");
  for (const tenon_backend_info* info : infos) {
    if (info->code == TENON_OK) continue;
    fmt::print("{}refused: {}\n", *info->name ? fmt::format("{} ", info->name) : "", info->refusal);
  }
}

void PrintDevice(const tenon_device_info& device) {
  std::string peak;
  if (device.gflops > 0) peak += fmt::format(", {:g} GFLOP/s", device.gflops);
  if (device.gbytes > 0) peak += fmt::format(", {:g} GB/s", device.gbytes);
  fmt::print("  device   {} ({}{})\n", device.name,
             device.kind == TENON_DEVICE_HOST ? "host" : "accelerator", peak);
  for (uint32_t k = 0; k < device.memory_kind_count; ++k) {
    const tenon_memory_kind& kind = *device.memory_kinds[k];
    const bool any = kind.largest_allocation == UINT64_MAX;
    fmt::print("  memory   {}: alignment {}, {}\n", kind.name, kind.alignment,
               any ? "allocations of any size"
                   : "allocations up to " + Bytes(static_cast<double>(kind.largest_allocation)));
  }
}

void PrintLong(const tenon_backend_info& info) {
  if (info.code != TENON_OK) {
    fmt::print("{} refused: {}\n", *info.name ? info.name : info.library_path, info.refusal);
    return;
  }
  fmt::print("{} {}, {}\n  library  {}\n  abi      {}.{}\n", info.name, info.version, info.vendor,
             info.library_path, TENON_ABI_MAJOR, info.abi_minor);
  for (uint32_t i = 0; i < info.device_count; ++i) PrintDevice(*info.devices[i]);
  for (uint32_t i = 0; i < info.option_count; ++i) {
    const tenon_option& option = *info.options[i];
    fmt::print("  option   {}.{}={}  {}{}\n", info.name, option.name,
               option.default_value ? option.default_value : "",
               option.description ? option.description : "",
               option.choice_count ? fmt::format(" ({})", fmt::join(ChoicesOf(option), ", ")) : "");
  }
  if (info.compiles) fmt::print("  compiles segments\n");
  Table kernels({"kernel", "operator", "revisions", "types of input 0"}, "llll");
  for (uint32_t i = 0; i < info.kernel_count; ++i) {
    const tenon_kernel_descriptor& kernel = *info.kernels[i];
    const bool one = kernel.revision_min == kernel.revision_max;
    kernels.Add({kernel.name, QualifiedName(kernel.domain, kernel.op),
                 one ? fmt::format("{}", kernel.revision_min)
                     : fmt::format("{} to {}", kernel.revision_min, kernel.revision_max),
                 InputTypes(kernel)});
  }
  if (!kernels.empty()) fmt::print("{}", kernels.Text(2));
  for (uint32_t i = 0; i < info.left_out_count; ++i)
    fmt::print("  error    {}\n", info.left_out[i]);
}

int List(bool json, bool full) {
  const std::unique_ptr<Runtime> runtime = MakeRuntime(1, {}, true);
  const auto infos = runtime->backends();
  if (json) {
    Json out = {{"version", 1}, {"backends", Json::array()}};
    for (const tenon_backend_info* info : infos) out["backends"].push_back(ToJson(*info));
    PrintJson(out);
  } else if (full) {
    for (const tenon_backend_info* info : infos) PrintLong(*info);
  } else {
    PrintList(infos);
  }
  return kOk;
}

int Info(const std::string& file, bool json) {
  tenon_status status = tenon_backend_probe(file.c_str());
  if (status.code != TENON_OK) {
    const std::string why = tenon_status_message(status);
    tenon_status_release(status);
    const std::unique_ptr<Runtime> runtime = MakeRuntime(1, {}, true);
    for (const tenon_backend_info* known : runtime->backends()) {
      if (file == known->name)
        throw Failure(kUsage, fmt::format("{}: expected a file; did you mean '{}'?", file,
                                          known->library_path));
    }
    throw Failure(kBackendFailed, why);
  }
  RuntimeOptions options;
  options.discovery = TENON_DISCOVER_NONE;
  options.backend_files = {file};
  options.layers = {"validate"};
  options.backends_only = true;
  const Runtime runtime(std::move(options));
  for (const tenon_backend_info* info : runtime.backends()) {
    if (json)
      PrintJson(Json{{"version", 1}, {"backend", ToJson(*info)}});
    else
      PrintLong(*info);
    if (info->code != TENON_OK || info->left_out_count != 0) return kBackendFailed;
  }
  CheckViolations(runtime);
  return kOk;
}

}  // namespace

void AddBackends(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("backends", "Lists backends, or tells about one file");
  auto json = std::make_shared<bool>(false);
  auto full = std::make_shared<bool>(false);
  auto file = std::make_shared<std::string>();
  verb->add_flag("--json", *json, "Print JSON on stdout");
  verb->require_subcommand(0, 1);
  CLI::App* list = verb->add_subcommand("list", "Every backend that was found (the default)");
  list->add_flag("--json", *json, "Print JSON on stdout");
  list->add_flag("--long", *full, "Devices, memory kinds and options too");
  CLI::App* info = verb->add_subcommand("info",
                                        "Loads a file in a child process first, then under the "
                                        "validation layer; tells what it offers");
  info->add_option("file", *file, "Shared object or manifest")->required()->type_name("FILE");
  info->add_flag("--json", *json, "Print JSON on stdout");
  const auto make = AddBackendsNew(*verb);
  list->footer("Example: tenon backends list --long");
  info->footer("Example: tenon backends info lib/tenon/libtenon_simulator.so");
  verb->footer("Example: tenon backends info lib/tenon/libtenon_simulator.so");
  verb->callback([=, &action] {
    action = [=] {
      if (info->parsed()) return Info(*file, *json);
      return make->parsed() ? make->Run() : List(*json, *full);
    };
  });
}

}  // namespace tenon::tools
