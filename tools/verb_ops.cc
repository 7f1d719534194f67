// tenon ops: the operators that Tenon knows, and who computes them.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "files.h"
#include "kernel_text.h"
#include "nearest.h"
#include "session_flags.h"
#include "table.h"
#include "verbs.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

struct OpsFlags {
  std::string name;
  std::vector<std::string> backend_files;
  bool json = false;
};

std::string NameOf(const Json& op) {
  return QualifiedName(op["domain"].get<std::string>(), op["name"].get<std::string>());
}

// Puts into each operator who computes it: the host, or kernels of backends.
void AddKernels(Json& operators, const Runtime& runtime) {
  for (Json& op : operators) op["kernels"] = Json::array();
  for (const tenon_backend_info* info : runtime.backends()) {
    for (uint32_t i = 0; i < info->kernel_count; ++i) {
      const tenon_kernel_descriptor& kernel = *info->kernels[i];
      const auto op = std::ranges::find_if(operators, [&](const Json& o) {
        return o["domain"] == kernel.domain && o["name"] == kernel.op;
      });
      if (op == operators.end()) continue;
      (*op)["kernels"].push_back({{"backend", info->name},
                                  {"kernel", kernel.name},
                                  {"revision_min", kernel.revision_min},
                                  {"revision_max", kernel.revision_max},
                                  {"types", InputTypes(kernel)}});
    }
  }
}

std::string BackendsOf(const Json& op) {
  if (op["host"]) return "the host itself";
  std::vector<std::string> names;
  for (const Json& kernel : op["kernels"]) {
    const auto name = kernel["backend"].get<std::string>();
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  if (names.empty()) return op["function"] ? "nobody: expanded by its function body" : "nobody";
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string RevisionsOf(const Json& op) {
  std::string text;
  for (const Json& revision : op["revisions"])
    text += fmt::format("{}{}", text.empty() ? "" : ", ", revision["revision"].get<int>());
  return text;
}

void PrintArguments(const char* title, const Json& arguments) {
  for (const Json& argument : arguments) {
    std::string types;
    for (const Json& json : argument["types"]) {
      auto type = json.get<std::string>();
      if (type.starts_with("tensor(")) type = type.substr(7, type.size() - 8);
      types += (types.empty() ? "" : " ") + type;
    }
    fmt::print("{:<9} {}{}  {}\n", title, argument["name"].get<std::string>(),
               argument["variadic"]   ? " ..."
               : argument["optional"] ? " (optional)"
                                      : "",
               types);
  }
}

void PrintOne(const Json& op) {
  fmt::print("{}\n", NameOf(op));
  for (const Json& revision : op["revisions"]) {
    const auto number = revision["revision"].get<int>(), since = revision["since_opset"].get<int>();
    fmt::print("revision  {}, {}{}\n", number,
               since == number || number > 1 ? fmt::format("from opset {}", since)
                                             : "from the oldest opset",
               number == op["revisions"][0]["revision"] ? ""
               : revision["to_previous"] ? "; nodes can be rewritten for the revision before"
                                         : "");
  }
  PrintArguments("input", op["inputs"]);
  PrintArguments("output", op["outputs"]);
  for (const Json& attribute : op["attributes"]) {
    const auto value = attribute["default"].get<std::string>();
    fmt::print("attribute {}: {}{}\n", attribute["name"].get<std::string>(),
               attribute["type"].get<std::string>(),
               attribute["required"] ? " (required)"
               : value.empty()       ? ""
                                     : " = " + value);
  }
  if (op["view"]) fmt::print("facts     a view: no bytes are moved\n");
  if (op["data_dependent"]) fmt::print("facts     the output's size depends on data\n");
  if (!op["deterministic"]) fmt::print("facts     random\n");
  if (op["function"]) fmt::print("facts     has a function body in ONNX\n");
  if (op["host"] || op["kernels"].empty()) fmt::print("kernel    {}\n", BackendsOf(op));
  for (const Json& kernel : op["kernels"]) {
    fmt::print("kernel    {}.{}: revisions {} to {}, {}\n", kernel["backend"].get<std::string>(),
               kernel["kernel"].get<std::string>(), kernel["revision_min"].get<uint32_t>(),
               kernel["revision_max"].get<uint32_t>(), kernel["types"].get<std::string>());
  }
}

int Ops(const OpsFlags& flags) {
  const std::unique_ptr<Runtime> runtime = MakeRuntime(1, flags.backend_files);
  Json all = Json::parse(Operators());
  Json& operators = all["operators"];
  std::sort(operators.begin(), operators.end(),
            [](const Json& a, const Json& b) { return NameOf(a) < NameOf(b); });
  AddKernels(operators, *runtime);
  if (!flags.name.empty()) {
    std::vector<std::string> names;
    Json chosen = Json::array();
    for (const Json& op : operators) {
      names.push_back(NameOf(op));
      if (flags.name == names.back() || flags.name == op["name"]) chosen.push_back(op);
    }
    if (chosen.empty())
      throw Failure(kUsage,
                    fmt::format("no operator '{}'{}", flags.name, DidYouMean(flags.name, names)));
    operators = std::move(chosen);
  }
  if (flags.json) {
    PrintJson(all);
  } else if (!flags.name.empty()) {
    for (const Json& op : operators) PrintOne(op);
  } else {
    Table table({"operator", "revisions", "computed by"}, "lll");
    for (const Json& op : operators) table.Add({NameOf(op), RevisionsOf(op), BackendsOf(op)});
    fmt::print("{}{} operators, opset 6 to {}\n", table.Text(), operators.size(),
               all["newest_opset"].get<int>());
  }
  return kOk;
}

}  // namespace

void AddOps(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("ops", "Lists the operators, and who computes them");
  auto flags = std::make_shared<OpsFlags>();
  verb->add_option("name", flags->name, "One operator: signature, revisions, kernels")
      ->type_name("NAME");
  verb->add_option("--backend-file", flags->backend_files,
                   "A backend's shared object or manifest, besides those that are found")
      ->type_name("FILE")
      ->allow_extra_args(false);
  verb->add_flag("--json", flags->json, "Print JSON on stdout");
  verb->footer("Example: tenon ops Resize");
  verb->callback([flags, &action] { action = [flags] { return Ops(*flags); }; });
}

}  // namespace tenon::tools
