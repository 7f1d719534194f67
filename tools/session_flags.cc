#include "session_flags.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "checks.h"
#include "files.h"
#include "input_spec.h"
#include "nearest.h"

namespace tenon::tools {
namespace {

const std::map<std::string, tenon_class> kNumerics = {
    {"strict", TENON_CLASS_STRICT}, {"standard", TENON_CLASS_STANDARD}, {"fast", TENON_CLASS_FAST}};

// For CLI11: "" where the list is right.
std::string NamesEachOnce(const std::string& list) {
  std::set<std::string> names;
  for (const std::string& name : NamesIn(list)) {
    if (name.empty()) return "a name is missing in '" + list + "' (expected a,b+c)";
    if (!names.insert(name).second) return "'" + name + "' stands twice in '" + list + "'";
  }
  return "";
}

// NAME of NAME=SPEC: the longest of `names` that fits, since they may have a '=', too.
std::string NameIn(const std::string& input, const std::vector<std::string>& names) {
  const std::string* best = nullptr;
  for (const std::string& name : names) {
    const bool fits = input.starts_with(name) && input.substr(name.size(), 1) == "=";
    if (fits && (!best || name.size() > best->size())) best = &name;
  }
  if (best) return *best;
  const size_t equals = input.find('=');
  if (equals == std::string::npos)
    throw Failure(kUsage, fmt::format("--input '{}': expected NAME=SPEC", input));
  return input.substr(0, equals);
}

std::vector<std::string> InputNames(const Session& session) {
  std::vector<std::string> names;
  for (const ValueInfo& input : session.inputs()) names.push_back(input.name);
  return names;
}

}  // namespace

std::vector<std::string> NamesIn(const std::string& list) {
  std::vector<std::string> names;
  for (size_t begin = 0; !list.empty() && begin <= list.size(); begin += names.back().size() + 1)
    names.push_back(list.substr(begin, list.find_first_of(",+", begin) - begin));
  return names;
}

// An invalid argument is the model's (shapes that contradict each other) unless the user gave sizes or options.
void RethrowOpenError(const Error& error, bool model_stage, const SessionFlags& flags) {
  const bool user_values = !flags.dims.empty() || !flags.settings.empty();
  switch (error.code()) {
    case TENON_BUDGET_EXCEEDED:
    case TENON_OUT_OF_MEMORY:
    case TENON_DEVICE_LOST:
    case TENON_INTERNAL:
    case TENON_DEADLINE_EXCEEDED:
    case TENON_UNAVAILABLE:
    case TENON_INCOMPATIBLE:
      throw Failure(
          model_stage && error.code() == TENON_INCOMPATIBLE ? kModelRejected : kBackendFailed,
          error.what());
    case TENON_INVALID_ARGUMENT:
      throw Failure(model_stage || !user_values ? kModelRejected : kUsage, error.what());
    case TENON_UNSUPPORTED:  // by the model's import, or by the backends
      throw Failure(model_stage ? kModelRejected : kBackendFailed, error.what());
    case TENON_NOT_FOUND:
      throw Failure(model_stage ? kModelRejected : kUsage, error.what());
    default:
      throw Failure(kModelRejected, error.what());
  }
}

void SessionFlags::AddTo(CLI::App& verb, bool with_inputs) {
  verb.add_option("model", model, "ONNX file")->required()->type_name("MODEL");
  AddSessionTo(verb);
  if (!with_inputs) return;
  verb.add_option("--input", inputs,
                  "@file.npy, @file.pb, @picture.png[:mean=..,scale=..,layout=..], zeros, "
                  "rand[:seed=N][:shape=2x3], raw:@file")
      ->type_name("NAME=SPEC")
      ->allow_extra_args(false);
}

void SessionFlags::AddSessionTo(CLI::App& verb) {
  verb.add_option(
          "-b,--backends", backends,
          "Backends in order of preference: a,b; a+b is one group decided by cost. Default: "
          "all that compute on the host, as one group")
      ->type_name("LIST")
      ->check(NamesEachOnce);
  verb.add_option("--backend-file", backend_files,
                  "A backend's shared object or manifest, besides those that are found")
      ->type_name("FILE")
      ->allow_extra_args(false);
  verb.add_option("--set", settings, "Option of a backend: simulator.claim=seed:7")
      ->type_name("BACKEND.OPTION=VALUE")
      ->allow_extra_args(false);
  verb.add_option("--dim", dims, "Size of a symbolic dimension; x[0]=V where it has no name")
      ->type_name("NAME=V")
      ->allow_extra_args(false);
  verb.add_option("--class", numerics, "Numerics: strict, standard or fast")
      ->check(OneOf({"strict", "standard", "fast"}));
  verb.add_option("--budget", budget,
                  "Most bytes that the session may ask for: 64000000, 64MB, 64MiB")
      ->type_name("BYTES")
      ->transform(AsBytes());
  verb.add_option("--plan-cache", plan_cache, "Most bytes of plans kept for other shapes: 4MB")
      ->type_name("BYTES")
      ->transform(AsBytes());
  verb.add_option("--cache", cache,
                  "Folder that keeps what backends compile for the next load; default: nothing is "
                  "kept, or the environment's TENON_ARTIFACT_CACHE")
      ->type_name("DIR");
  verb.add_option("--fallback", fallback,
                  "A node that the first backends don't take: report or forbid")
      ->check(OneOf({"report", "forbid"}));
  verb.add_flag("--json", json, "Print JSON on stdout");
}

std::unique_ptr<Runtime> MakeRuntime(uint32_t threads, std::vector<std::string> backend_files,
                                     bool backends_only, std::string cache) {
  RuntimeOptions options;
  options.backends_only = backends_only;
  options.cache_directory = std::move(cache);
  options.backend_files = std::move(backend_files);
  options.use_environment = true;
  options.threads = threads;
  // What a layer does not check it says as information.
  if (std::getenv("TENON_LAYERS")) options.log_level = TENON_LOG_INFO;
  options.log = [](tenon_log_level level, const char* message) {
    static const char* const kLevels[] = {"debug", "info", "warning", "error"};
    const std::string line =
        fmt::format("tenon: {}: {}\n", kLevels[level < 0 || level > 3 ? 3 : level], message);
    (void)!write(STDERR_FILENO, line.data(), line.size());
  };
  const std::vector<std::string> files = options.backend_files;
  auto runtime = std::make_unique<Runtime>(std::move(options));
  if (files.empty()) return runtime;
  for (const tenon_backend_info* info : runtime->backends()) {
    const bool named = std::ranges::any_of(files, [&](const std::string& file) {
      const std::string path = std::filesystem::absolute(file).lexically_normal();
      return file == info->library_path || path == info->library_path ||
             path == info->manifest_path;
    });
    if (named && info->code != TENON_OK)
      throw Failure(kBackendFailed, fmt::format("--backend-file: {}", info->refusal));
  }
  return runtime;
}

SessionOptions OptionsOf(const SessionFlags& flags, tenon_session_flags stage_flags,
                         uint32_t threads) {
  SessionOptions options;
  options.backends = flags.backends;
  options.backend_options = flags.settings;
  options.numerics = kNumerics.at(flags.numerics);
  options.threads = threads ? threads : flags.threads;
  options.dims = flags.dims;
  options.fallback = flags.fallback == "forbid" ? TENON_FALLBACK_FORBID : TENON_FALLBACK_REPORT;
  options.budget_bytes = flags.budget;
  options.plan_cache_bytes = flags.plan_cache;
  options.flags = stage_flags;
  options.part_inputs = flags.part_inputs;
  options.part_outputs = flags.part_outputs;
  return options;
}

OpenedSession Open(const SessionFlags& flags, tenon_session_flags stage_flags, uint32_t threads) {
  OpenedSession opened;
  threads = threads ? threads : flags.threads;
  opened.runtime = MakeRuntime(threads, flags.backend_files, false, flags.cache);
  opened.session = OpenOn(*opened.runtime, flags, stage_flags, threads);
  return opened;
}

std::unique_ptr<Session> OpenOn(const Runtime& runtime, const SessionFlags& flags,
                                tenon_session_flags stage_flags, uint32_t threads) {
  bool model_stage = true;
  try {
    const Model model(runtime, flags.model);
    model_stage = false;
    return std::make_unique<Session>(model, OptionsOf(flags, stage_flags, threads));
  } catch (const Error& error) {
    RethrowOpenError(error, model_stage, flags);
  }
}

std::vector<HostTensor> MakeInputs(const Session& session, const SessionFlags& flags) {
  const std::vector<std::string> names = InputNames(session);
  std::map<std::string, std::string> specs;
  for (const std::string& input : flags.inputs) {
    const std::string name = NameIn(input, names);
    if (std::ranges::find(names, name) == names.end()) {
      throw Failure(kUsage, fmt::format("the model has no input '{}'{}; its inputs are: {}", name,
                                        DidYouMean(name, names), fmt::join(names, ", ")));
    }
    if (!specs.emplace(name, input.substr(name.size() + 1)).second)
      throw Failure(kUsage, fmt::format("--input {} is given twice", name));
  }
  std::vector<HostTensor> tensors;
  for (const ValueInfo& input : session.inputs()) {
    const auto spec = specs.find(input.name);
    tensors.push_back(MakeInput(input, spec == specs.end() ? "rand" : spec->second, flags.dims));
  }
  return tensors;
}

void CheckOutputs(const SessionFlags& flags, const std::vector<OutputFile>& outputs) {
  namespace fs = std::filesystem;
  const auto same = [](const std::string& a, const std::string& b) {
    std::error_code unknown;
    if (a.empty() || b.empty()) return false;
    const fs::path one = Resolved(a), other = Resolved(b);
    if (fs::exists(one, unknown) && !fs::is_regular_file(one, unknown)) return false;  // /dev/null
    return one == other || fs::equivalent(one, other, unknown);
  };
  std::vector<OutputFile> taken = {{"the model", flags.model}};
  for (const std::string& input : flags.inputs) {
    const size_t at = input.find('@');
    if (at == std::string::npos) continue;
    taken.push_back({"the file of an --input", input.substr(at + 1)});
    taken.push_back({"the file of an --input", input.substr(at + 1, input.rfind(':') - at - 1)});
  }
  for (const OutputFile& output : outputs) {
    for (const OutputFile& other : taken) {
      if (same(output.path, other.path))
        throw Failure(kUsage, fmt::format("{} {}: would overwrite {}", output.option, output.path,
                                          other.option));
    }
    taken.push_back(output);
  }
}

void CheckViolations(const Runtime& runtime) {
  const std::string violations = runtime.violations();
  if (violations.empty()) return;
  const std::string first = violations.substr(0, violations.find('\n'));
  const auto more = std::ranges::count(violations, '\n') - (violations.back() == '\n');
  throw Failure(kBackendFailed,
                fmt::format("validate: {}{}", first,
                            more > 0 ? fmt::format(" (and {} more in the log)", more) : ""));
}

void RethrowRunError(const Error& error, const Session& session, const SessionFlags& flags,
                     std::span<const HostTensor> inputs) {
  if (error.code() != TENON_INVALID_ARGUMENT && error.code() != TENON_NOT_FOUND)
    throw Failure(kBackendFailed, error.what());
  std::string open;
  const std::vector<ValueInfo> infos = session.inputs();
  const std::vector<std::string> names = InputNames(session);
  std::set<std::string> given;
  for (const std::string& input : flags.inputs) given.insert(NameIn(input, names));
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (given.contains(infos[i].name) ||
        std::ranges::none_of(infos[i].dims, [](int64_t dim) { return dim < 0; }))
      continue;
    open += fmt::format("{}{} as {}", open.empty() ? "" : ", ", infos[i].name,
                        Describe(inputs[i].dtype, inputs[i].dims));
  }
  if (!open.empty()) {
    open = fmt::format(
        " (it was given {}; --dim NAME=V and --input NAME=rand:shape=AxBxC choose "
        "open dimensions, which are 1 otherwise)",
        open);
  }
  throw Failure(kUsage, error.what() + open);
}

std::string FallbackOf(const Session& session) {
  size_t count = 0, nodes = 0;
  std::map<std::string, size_t> where;
  for (const tenon_placement_row* row : session.placement()) {
    nodes += *row->node != '\0';  // inserted copies and reorders have no name
    if (!row->fallback) continue;
    ++count;
    ++where[row->backend];
  }
  if (count == 0) return {};
  std::string text;
  for (const auto& [backend, on] : where)
    text += fmt::format("{}{} on {}", text.empty() ? "" : ", ", on, backend);
  return fmt::format("fallback: {} of {} nodes ({}); tenon explain says why", count, nodes, text);
}

void ReportFallback(const Session& session) {
  const std::string text = FallbackOf(session);
  if (!text.empty()) fmt::print(stderr, "tenon: {}\n", text);
}

}  // namespace tenon::tools
