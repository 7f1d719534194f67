#include "session_flags.h"

#include <fmt/format.h>
#include <unistd.h>

#include <map>

#include "input_spec.h"

namespace tenon::tools {
namespace {

const std::map<std::string, tenon_class> kNumerics = {
    {"strict", TENON_CLASS_STRICT}, {"standard", TENON_CLASS_STANDARD}, {"fast", TENON_CLASS_FAST}};

// An invalid argument is the model's (shapes that contradict each other) unless the user gave sizes or options.
[[noreturn]] void RethrowOpenError(const Error& error, bool model_stage, bool user_values) {
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
    case TENON_NOT_FOUND:
      throw Failure(model_stage ? kModelRejected : kUsage, error.what());
    default:
      throw Failure(kModelRejected, error.what());
  }
}

}  // namespace

void SessionFlags::AddTo(CLI::App& verb, bool with_inputs) {
  verb.add_option("model", model, "ONNX file")->required()->type_name("MODEL");
  verb.add_option("-b,--backends", backends,
                  "Backends in order of preference: a,b; a+b is one group decided by cost")
      ->type_name("LIST");
  verb.add_option("--set", settings, "Option of a backend: simulator.claim=seed:7")
      ->type_name("BACKEND.OPTION=VALUE")
      ->allow_extra_args(false);
  verb.add_option("--dim", dims, "Size of a symbolic dimension")
      ->type_name("NAME=V")
      ->allow_extra_args(false);
  verb.add_option("--class", numerics, "Numerics: strict, standard or fast")
      ->check(CLI::IsMember({"strict", "standard", "fast"}));
  verb.add_option("--budget", budget, "Most bytes that the session may ask for")
      ->type_name("BYTES");
  verb.add_option("--fallback", fallback,
                  "A node that the first backends don't take: report or forbid")
      ->check(CLI::IsMember({"report", "forbid"}));
  verb.add_flag("--json", json, "Print JSON on stdout");
  if (!with_inputs) return;
  verb.add_option("--input", inputs,
                  "@file.npy, @picture.png[:mean=..,scale=..,layout=..], zeros, "
                  "rand[:seed=N][:shape=..], raw:@file")
      ->type_name("NAME=SPEC")
      ->allow_extra_args(false);
}

std::unique_ptr<Runtime> MakeRuntime(uint32_t threads) {
  RuntimeOptions options;
  options.use_environment = true;
  options.threads = threads;
  options.log = [](tenon_log_level level, const char* message) {
    static const char* const kLevels[] = {"debug", "info", "warning", "error"};
    const std::string line =
        fmt::format("tenon: {}: {}\n", kLevels[level < 0 || level > 3 ? 3 : level], message);
    (void)!write(STDERR_FILENO, line.data(), line.size());
  };
  return std::make_unique<Runtime>(std::move(options));
}

OpenedSession Open(const SessionFlags& flags, tenon_session_flags stage_flags, uint32_t threads) {
  OpenedSession opened;
  threads = threads ? threads : flags.threads;
  opened.runtime = MakeRuntime(threads);
  SessionOptions options;
  options.backends = flags.backends;
  options.backend_options = flags.settings;
  options.numerics = kNumerics.at(flags.numerics);
  options.threads = threads;
  options.dims = flags.dims;
  options.fallback = flags.fallback == "forbid" ? TENON_FALLBACK_FORBID : TENON_FALLBACK_REPORT;
  options.budget_bytes = flags.budget;
  options.flags = stage_flags;
  bool model_stage = true;
  try {
    const Model model(*opened.runtime, flags.model);
    model_stage = false;
    opened.session = std::make_unique<Session>(model, options);
  } catch (const Error& error) {
    RethrowOpenError(error, model_stage, !flags.dims.empty() || !flags.settings.empty());
  }
  return opened;
}

std::vector<HostTensor> MakeInputs(const Session& session, const SessionFlags& flags) {
  std::vector<HostTensor> tensors;
  std::map<std::string, std::string> specs;
  for (const std::string& input : flags.inputs) {
    const size_t equals = input.find('=');
    if (equals == std::string::npos)
      throw Failure(kUsage, fmt::format("--input '{}': expected NAME=SPEC", input));
    specs[input.substr(0, equals)] = input.substr(equals + 1);
  }
  std::string names;
  for (const ValueInfo& input : session.inputs()) {
    const auto spec = specs.find(input.name);
    tensors.push_back(MakeInput(input, spec == specs.end() ? "rand" : spec->second, flags.dims));
    if (spec != specs.end()) specs.erase(spec);
    names += (names.empty() ? "" : ", ") + input.name;
  }
  if (!specs.empty()) {
    throw Failure(kUsage, fmt::format("the model has no input '{}'; its inputs are: {}",
                                      specs.begin()->first, names));
  }
  return tensors;
}

void CheckViolations(const Runtime& runtime) {
  const std::string violations = runtime.violations();
  if (!violations.empty()) throw Failure(kBackendFailed, "validate: " + violations);
}

void RethrowRunError(const Error& error) {
  throw Failure(error.code() == TENON_INVALID_ARGUMENT || error.code() == TENON_NOT_FOUND
                    ? kUsage
                    : kBackendFailed,
                error.what());
}

void ReportFallback(const Session& session) {
  size_t count = 0;
  std::map<std::string, size_t> where;
  for (const tenon_placement_row* row : session.placement()) {
    if (!row->fallback) continue;
    ++count;
    ++where[row->backend];
  }
  if (count == 0) return;
  std::string text;
  for (const auto& [backend, nodes] : where)
    text += fmt::format("{}{} on {}", text.empty() ? "" : ", ", nodes, backend);
  fmt::print(stderr, "tenon: fallback: {} of {} nodes ({}); tenon explain says why\n", count,
             session.placement().size(), text);
}

}  // namespace tenon::tools
