#include "preparation.h"

#include <algorithm>

#include "expand_functions.h"
#include "part.h"
#include "tenon/passes/passes.h"

namespace tenon::session {

Result<UsedBackends> LoadBackends(Runtime& runtime, const SessionOptions& options) {
  UsedBackends used;
  if (options.backends.empty()) {
    used.groups = {runtime.DefaultGroup()};
    if (used.groups[0].empty()) {
      return Status(Code::kNotFound,
                    "there is no backend that runs on the host: " +
                        std::to_string(runtime.backends().size()) +
                        " were found, none was loaded; name one (-b), install one, or see "
                        "what TENON_BACKENDS_SELECT and TENON_BACKENDS_DISABLE leave out");
    }
  } else {
    TENON_ASSIGN(used.groups, ParseBackendList(options.backends));
  }
  std::map<std::string, BackendOptions> settings;
  for (const std::string& text : options.backend_options) {
    TENON_ASSIGN(BackendSetting setting, ParseBackendSetting(text));
    const bool known = std::ranges::any_of(used.groups, [&](const auto& group) {
      return std::ranges::find(group, setting.backend) != group.end();
    });
    if (!known) {
      std::string names;
      for (const auto& group : used.groups) {
        for (const std::string& name : group) names += (names.empty() ? "" : ", ") + name;
      }
      return Status(Code::kInvalidArgument, "backend option \"" + text +
                                                "\": the session does not use backend \"" +
                                                setting.backend + "\", only: " + names);
    }
    settings[setting.backend][setting.option] = setting.value;
  }
  std::vector<std::shared_ptr<backend::Backend>> all;
  for (const auto& group : used.groups) {
    used.list.groups.emplace_back();
    for (const std::string& name : group) {
      TENON_ASSIGN(auto backend, runtime.Load(name, settings[name], options.threads));
      used.list.groups.back().push_back(backend);
      all.push_back(std::move(backend));
    }
  }
  used.foreign = std::make_shared<ForeignOperators>(std::move(all));
  return used;
}

Status Optimise(const SessionOptions& options, const UsedBackends& used, graph::Graph* graph,
                const std::function<void(const char*, const graph::Graph&)>& keep) {
  if (keep) keep("imported", *graph);
  TENON_ASSIGN(const auto sizes, ParseDims(options.dims));
  if (!sizes.empty()) TENON_RETURN_IF_ERROR(passes::BindSymbols(*graph, sizes));
  passes::Options passing;
  passing.fold = options.fold;
  passing.foreign = used.foreign.get();
  std::function<void(const passes::Pass&, const graph::Graph&)> after;
  if (keep) {
    after = [&keep](const passes::Pass& pass, const graph::Graph& g) {
      if (pass.name == "canonicalise") keep("canonical", g);
    };
  }
  TENON_RETURN_IF_ERROR(passes::RunPipeline(*graph, passing, after));
  for (bool more = true; more;) {  // a body may have functions again
    TENON_ASSIGN(more, ExpandFunctions(*graph, used.list));
    if (more) TENON_RETURN_IF_ERROR(passes::RunPipeline(*graph, passing, {}));
  }
  TENON_RETURN_IF_ERROR(TakePart(options.part_inputs, options.part_outputs, graph));
  if (options.all_outputs) AddAllOutputs(graph);
  if (keep) keep("optimised", *graph);
  return Status();
}

}  // namespace tenon::session
